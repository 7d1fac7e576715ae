import KilnDefinition
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnBake

@Suite struct `The log of a layer that fails` {
    private static func log(_ sandbox: Sandbox) -> OutputLog {
        OutputLog(home: sandbox.home, image: "app", layer: 3, kind: .step)
    }

    /// As two processes that bake one image do.
    @Test func `is one run's own, whoever makes the layer at the same time`() async throws {
        try await Sandbox.with { sandbox in
            let path = sandbox.home.bakeLogs.appending("app-3-step.log")
            var first = try Self.log(sandbox).open()
            first.write("first")
            var second = try Self.log(sandbox).open()
            second.write("second")
            first.write("more of the first")
            #expect(first.keep() == path)
            // What it did well does not undo what the other one tells of.
            second.dropFormer()
            #expect(try Files.readText(path) == "first\nmore of the first\n")
        }
    }

    @Test func `goes when the layer is made, and with a run that keeps nothing`() async throws {
        try await Sandbox.with { sandbox in
            let folder = sandbox.home.bakeLogs
            func run(_ body: (inout OutputLog.Writer) -> Void) throws {
                var writer = try Self.log(sandbox).open()
                writer.write("text")
                body(&writer)
            }
            try run { _ = $0.keep() }
            #expect(try Files.list(folder) == ["app-3-step.log"])
            try run { _ in }
            #expect(try Files.list(folder) == ["app-3-step.log"])
            try run { $0.dropFormer() }
            #expect(try Files.list(folder) == [])
        }
    }
}
