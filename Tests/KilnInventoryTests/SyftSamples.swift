import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// A root with packages of one kind, and what syft says otherwise of it: each difference is a row of the guide's table.
struct SyftSample: Sendable, CustomTestStringConvertible {
    let name: String
    var needs: [String] = []
    /// Package URLs that only one of the two gives.
    var ours: Set<String> = []
    var theirs: Set<String> = []
    /// How the guide's rows about these differences begin.
    var rows: [String] = []
    let make: @Sendable (Sandbox) async throws -> FilePath

    var testDescription: String { name }
    var isPossible: Bool { needs.allSatisfy { ExecutableSearch.find($0) != nil } }

    static let all = [
        debian, alpine, python, node, ruby, swift, java, go, goWithoutModules, rust, program, severalPlaces,
    ]
    static let rpm = ["SQLite", "Berkeley DB", "SUSE's form"].map(database)

    private static func tree(
        _ name: String,
        rows: [String] = [],
        ours: Set<String> = [],
        theirs: Set<String> = [],
        _ files: [String: SampleFile]
    )
        -> SyftSample
    {
        var sample = SyftSample(name: name) { sandbox in
            let root = sandbox.path.appending("root")
            try Samples.tree(files, at: root)
            return root
        }
        sample.rows = rows
        sample.ours = ours
        sample.theirs = theirs
        return sample
    }

    static func script(_ name: String, needs: [String], _ script: String) -> SyftSample {
        var sample = SyftSample(name: name) { sandbox in
            let go = Peers.python("go").map { "\($0)/bin/go" } ?? "go"
            let head = "set -e; cd \(sandbox.path); mkdir -p root; export HOME=$PWD GO=\(go)\n"
            try await ToolRunner().run(ToolInvocation("bash", ["-c", head + script]))
            return sandbox.path.appending("root")
        }
        sample.needs = needs
        return sample
    }

    static let debian = SyftSample(name: "Debian") { sandbox in
        let root = sandbox.path.appending("root")
        let status = SampleFile.bytes(try Samples.fixture(Samples.server))
        try Samples.tree(["etc/os-release": .text(Samples.debian), "var/lib/dpkg/status": status], at: root)
        return root
    }

    /// Records as apk writes them.
    static let alpine = tree(
        "Alpine",
        [
            "etc/os-release": .text("NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=3.20.3\n"),
            "lib/apk/db/installed": .text(
                """
                C:Q1SHlHOFeiPtLCDvIrDWtbhlCY5zQ=
                P:alpine-baselayout-data
                V:3.6.5-r0
                A:x86_64
                S:11654
                I:77824
                T:Alpine base dir structure and init scripts
                U:https://git.alpinelinux.org/cgit/aports/tree/main/alpine-baselayout
                L:GPL-2.0-only
                o:alpine-baselayout
                m:Natanael Copa <ncopa@alpinelinux.org>
                t:1714981135
                c:66187892e05b03a41d08e9acabd19b7576a1c875
                r:alpine-baselayout
                q:1000
                F:etc
                R:fstab
                Z:Q11Q7hNe8QpDS531guqCdrXBzoA/o=
                R:group
                Z:Q12Otk4M39fP2Zjkobu0nC9FvlRI0=
                F:etc/profile.d

                C:Q1qKcZ+j23xssAXmgQhkOO8dHnbWw=
                P:busybox
                V:1.36.1-r29
                A:x86_64
                S:509600
                I:962560
                T:Size optimized toolbox of many common UNIX utilities
                L:GPL-2.0-only
                o:busybox
                t:1718052014
                D:so:libc.musl-x86_64.so.1
                p:/bin/sh cmd:busybox=1.36.1-r29
                i:busybox-binsh
                F:bin
                R:busybox
                a:0:0:755
                Z:Q1ZvQq1hXTeJNBBtN1a6rpGjrSaoo=

                C:Q1EDsGBbQlCA8VhUCBSdA0ZWO7/+0=
                P:libcrypto3
                V:3.3.2-r0
                A:x86_64
                L:Apache-2.0
                o:openssl
                F:usr/lib

                P:.build-deps
                V:20240601.120000
                A:noarch
                r:gcc

                """
            ),
        ]
    )

