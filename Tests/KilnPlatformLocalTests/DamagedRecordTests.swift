import Glibc
import KilnDefinition
import KilnDrift
import KilnFleet
import KilnOCI
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnPlatformLocal

@Suite(.serialized) struct `Damaged records` {
    @Test func `a damaged record is named with what to do`() async throws {
        try await Sandbox.with { sandbox in
            let file = try sandbox.write("{\"address\":", to: "network.json")
            let error = #expect(throws: LocalPlatformError.self) {
                try Record.read(NetworkRecord.self, from: file)
            }
            #expect(error?.message == "\(file) is damaged")
            #expect(error?.hint != nil)
        }
    }

    @Test(arguments: ["spec.json", "root.json", "process.json", "network.json"])
    func `an instance with one is found, blocks nobody and is replaced`(name: String) async throws {
        try await LocalFleet.with { fleet, _ in
            let other = try await fleet.start("aaaa", routed: true).spec.id
            let id = try await fleet.start("bbbb", routed: true).spec.id
            let file = fleet.paths.instance(id).directory.appending(name)
            let whole = try Files.readText(file)
            try Files.write(String(whole.prefix(whole.count / 2)), to: file)
            let drift = try await fleet.drift()
            #expect(drift.contains { $0.instance == id } || name == "network.json", "\(drift)")
            try await fleet.converge()
            #expect(try await fleet.get("/cgi-bin/name") == "\(other)\n 200")
            try await fleet.start("cccc", routed: true)
            try await fleet.platform.destroy("web-1-cccc", of: fleet.name, token: fleet.token)
            // The planner goes on with it as with one that was never made, or in part.
            try await fleet.platform.destroy(id, of: fleet.name, token: fleet.token)
            try await fleet.start("bbbb", routed: true)
            #expect(try await fleet.drift() == [])
        }
    }

    @Test func `an instance that runs without a readable spec is made anew`() async throws {
        try await LocalFleet.with { fleet, _ in
            let first = try await fleet.start("aaaa", routed: true)
            try Files.write("{", to: fleet.paths.instance(first.spec.id).spec)
            #expect(try await fleet.platform.observe(fleet.name).isEmpty)
            let second = try await fleet.start("aaaa", routed: true)
            #expect(second.process != first.process)
            #expect(try await fleet.get("/cgi-bin/name") == "web-1-aaaa\n 200")
        }
    }

    @Test func `a dead instance without a readable spec, and a folder that never got one, are removed`()
        async throws
    {
        try await LocalFleet.with { fleet, _ in
            let id = try await fleet.start("aaaa").spec.id
            let process = try #require(ProcessIdentity(pid: try await fleet.pid(of: id)))
            process.signal(SIGKILL)
            try await eventually("it is dead") { !process.isAlive }
            try Files.write("{", to: fleet.paths.instance(id).spec)
            let begun = fleet.paths.directory.appending("web-1-bbbb")
            let beingMade = fleet.paths.directory.appending("web-1-cccc")
            for (folder, pid) in [(begun, Int32.max), (beingMade, getpid())] {
                try Files.createDirectory(folder)
                try Files.write("{", to: folder.appending(".spec.json.\(pid).1.tmp"))
            }
            try await fleet.converge()
            #expect(!Files.exists(fleet.paths.instance(id).directory))
            #expect(!Files.exists(begun))
            #expect(Files.exists(beingMade), "its maker runs")
            try Files.remove(beingMade)
        }
    }

    @Test func `a configuration file of 1 MiB makes a spec of less than one and a half`() throws {
        let bytes = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        let file = ConfigFile(target: "/etc/big", userID: 1, groupID: 2, mode: 0o600, content: bytes)
        let content = ReleaseContent.sample { $0.files = [file] }
        let release = Release(fleet: "web", number: .init(rawValue: 1), content: content, created: 0)
        let spec = InstanceSpec(id: "web-1-aaaa", slot: 0, release: release)
        let encoded = try CanonicalJSON.encode(spec)
        #expect(encoded.count < 1_500_000)
        #expect(try CanonicalJSON.decode(InstanceSpec.self, from: encoded) == spec)
        let broken = #"{"target":"/x","userID":0,"groupID":0,"mode":0,"content":"not base64!"}"#
        #expect(throws: DecodingError.self) {
            try CanonicalJSON.decode(ConfigFile.self, from: Array(broken.utf8))
        }
    }
}
