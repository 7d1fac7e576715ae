import KilnSystem
import KilnTestSupport
import SystemPackage

/// Databases of rpm's, each of the same two packages, `shop` with 300 files and `shop-tools`, and of a key.
enum RPMFixture {
    static let isPossible = ExecutableSearch.find("rpmbuild") != nil && ExecutableSearch.find("gpg") != nil
    static let isBerkeleyPossible = isPossible && ExecutableSearch.find("db5.3_load") != nil

    static let urls = ["shop", "shop-tools"].map { name in
        "pkg:rpm/rocky/\(name)@1.4-3?arch=noarch&distro=rocky-9.4&epoch=2&upstream=shop-1.4-3.src.rpm"
    }

    private static let spec = """
        Name: shop
        Epoch: 2
        Version: 1.4
        Release: 3
        Summary: x
        License: MIT and BSD
        BuildArch: noarch
        %description
        x
        %package tools
        Summary: y
        %description tools
        y
        %install
        mkdir -p %{buildroot}/opt/shop
        for i in $(seq 300); do echo $i > %{buildroot}/opt/shop/file-of-a-long-name-$i; done
        %files
        /opt/shop
        %files tools

        """

    /// A root that rpm installed the packages into.
    static func root(in sandbox: Sandbox) async throws -> FilePath {
        let file = try sandbox.write(spec, to: "shop.spec")
        let script = """
            set -e; cd \(sandbox.path); export GNUPGHOME=$PWD/gpg; mkdir -m 700 gpg
            rpmbuild -bb --define "_topdir $PWD/top" --define '_dbpath /none' \(file) >/dev/null 2>&1
            mkdir -p root/var/lib/rpm root/etc
            printf 'ID="rocky"\\nVERSION_ID="9.4"\\n' > root/etc/os-release
            rpm --root $PWD/root --dbpath /var/lib/rpm --initdb
            rpm --root $PWD/root --dbpath /var/lib/rpm -i --nodeps --noscripts top/RPMS/noarch/*.rpm
            gpg --batch --quiet --passphrase '' --quick-generate-key 'A <a@example.org>' rsa2048 sign never 2>/dev/null
            gpg --batch --armor --export > key.asc; gpgconf --kill all
            rpm --root $PWD/root --dbpath /var/lib/rpm --import key.asc
            """
        try await ToolRunner().run(ToolInvocation("bash", ["-c", script]))
        return sandbox.path.appending("root")
    }

    /// The same headers in a Berkeley DB hash, which Berkeley DB's own tool writes.
    static func berkeley(pageSize: Int, order: Int, in sandbox: Sandbox) async throws -> FilePath {
        let root = try await root(in: sandbox)
        let script = """
            import sqlite3, struct, sys
            size, order = sys.argv[1:]
            number = struct.Struct("<I" if order == "1234" else ">I").pack
            rows = sqlite3.connect("root/var/lib/rpm/rpmdb.sqlite").execute("select hnum, blob from Packages").fetchall()
            print(f"VERSION=3\\nformat=bytevalue\\ntype=hash\\ndb_lorder={order}\\ndb_pagesize={size}\\nHEADER=END")
            for key, value in [(0, number(max(rows)[0]))] + rows:
                print(" " + number(key).hex() + "\\n " + value.hex())
            print("DATA=END")
            """
        let shell = """
            set -e; cd \(sandbox.path)
            python3 - \(pageSize) \(order) <<'END' > dump
            \(script)
            END
            db5.3_load -f dump root/var/lib/rpm/Packages; rm root/var/lib/rpm/rpmdb.*
            """
        try await ToolRunner().run(ToolInvocation("bash", ["-c", shell]))
        return root
    }

    /// The same in rpm's own form: blocks of 16 bytes behind a page of slots.
    static func slots(in sandbox: Sandbox) async throws -> FilePath {
        let root = try await root(in: sandbox)
        let script = """
            import sqlite3, struct, zlib
            rows = sqlite3.connect("root/var/lib/rpm/rpmdb.sqlite").execute("select hnum, blob from Packages").fetchall()
            slots = struct.pack("<4sIIIIIII", b"RpmP", 0, 7, 1, max(rows)[0] + 1, 0, 0, 0)
            blobs = b""
            for key, value in rows:
                head = struct.pack("<4sIII", b"BlbS", key, 7, len(value))
                body = head + value
                body += b"\\0" * (-(len(body) + 12) % 16)
                body += struct.pack("<II4s", zlib.adler32(body), len(value), b"BlbE")
                slots += struct.pack("<4sIII", b"Slot", key, (4096 + len(blobs)) // 16, len(body) // 16)
                blobs += body
            slots += struct.pack("<4sIII", b"Slot", 0, 0, 0) * ((4096 - len(slots)) // 16)
            open("root/var/lib/rpm/Packages.db", "wb").write(slots + blobs)
            """
        let shell = """
            set -e; cd \(sandbox.path)
            python3 - <<'END'
            \(script)
            END
            rm root/var/lib/rpm/rpmdb.*
            """
        try await ToolRunner().run(ToolInvocation("bash", ["-c", shell]))
        return root
    }
}
