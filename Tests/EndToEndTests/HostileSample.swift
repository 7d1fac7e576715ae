import Testing

/// Something that was made to harm whoever reads it, and what becomes of that.
struct HostileSample: Sendable, CustomTestStringConvertible {
    let name: String
    /// What `kiln sbom` is given, in the folder that the script runs in.
    let target: String
    let status: Int32
    /// Part of what is said about it; empty where there is nothing to say.
    let says: String
    /// Part of the bill of materials.
    var holds = "bom-ref"
    /// Python that makes it, behind `prelude`.
    let script: String

    var testDescription: String { name }

    /// Layers and images by hand, since no tool makes such ones.
    static let prelude = """
        import gzip, hashlib, io, json, lzma, os, struct, tarfile, zlib

        def head(name, size=0, kind=b"0", link=b""):
            block = bytearray(512)
            def put(place, text): block[place:place + len(text)] = text
            put(0, name); put(100, b"0000644\\0"); put(108, b"0000000\\0"); put(116, b"0000000\\0")
            put(124, b"%011o\\0" % size if size < 8 << 30 else b"\\x80" + size.to_bytes(11, "big"))
            put(136, b"00000000000\\0"); put(148, b" " * 8); put(156, kind); put(157, link); put(257, b"ustar\\00000")
            put(148, b"%06o\\0 " % sum(block))
            return bytes(block)

        def file(name, content, kind=b"0"):
            return head(name, len(content), kind) + content + b"\\0" * (-len(content) % 512)

        def pax(path):
            text = b" path=" + path + b"\\n"
            size = len(text) + 1
            while len(b"%d" % size + text) != size: size = len(b"%d" % size + text)
            return file(b"x", b"%d" % size + text, b"x")

        END = b"\\0" * 1024

        def image(layers, out="image.tar", manifest=None):
            # Of each layer its blob, and the digest of what that unpacks to.
            config = json.dumps({"architecture": "amd64", "os": "linux", "config": {},
                "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digest for _, digest in layers]}}).encode()
            entries = [{"Config": "c.json", "RepoTags": ["shop:1"], "Layers": [f"{i}/layer.tar" for i in range(len(layers))]}]
            with open(out, "wb") as tar:
                tar.write(file(b"c.json", config) + file(b"manifest.json", manifest or json.dumps(entries).encode()))
                for i, (blob, _) in enumerate(layers): tar.write(file(b"%d/layer.tar" % i, blob))
                tar.write(END)

        def plain(content):
            return (content, hashlib.sha256(content).hexdigest())

        def packed(pieces):
            # One gzip stream of all, each piece (bytes, how often) compressed once.
            digest, blob = hashlib.sha256(), b""
            for content, times in pieces:
                member = gzip.compress(content, 6, mtime=0)
                for _ in range(times): digest.update(content)
                blob += member * times
            return (blob, digest.hexdigest())

        def zipped(members, name, repeats=1):
            # Each (name, content) is stored once, deflated, and named so often.
            body, directory, count = io.BytesIO(), io.BytesIO(), 0
            for path, content in members:
                deflater = zlib.compressobj(9, zlib.DEFLATED, -15)
                data = deflater.compress(content) + deflater.flush()
                facts = struct.pack("<IIIHH", zlib.crc32(content), len(data), len(content), len(path), 0)
                place = body.tell()
                body.write(struct.pack("<IHHHHH", 0x04034B50, 20, 0, 8, 0, 0) + facts + path + data)
                entry = struct.pack("<IHHHHHH", 0x02014B50, 20, 20, 0, 8, 0, 0) + facts + struct.pack("<HHHII", 0, 0, 0, 0, place) + path
                directory.write(entry * repeats)
                count += repeats
            start, size = body.tell(), directory.tell()
            # The count of a short directory has two bytes; longer ones are of the other form.
            tail = b""
            if count > 65535:
                tail = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, size, start)
                tail += struct.pack("<IIQI", 0x07064B50, 0, start + size, 1)
            tail += struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, min(count, 65535), min(count, 65535), size, start, 0)
            content = body.getvalue() + directory.getvalue() + tail
            if name is None: return content
            os.makedirs(os.path.dirname(name), exist_ok=True)
            open(name, "wb").write(content)

        def root(path, content):
            os.makedirs("root/" + os.path.dirname(path), exist_ok=True)
            open("root/" + path, "wb").write(content)

        GOOD = b"Package: good\\nStatus: install ok installed\\nArchitecture: amd64\\nVersion: 1\\n\\n"
        STATUS = b"var/lib/dpkg/status"

        """

    static let all = bombs + links + archives + databases
}

