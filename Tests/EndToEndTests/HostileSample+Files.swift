extension HostileSample {
    /// Java archives.
    static let archives: [HostileSample] = [
        HostileSample(
            name: "jars in jars, sixty deep",
            target: "root:root",
            status: 0,
            says: "it lies too deep",
            script: """
                jar = zipped([(b"META-INF/maven/a/b/pom.properties", b"groupId=a\\nartifactId=b\\nversion=1\\n")], None)
                for _ in range(60): jar = zipped([(b"in.jar", jar)], None)
                root("app.jar", jar)
                root("var/lib/dpkg/status", GOOD)
                """
        ),
        HostileSample(
            name: "a jar of zeros, named five thousand times",
            target: "root:root",
            status: 0,
            says: "unpacks to too much; so were 4999 more not",
            script: """
                zipped([(b"in.jar", b"\\0" * (512 << 20))], "root/app.jar", 5000)
                root("var/lib/dpkg/status", GOOD)
                """
        ),
        HostileSample(
            name: "properties of a megabyte, named six thousand times",
            target: "root:root",
            status: 0,
            says: "pom.properties in it was not read",
            script: """
                zipped([(b"META-INF/maven/a/b/pom.properties", b"groupId=a\\n" + b"#" * 1000000)], "root/app.jar", 6000)
                root("var/lib/dpkg/status", GOOD)
                """
        ),
    ]

    /// What package managers and programs leave.
    static let databases: [HostileSample] = [
        HostileSample(
            name: "one line of 60 MiB",
            target: "root:root",
            status: 0,
            says: "names or versions that none has",
            holds: "pkg:deb/good@1",
            script:
                #"root("var/lib/dpkg/status", GOOD + b"Package: " + b"a" * (60 << 20) + b"\nVersion: 1\n\n")"#
        ),
        HostileSample(
            name: "more bytes than a database has",
            target: "root:root",
            status: 0,
            says: "more than such a file ever has",
            script:
                #"root("var/lib/dpkg/status", GOOD * 1000000); root("lib/apk/db/installed", b"P:a\nV:1\n\n")"#
        ),
        HostileSample(
            name: "three million packages",
            target: "root:root",
            status: 0,
            says: "more packages than are read",
            script: """
                root("var/lib/dpkg/status", b"Package:a\\nVersion:1\\n\\n" * 2900000)
                root("lib/apk/db/installed", b"P:a\\nV:1\\n\\n")
                """
        ),
        HostileSample(
            name: "fifteen million files of one package",
            target: "root:root",
            status: 0,
            says: "names more files than are read",
            script:
                #"root("lib/apk/db/installed", b"P:a\nV:1\n" + b"R:x\n" * 15000000); root("var/lib/dpkg/status", GOOD)"#
        ),
        HostileSample(
            name: "eight lists of a million files each",
            target: "archive:image.tar",
            status: 0,
            says: "tells of more than is kept",
            holds: "pkg:deb/good@1",
            script: """
                piece = b"/a\\n" * 1000000
                lists = b"".join(file(b"var/lib/dpkg/info/p%d.list" % i, piece) for i in range(8))
                tar = file(STATUS, GOOD) + lists + END
                image([(gzip.compress(tar, 1), hashlib.sha256(tar).hexdigest())])
                """
        ),
        HostileSample(
            name: "a database of SQLite that is cut off",
            target: "root:root",
            status: 0,
            says: "it is cut off",
            script: """
                import sqlite3
                base = sqlite3.connect("full")
                base.execute("create table Packages (hnum integer primary key, blob blob)")
                base.executemany("insert into Packages (blob) values (?)", [(b"x" * 10000,)] * 50)
                base.commit(); base.close()
                root("var/lib/rpm/rpmdb.sqlite", open("full", "rb").read()[:100000])
                root("var/lib/dpkg/status", GOOD)
                """
        ),
        HostileSample(
            name: "a program with four thousand sections of a name of a megabyte",
            target: "root:root",
            status: 0,
            says: "",
            script: """
                count = 4000
                elf = b"\\x7fELF\\x02\\x01\\x01" + b"\\0" * 9 + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 0, 64, 0, 64, 56, 0, 64, count, 0)
                section = struct.pack("<IIQQQQIIQQ", 0, 3, 0, 0, 64 + 64 * count, 1 << 20, 0, 0, 0, 0)
                root("usr/bin/program", elf + section * count + b"a" * (1 << 20))
                root("var/lib/dpkg/status", GOOD)
                """
        ),
        HostileSample(
            name: "crates that unpack to a gigabyte",
            target: "root:root",
            status: 0,
            says: "",
            script: """
                names, crates = b"\\0.dep-v0\\0.shstrtab\\0", zlib.compress(b" " * (1 << 30), 9)
                elf = b"\\x7fELF\\x02\\x01\\x01" + b"\\0" * 9 + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0, 0, 64, 0, 64, 56, 0, 64, 3, 2)
                def section(name, kind, place, size): return struct.pack("<IIQQQQIIQQ", name, kind, 0, 0, place, size, 0, 0, 0, 0)
                table = section(0, 0, 0, 0) + section(1, 1, 256, len(crates)) + section(9, 3, 256 + len(crates), len(names))
                root("usr/bin/program", elf + table + crates + names)
                root("var/lib/dpkg/status", GOOD)
                """
        ),
        HostileSample(
            name: "JSON that is nested without end",
            target: "root:root",
            status: 0,
            says: "too deep a nesting",
            script: """
                root("Package.resolved", b"[" * 1000000)
                root("app/node_modules/a/package.json", b'{"a":' * 1000000)
                root("var/lib/dpkg/status", GOOD)
                """
        ),
    ]
}
