import KilnDefinition
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnBake

@Suite struct `The log of a layer that fails` {
    private static func log(_ sandbox: Sandbox, isProof: Bool = false) -> OutputLog {
        OutputLog(home: sandbox.home, image: "app", layer: 3, kind: .step, isProof: isProof)
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
            func run(_ isProof: Bool = false, _ body: (inout OutputLog.Writer) -> Void) throws {
                var writer = try Self.log(sandbox, isProof: isProof).open()
                writer.write("text")
                body(&writer)
            }
            try run { _ = $0.keep() }
            try run(true) { _ = $0.keep() }
            #expect(try Files.list(folder) == ["app-3-step.log", "app-3-step.verify.log"])
            try run { _ in }
            #expect(try Files.list(folder) == ["app-3-step.log", "app-3-step.verify.log"])
            try run { $0.dropFormer() }
            #expect(try Files.list(folder) == ["app-3-step.verify.log"])
        }
    }
}
