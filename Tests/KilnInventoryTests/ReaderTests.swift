import KilnAdvisories
import KilnInventory
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// What each reader makes of files as their tools write them.
@Suite struct `Readers of packages` {
    private func entries(_ files: [String: SampleFile]) async throws -> [InventoryEntry] {
        try await inventory(files).entries
    }

    private func inventory(_ files: [String: SampleFile]) async throws -> Inventory {
        try await Sandbox.with { sandbox in
            let root = sandbox.path.appending("root")
            try Samples.tree(files, at: root)
            return try await Inventory.read(.root(root), home: sandbox.home)
        }
    }

    @Test func `dpkg: what has left its configuration only is not there`() async throws {
        let status = """
            Package: gone
            Status: deinstall ok config-files
            Architecture: amd64
            Version: 1

            Package: half
            Status: install ok half-configured
            Architecture: all
            Source: whole (2:1.0)
            Version: 2:1.0+b1
            Description: x
             Package: not-a-field

            """
        let found = try await entries([
            "var/lib/dpkg/status": .text(status), "etc/os-release": .text(Samples.debian),
        ])
        #expect(found.map(\.package.name) == ["half"])
        #expect(found.first?.package.source == "whole")
        #expect(found.first?.package.sourceVersion == "2:1.0")
        #expect(
            found.first?.packageURL.description
                == "pkg:deb/debian/half@2:1.0%2Bb1?arch=all&distro=debian-12&upstream=whole%402:1.0"
        )
    }

    @Test func `dpkg: distroless images have a file for each package`() async throws {
        let found = try await inventory([
            "var/lib/dpkg/status.d/libc6": .text("Package: libc6\nVersion: 2.36-9\nArchitecture: amd64\n"),
            "var/lib/dpkg/status.d/libc6.md5sums": .text(
                "0123456789abcdef0123456789abcdef  lib/libc.so.6\n"
            ),
            "lib/libc.so.6": .text("x"),
            "lib/other": .text("x"),
        ])
        #expect(found.entries.map(\.package.name) == ["libc6"])
        #expect(found.unowned.map(\.path) == ["lib/other"])
    }

    @Test func `Debian's copyright files give licences`() async throws {
        let copyright = """
            Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

            Files: *
            License: GPL-2+
             This program is free software.
            Files: debian/*
            License: Expat

            License: GPL-2+
             text

            """
        let found = try await entries([
            "var/lib/dpkg/status": Samples.dpkg(("a", "1")),
            "usr/share/doc/a/copyright": .text(copyright),
        ])
        #expect(found.first?.licences == ["Expat", "GPL-2+"])
    }

    @Test func `apk: packages, their sources and their files`() async throws {
        let installed = """
            C:Q1abc=
            P:busybox-binsh
            V:1.36.1-r29
            A:x86_64
            L:GPL-2.0-only
            o:busybox
            F:bin
            R:sh

            P:musl
            V:1.2.5-r0
            A:x86_64
            o:musl

            """
        let found = try await inventory([
            "etc/os-release": .text("ID=alpine\nVERSION_ID=3.20.3\n"),
            "lib/apk/db/installed": .text(installed), "bin/sh": .text("x"),
        ])
        #expect(found.entries.map(\.package.name) == ["busybox-binsh", "musl"])
        #expect(found.entries.first?.package.source == "busybox")
        #expect(found.entries.first?.package.ecosystem == Ecosystem("Alpine:v3.20"))
        #expect(found.entries.first?.licences == ["GPL-2.0-only"])
        #expect(
            found.entries.first?.packageURL.description
                == "pkg:apk/alpine/busybox-binsh@1.36.1-r29?arch=x86_64&distro=alpine-3.20.3&upstream=busybox"
        )
        #expect(!found.unowned.map(\.path).contains("bin/sh"))
    }

    @Test func `Python: distributions of either form, and the distribution's own`() async throws {
        let site = "usr/lib/python3/dist-packages/"
        let found = try await inventory([
            "var/lib/dpkg/status": Samples.dpkg(("python3-six", "1.16.0-4")),
            "var/lib/dpkg/info/python3-six.list": .text("/.\n/\(site)six-1.16.0.egg-info/PKG-INFO\n"),
            "\(site)six-1.16.0.egg-info/PKG-INFO": .text(
                "Metadata-Version: 2.1\nName: six\nVersion: 1.16.0\nLicense: MIT\n\nName: no\n"
            ),
            "\(site)old.egg-info": .text("Name: Old.Thing\nVersion: 3\nLicense: UNKNOWN\n"),
            "opt/v/lib/Flask_Login-1.2.dist-info/METADATA": .text(
                """
                Metadata-Version: 2.1
                Name: Flask_Login
                Version: 1.2
                Classifier: License :: OSI Approved :: MIT License

                Body
                """
            ),
            "opt/v/lib/Flask_Login-1.2.dist-info/RECORD": .text("flask_login.py,sha256=x,1\n../bin/fl,,\n"),
            "opt/v/lib/flask_login.py": .text("x"),
            "opt/v/bin/fl": .text("x"),
            "opt/v/bin/mine": .text("x"),
        ])
        let python = found.entries.filter { $0.kind == .python }
        #expect(
            python.map(\.packageURL.description)
                == ["pkg:pypi/flask-login@1.2", "pkg:pypi/old-thing@3", "pkg:pypi/six@1.16.0"]
        )
        #expect(python.map(\.owner) == [nil, nil, "python3-six"])
        #expect(python.map(\.licences) == [["MIT License"], [], ["MIT"]])
        #expect(found.unowned.map(\.path) == ["opt/v/bin/mine"])
    }

    @Test func `Node: installed modules and nothing else`() async throws {
        let found = try await inventory([
            "app/package.json": .text(#"{"name": "app", "version": "1.0.0"}"#),
            "app/node_modules/left/package.json": .text(
                #"{"name": "left", "version": "1.0.0", "license": "MIT"}"#
            ),
            "app/node_modules/left/esm/package.json": .text(#"{"name": "esm", "version": "9"}"#),
            "app/node_modules/@s/right/package.json": .text(
                #"{"name": "@s/right", "version": "2.0.0", "licenses": [{"type": "ISC"}, "BSD-3-Clause"]}"#
            ),
            "app/node_modules/marked/package.json": .text(#"{"type": "module"}"#),
            "app/node_modules/broken/package.json": .text("{"),
        ])
        #expect(
            found.entries.map(\.packageURL.description)
                == ["pkg:npm/%40s/right@2.0.0", "pkg:npm/left@1.0.0"]
        )
        #expect(found.entries.map(\.licences) == [["BSD-3-Clause", "ISC"], ["MIT"]])
        #expect(found.notes.map(\.path) == ["app/node_modules/broken/package.json"])
        #expect(!found.unowned.map(\.path).contains("app/node_modules/left/esm/package.json"))
        #expect(found.unowned.map(\.path).contains("app/package.json"))
    }

    @Test func `Ruby and Swift: specifications and resolved packages`() async throws {
        let found = try await entries([
            "usr/lib/ruby/gems/3.1.0/specifications/rake-13.0.6.gemspec": .text(
                """
                # -*- encoding: utf-8 -*-
                Gem::Specification.new do |s|
                  s.name = "rake".freeze
                  s.version = "13.0.6"
                  s.licenses = ["MIT".freeze, "Ruby".freeze]
                end
                """
            ),
            "usr/share/foo.gemspec": .text(#"s.name = "no""#),
            "srv/Package.resolved": .text(
                """
                {"version": 2, "pins": [
                  {"identity": "swift-nio", "location": "https://github.com/apple/swift-nio.git",
                   "state": {"revision": "abc", "version": "2.1.0"}},
                  {"identity": "b", "location": "git@github.com:me/b.git", "state": {"revision": "def"}}]}
                """
            ),
            "old/Package.resolved": .text(
                """
                {"object": {"pins": [{"package": "Yams", "repositoryURL": "https://github.com/jpsim/Yams",
                  "state": {"branch": null, "version": "5.0.0"}}]}, "version": 1}
                """
            ),
        ])
        #expect(
            found.map(\.packageURL.description)
                == [
                    "pkg:gem/rake@13.0.6", "pkg:swift/github.com/apple/swift-nio@2.1.0",
                    "pkg:swift/github.com/jpsim/Yams@5.0.0", "pkg:swift/github.com/me/b@def",
                ]
        )
        #expect(found.first?.licences == ["MIT", "Ruby"])
    }

    @Test(.enabled(if: ExecutableSearch.find("jar") != nil, "needs a JDK"))
    func `Java: archives in archives, by Maven's properties or by manifest and name`() async throws {
        try await Sandbox.with { sandbox in
            let script = """
                set -e; cd \(sandbox.path); mkdir -p a/META-INF/maven/org.acme/core b root/opt c/BOOT-INF/lib c/WEB-INF
                printf 'groupId=org.acme\\nartifactId=core\\nversion=1.2.3\\n' > a/META-INF/maven/org.acme/core/pom.properties
                printf 'Bundle-SymbolicName: com.example.tool;singleton:=true\\nBundle-License: MIT\\n' > m
                jar cf core.jar -C a META-INF
                jar cfm tool-4.5-beta.jar m -C b .
                jar cf plain.jar -C b .
                cp core.jar tool-4.5-beta.jar c/BOOT-INF/lib
                (printf '#!/bin/sh\\nexit\\n'; jar c0f app.tmp -C c BOOT-INF; cat app.tmp) > root/opt/app.war
                cp plain.jar root/opt
                """
            try await ToolRunner().run(ToolInvocation("bash", ["-c", script]))
            let root = sandbox.path.appending("root")
            let found = try await Inventory.read(.root(root), home: sandbox.home)
            #expect(
                found.entries.map(\.packageURL.description)
                    == ["pkg:maven/com.example/tool@4.5-beta", "pkg:maven/org.acme/core@1.2.3"]
            )
            #expect(
                found.entries.last?.evidence.map(\.path) == ["opt/app.war:BOOT-INF/lib/core.jar"]
            )
            #expect(found.entries.first?.licences == ["MIT"])
            #expect(found.unowned.map(\.path) == ["opt/app.war", "opt/plain.jar"])
        }
    }

    @Test(arguments: [
        ("ID=debian\nVERSION_ID=\"13\"", "Debian:13"), ("ID=debian\nVERSION_CODENAME=trixie", "Debian:13"),
        ("ID=ubuntu\nVERSION_ID='24.04'", "Ubuntu:24.04"),
        ("ID=alpine\nVERSION_ID=3.21.0_alpha2", "Alpine:edge"),
        ("ID=wolfi\nVERSION_ID=20230201", "Wolfi"), ("ID=\"almalinux\"\nVERSION_ID=\"9.3\"", "AlmaLinux:9"),
        ("ID=void", "void"),
    ])
    func `a distribution is known by its os-release`(_ text: String, _ ecosystem: String) async throws {
        let found = try await inventory(["usr/lib/os-release": .text(text)])
        #expect(found.distribution?.ecosystem.description == ecosystem)
    }
}
