import KilnDefinition
import OrderedCollections
import Testing

@Suite struct `Where packages come from` {
    @Test func `archives add up along a chain, pins of the nearer image come first`() throws {
        let read = try definition(
            """
            kiln: 1
            archives:
              debian: {suites: [bookworm, bookworm-backports]}
              internal: {suites: [stable], priority: 600}
              tools: {suites: [stable]}
            images:
              base: {from: archive:debian, pins: [{package: curl, suite: bookworm-backports}]}
              mid: {from: image:base, archives: [internal]}
              app: {from: image:mid, archives: [tools, internal], pins: [{package: curl, version: "8.*", priority: 1}]}
              bare: {from: scratch}
            """
        )
        #expect(read.archives(of: "base") == ["debian"])
        #expect(read.archives(of: "mid") == ["debian", "internal"])
        #expect(read.archives(of: "app") == ["debian", "internal", "tools"])
        #expect(read.archives(of: "bare").isEmpty)
        #expect(read.archives["internal"]?.priority == 600 && read.archives["debian"]?.priority == nil)
        #expect(read.pins(of: "app").map(\.target) == [.version("8.*"), .suite("bookworm-backports")])
        #expect(read.pins(of: "app").map(\.priority) == [1, 990])
    }

    @Test func `a profile and how far it goes are inherited`() throws {
        let read = try definition(
            """
            kiln: 1
            images:
              base: {from: scratch, profile: hardened, hardening: {keep_setuid: [/bin/su]}}
              app: {from: image:base}
              top: {from: image:app, hardening: {package_manager: remove}}
            """
        )
        #expect(read.resolvedImage("app").profile == .hardened)
        #expect(read.resolvedImage("app").hardening == HardeningDefinition(keptSetuid: ["/bin/su"]))
        #expect(read.resolvedImage("top").hardening == HardeningDefinition(packageManager: .remove))
    }
}