    static let python = tree(
        "Python",
        [
            "etc/os-release": .text(Samples.debian),
            "opt/v/lib/python3.11/site-packages/six-1.16.0.dist-info/METADATA": .text(
                "Metadata-Version: 2.1\nName: six\nVersion: 1.16.0\nLicense: MIT\n\nThe body\n"
            ),
            "opt/v/lib/python3.11/site-packages/six-1.16.0.dist-info/RECORD": .text("six.py,sha256=x,1\n"),
            "usr/lib/python3/dist-packages/Flask_Login-0.6.egg-info/PKG-INFO": .text(
                "Metadata-Version: 1.1\nName: Flask_Login\nVersion: 0.6\n"
            ),
        ]
    )

    static let node = tree(
        "Node",
        rows: ["a module's `package.json` outside"],
        theirs: ["pkg:npm/app@1.0.0", "pkg:npm/part@9.0.0"],
        [
            "app/package.json": .text(#"{"name": "app", "version": "1.0.0"}"#),
            "app/node_modules/left/package.json": .text(
                #"{"name": "left", "version": "1.0.0", "license": "MIT"}"#
            ),
            "app/node_modules/left/esm/package.json": .text(#"{"name": "part", "version": "9.0.0"}"#),
            "app/node_modules/@s/right/package.json": .text(#"{"name": "@s/right", "version": "2.0.0"}"#),
            "app/node_modules/left/node_modules/deep/package.json": .text(
                #"{"name": "deep", "version": "3.0.0-rc.1"}"#
            ),
        ]
    )

    static let ruby = tree(
        "Ruby",
        [
            "usr/lib/ruby/gems/3.1.0/specifications/rake-13.0.6.gemspec": .text(
                """
                # -*- encoding: utf-8 -*-
                # stub: rake 13.0.6 ruby lib

                Gem::Specification.new do |s|
                  s.name = "rake".freeze
                  s.version = "13.0.6"
                  s.licenses = ["MIT".freeze]
                end

                """
            ),
            "usr/lib/ruby/gems/3.1.0/specifications/default/json-2.6.1.gemspec": .text(
                """
                Gem::Specification.new do |s|
                  s.name = "json".freeze
                  s.version = "2.6.1"
                  s.licenses = ["Ruby".freeze]
                end

                """
            ),
        ]
    )

    static let swift = tree(
        "Swift",
        rows: ["`pkg:swift/"],
        ours: ["pkg:swift/github.com/apple/swift-nio@2.62.0", "pkg:swift/github.com/jpsim/Yams@5.0.6"],
        theirs: [
            "pkg:swift/github.com/apple/swift-nio.git/swift-nio@2.62.0",
            "pkg:swift/github.com/jpsim/Yams/yams@5.0.6",
        ],
        [
            "srv/Package.resolved": .text(
                """
                {
                  "originHash" : "5c0a5c2dd1b6b6c3a2b1a5b3e3ee6b8f",
                  "pins" : [
                    {"identity" : "swift-nio", "kind" : "remoteSourceControl",
                     "location" : "https://github.com/apple/swift-nio.git",
                     "state" : {"revision" : "702cd7c56d5d44eeba73fdf83918339b26dc855c", "version" : "2.62.0"}},
                    {"identity" : "yams", "kind" : "remoteSourceControl",
                     "location" : "https://github.com/jpsim/Yams",
                     "state" : {"revision" : "0d9ee7ea8c4ebd4a489ad7a73d5c6cad55d6fed3", "version" : "5.0.6"}}
                  ],
                  "version" : 3
                }
                """
            )
        ]
    )

    static let severalPlaces = tree(
        "Several places",
        rows: ["one entry for a package"],
        [
            "a/node_modules/left/package.json": .text(#"{"name": "left", "version": "1.0.0"}"#),
            "b/node_modules/left/package.json": .text(#"{"name": "left", "version": "1.0.0"}"#),
        ]
    )

    private static func database(_ form: String) -> SyftSample {
        var sample = SyftSample(name: "rpm in \(form)") { sandbox in
            switch form {
            case "SQLite": try await RPMFixture.root(in: sandbox)
            case "Berkeley DB": try await RPMFixture.berkeley(pageSize: 4096, order: 1234, in: sandbox)
            default: try await RPMFixture.slots(in: sandbox)
            }
        }
        sample.needs = ["rpmbuild", "gpg"] + (form == "Berkeley DB" ? ["db5.3_load"] : [])
        sample.theirs = ["pkg:rpm/rocky/gpg-pubkey?distro=rocky-9.4"]
        sample.rows = ["`gpg-pubkey`"]
        return sample
    }
}