extension HostileSample {
    static let bombs: [HostileSample] = [
        HostileSample(
            name: "a gzip layer that becomes a thousand times as much",
            target: "archive:image.tar",
            status: 0,
            says: "",
            holds: "pkg:deb/good@1",
            script: """
                zeros = b"\\0" * (64 << 20)
                image([packed([(file(STATUS, GOOD) + head(b"zeros", 1 << 30), 1), (zeros, 16), (END, 1)])])
                """
        ),
        HostileSample(
            name: "a zstd layer that wants a window of 2 GiB",
            target: "archive:image.tar",
            status: 1,
            says: "memory",
            holds: "",
            script:
                #"image([(b"\x28\xb5\x2f\xfd\x00\xa8" + struct.pack("<I", 1 | 1 << 1 | 131072 << 3)[:3] + b"\0", "0" * 64)])"#
        ),
        HostileSample(
            name: "a zstd layer of blocks that say: so many zeros",
            target: "archive:image.tar",
            status: 1,
            says: "",
            holds: "",
            script: """
                block = struct.pack("<I", 1 << 1 | 131072 << 3)[:3] + b"\\0"
                image([(b"\\x28\\xb5\\x2f\\xfd\\x00\\x38" + block * 16384, "0" * 64)])
                """
        ),
        HostileSample(
            name: "an xz layer that wants a dictionary of 3 GiB",
            target: "archive:image.tar",
            status: 1,
            says: "dictionary",
            holds: "",
            script: """
                blob = bytearray(lzma.compress(b"a" * 5000))
                size = (blob[12] + 1) * 4
                blob[16] = 39
                blob[12 + size - 4:12 + size] = struct.pack("<I", zlib.crc32(blob[12:12 + size - 4]))
                image([(bytes(blob), "0" * 64)])
                """
        ),
        HostileSample(
            name: "an archive in gzip that unpacks without end",
            target: "archive:image.tar.gz",
            status: 1,
            says: "expansion",
            holds: "",
            script: """
                zeros = gzip.compress(b"\\0" * (64 << 20), 6)
                open("image.tar.gz", "wb").write(gzip.compress(head(b"zeros", 1 << 40)) + zeros * 64)
                """
        ),
        HostileSample(
            name: "two hundred thousand empty files",
            target: "archive:image.tar",
            status: 0,
            says: "",
            holds: "pkg:deb/good@1",
            script: """
                template = bytearray(head(b"d/0000000"))
                def entry(i):
                    template[2:9] = b"%07d" % i
                    template[148:156] = b" " * 8
                    template[148:155] = b"%06o\\0" % sum(template)
                    return bytes(template)
                tar = file(STATUS, GOOD) + b"".join(map(entry, range(200000))) + END
                image([(gzip.compress(tar, 1), hashlib.sha256(tar).hexdigest())])
                """
        ),
        HostileSample(
            name: "paths that are long and nearly the same",
            target: "archive:image.tar",
            status: 0,
            says: "files more than are kept",
            holds: "pkg:deb/good@1",
            script: """
                folder = b"/".join([b"x" * 40] * 97) + b"/"
                tar = file(STATUS, GOOD) + b"".join(pax(folder + b"%06d" % i) + head(b"x") for i in range(40000)) + END
                image([(gzip.compress(tar, 1), hashlib.sha256(tar).hexdigest())])
                """
        ),
    ]

    static let links: [HostileSample] = [
        HostileSample(
            name: "links that lead out of the root",
            target: "archive:image.tar",
            status: 0,
            says: "",
            holds: "\"components\" : [\n\n  ]",
            script: """
                tar = head(b"var/lib/dpkg/status", 0, b"2", b"/var/lib/dpkg/status")
                tar += head(b"etc", 0, b"2", b"../../../../../../etc") + head(b"lib/apk/db/installed", 0, b"1", b"var/lib/dpkg/status")
                image([plain(tar + END)])
                """
        ),
        HostileSample(
            name: "a device where the database should be",
            target: "archive:image.tar",
            status: 0,
            says: "",
            holds: "\"components\" : [\n\n  ]",
            script:
                #"image([plain(head(STATUS, 0, b"3") + head(b"etc/os-release", 0, b"4") + head(b"a.jar", 0, b"6") + END)])"#
        ),
        HostileSample(
            name: "a name that climbs out",
            target: "archive:image.tar",
            status: 1,
            says: "..",
            holds: "",
            script: #"image([plain(file(b"../../../tmp/owned", b"x") + END)])"#
        ),
        HostileSample(
            name: "a layer that is a link to itself",
            target: "archive:image.tar",
            status: 1,
            says: "layer 0/layer.tar is missing",
            holds: "",
            script: """
                image([plain(END)], "inner.tar")
                inner = open("inner.tar", "rb").read()
                place = inner.index(b"0/layer.tar\\0")
                open("image.tar", "wb").write(inner[:place] + head(b"0/layer.tar", 0, b"2", b"layer.tar") + END)
                """
        ),
        HostileSample(
            name: "a manifest of 20 MiB",
            target: "archive:image.tar",
            status: 1,
            says: "image",
            holds: "",
            script: #"image([plain(END)], manifest=b"[" * (20 << 20))"#
        ),
        HostileSample(
            name: "a manifest that is a hundred thousand brackets",
            target: "archive:image.tar",
            status: 1,
            says: "image",
            holds: "",
            script: #"image([plain(END)], manifest=b"[" * 100000)"#
        ),
    ]
}
