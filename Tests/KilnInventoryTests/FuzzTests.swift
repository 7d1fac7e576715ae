import KilnArchive
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnInventory

/// Every reader of text, on files that were changed at random. Those of rpm, Java and programs have suites of their own.
@Suite struct `Readers of damaged files` {
    private static let samples: [(path: String, text: String)] = [
        (
            "var/lib/dpkg/status",
            "Package: a\nStatus: install ok installed\nArchitecture: all\nSource: b (2)\nVersion: 1\nDescription: x\n y\n\nPackage: c\nVersion: 2\n\n"
        ),
        ("var/lib/dpkg/status.d/a", "Package: a\nVersion: 1\n"),
        ("var/lib/dpkg/info/a:amd64.list", "/.\n/usr\n/usr/bin/a\n"),
        ("var/lib/dpkg/status.d/a.md5sums", "0123456789abcdef0123456789abcdef  usr/bin/a\n"),
        (
            "usr/share/doc/a/copyright",
            "Format: x\n\nFiles: *\nLicense: MIT\n text\n .\n more\n\nLicense: GPL-2+\n"
        ),
        ("etc/os-release", "ID=debian\nNAME=\"a \\\"b\\\"\"\nVERSION_ID='12'\n# x\n"),
        ("lib/apk/db/installed", "C:Q1\nP:a\nV:1\nA:x\nL:MIT\no:b\nF:bin\nR:sh\nZ:Q1\n\nP:b\nV:2\n\n"),
        (
            "x.dist-info/METADATA",
            "Name: a\nVersion: 1\nLicense: MIT\nClassifier: License :: OSI Approved :: MIT\n\nbody\n"
        ),
        ("x.egg-info/PKG-INFO", "Name: a\nVersion: 1\n"),
        ("x/y.dist-info/RECORD", "a.py,sha256=x,1\n\"b,c.py\",,\n../../bin/a,,\n/abs,,\n"),
        (
            "node_modules/a/package.json",
            #"{"name": "a", "version": "1.0.0", "license": {"type": "MIT"}, "licenses": ["x"]}"#
        ),
        (
            "specifications/a-1.gemspec",
            "  s.name = \"a\".freeze\n  s.version = \"1\"\n  s.licenses = ['MIT']\n"
        ),
        (
            "Package.resolved",
            #"{"version": 2, "pins": [{"location": "git@a:b/c.git", "state": {"version": "1", "revision": null}}]}"#
        ),
    ]

    private static let marks = Array("\n\r\t :,\"'\\/{}[]=-.#\u{0}\u{7F}".utf8) + [0x80, 0xC3, 0xFF]

    /// Bytes replaced, put in, taken out and repeated.
    private func changed(_ bytes: [UInt8], _ numbers: inout SeededNumbers) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...8, using: &numbers) {
            let place = Int.random(in: 0...bytes.count, using: &numbers)
            let mark = Self.marks.randomElement(using: &numbers) ?? 0
            switch Int.random(in: 0..<5, using: &numbers) {
            case 0 where place < bytes.count: bytes[place] = mark
            case 1:
                bytes.insert(
                    contentsOf: Array(repeating: mark, count: Int.random(in: 1...3, using: &numbers)),
                    at: place
                )
            case 2: bytes.removeSubrange(place..<min(bytes.count, place + 7))
            case 3: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 30)], at: place)
            default: bytes.removeLast(min(bytes.count, Int.random(in: 0...20, using: &numbers)))
            }
        }
        return bytes
    }

    @Test(arguments: samples.map(\.path))
    func `end with facts or with a reason`(_ path: String) throws {
        let sample = try #require(Self.samples.first { $0.path == path })
        let interest = try #require(FileInterest(path))
        let spool = Spool(folder: "/tmp")
        func facts(_ bytes: [UInt8]) throws -> [FileRecord.Fact]? {
            var source = MemorySource(bytes)
            try spool.fill(from: &source, limit: 1 << 20)
            do throws(ReadProblem) { return try interest.read(spool, at: path) } catch {
                #expect(!error.text.isEmpty && error.text.utf8.count < 200)
                return nil
            }
        }
        let whole = try #require(try facts(Array(sample.text.utf8)))
        #expect(whole.contains { $0.weight > 0 })
        var numbers = SeededNumbers(UInt64(path.utf8.count) &* 977)
        for _ in 0..<500 {
            for fact in try facts(changed(Array(sample.text.utf8), &numbers)) ?? [] { _ = fact.weight }
        }
    }

    /// Each readers' list is whole: a kind of file that is added has to be damaged here, or in a suite of its own.
    @Test func `are all of them`() {
        let own: Set<String> = ["rpm", "rpmJournal", "java"]
        let here = Set(Self.samples.compactMap { FileInterest($0.path).map(Self.kind) })
        #expect(
            here.union(own) == [
                "osRelease", "dpkgStatus", "dpkgFiles", "copyright", "apk", "rpm", "rpmJournal",
                "pythonMetadata",
                "pythonRecord", "npm", "java", "gem", "swift",
            ]
        )
    }

    private static func kind(_ interest: FileInterest) -> String {
        String("\(interest)".prefix { $0 != "(" })
    }

    @Test func `archives of images end with an inventory or an error`() async throws {
        try await Sandbox.with { sandbox in
            let good = try Files.read(try await OldDockerArchive.make(in: sandbox.path))
            var numbers = SeededNumbers(5)
            var errors = 0
            for copy in 0..<80 {
                let file = sandbox.path.appending("copy\(copy).tar")
                try Files.write(Damage.damaged(good, keeping: 0, &numbers), to: file)
                do {
                    _ = try await Inventory.read(.archive(file), home: sandbox.home)
                } catch {
                    #expect(error is InventoryError || error is ArchiveError, "\(error)")
                    errors += 1
                }
            }
            #expect(errors > 20)
        }
    }
}
