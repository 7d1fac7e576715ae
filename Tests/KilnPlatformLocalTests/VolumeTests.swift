import KilnDefinition
import KilnFleet
import KilnPlatformLocal
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.serialized) struct `Volumes of instances` {
    private static func state(_ access: StateDefinition.Access) -> (inout ReleaseContent) -> Void {
        { $0.state = [StateDefinition(path: "/data", kind: .volume("data", access))] }
    }

    @Test(arguments: ["0", ".0.new"])
    func `a symlink that an instance plants leads nowhere when a release gives each slot its own`(
        name: String
    ) async throws {
        try await LocalFleet.with { fleet, sandbox in
            let secret = try sandbox.write("secret", to: "host/secret").removingLastComponent()
            let first = try await fleet.start("aaaa", Self.state(.shared)).spec.id
            let planted = try await fleet.inside(
                first,
                "cd /data && /bin/busybox ln -s '\(secret)' '\(name)' && echo planted"
            )
            #expect(planted.text == "planted\n", "\(planted.errorText)")
            let second = try await fleet.start("bbbb", slot: 0, Self.state(.perSlot)).spec.id
            #expect(try await fleet.inside(second, "ls -a /data").text == ".\n..\n")
            #expect(Files.facts(secret)?.userID == 0)
            let slot = fleet.paths.volumes.appending("data.slots").appending("0")
            #expect(Files.facts(slot)?.userID == 1000)
        }
    }

    @Test(arguments: ["data", "data.slots", "data.slots/0", "data.slots/.0.new", ".data.new"])
    func `what is no folder is not given to an instance`(name: String) async throws {
        try await LocalFleet.with { fleet, sandbox in
            let elsewhere = try sandbox.write("x", to: "elsewhere/x").removingLastComponent()
            let link = fleet.paths.volumes.pushing(FilePath(name))
            try Files.createDirectory(link.removingLastComponent())
            let linking = ToolInvocation("ln", ["-s", elsewhere.string, link.string])
            try await ToolRunner().run(linking)
            let spec = fleet.spec("aaaa", Self.state(name.contains("slots") ? .perSlot : .shared))
            let error = await #expect(throws: LocalPlatformError.self) {
                try await fleet.platform.create(spec, token: fleet.token)
            }
            #expect(error?.message == "the volume \(link) is no folder")
            #expect(Files.facts(elsewhere)?.userID == 0)
        }
    }
}
