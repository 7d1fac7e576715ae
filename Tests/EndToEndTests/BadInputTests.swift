import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// What a person sees who does the wrong thing, word for word.
@Suite struct `Wrong input to the built kiln` {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let arguments: [String]
        let code: Int32
        var definition: String?
        var locks = false

        var testDescription: String { name }
    }

    static let scratch = "kiln: 1\nimages:\n  app: {from: scratch, files: [{source: page, target: /page}]}\n"
    static let fleet = scratch + "fleets:\n  web: {image: app}\n"

    static let cases = [
        Case(name: "unknown-command", arguments: ["deplyo", "web"], code: 2),
        Case(name: "far-command", arguments: ["frobnicate"], code: 2),
        Case(name: "missing-argument", arguments: ["deploy"], code: 2),
        Case(name: "unknown-option", arguments: ["bake", "--fast"], code: 2),
        Case(name: "bad-format", arguments: ["image", "list", "--format", "xml"], code: 2),
        Case(name: "bad-fleet-name", arguments: ["status", "Web!"], code: 2),
        Case(name: "negative-lines", arguments: ["logs", "web", "--last=-1"], code: 2),
        Case(name: "packages-without-update", arguments: ["lock", "openssl"], code: 2),
        Case(name: "no-definition", arguments: ["bake"], code: 2),
        Case(name: "no-lock", arguments: ["bake"], code: 2, definition: scratch),
        Case(name: "check-without-lock", arguments: ["check"], code: 2, definition: scratch),
        Case(name: "missing-source", arguments: ["bake"], code: 2, definition: scratch, locks: true),
        Case(name: "unknown-image", arguments: ["bake", "apq"], code: 2, definition: scratch, locks: true),
        Case(
            name: "unlocked-package",
            arguments: ["lock", "--update", "openssl"],
            code: 2,
            definition: scratch,
            locks: true
        ),
        Case(
            name: "unknown-fleet-in-definition",
            arguments: ["deploy", "wbe"],
            code: 2,
            definition: scratch
        ),
        Case(name: "image-not-in-store", arguments: ["image", "show", "app"], code: 2),
        Case(name: "remove-unknown-image", arguments: ["image", "remove", "0123456789ab"], code: 2),
        Case(name: "status-of-no-fleet", arguments: ["status", "web"], code: 2),
        Case(name: "rollback-of-no-fleet", arguments: ["rollback", "web"], code: 2),
        Case(name: "drift-of-no-fleet", arguments: ["drift", "web"], code: 2),
        Case(name: "init-over-files", arguments: ["init"], code: 2, definition: scratch),
    ]

    @Test(arguments: cases)
    func `is told with what, where and what to do next`(input: Case) async throws {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            if let definition = input.definition { try kiln.write(definition, to: "kiln.yaml") }
            if input.locks { try await kiln.succeed("lock") }
            let output = try await ToolRunner().runUnchecked(kiln.invocation(input.arguments))
            #expect(output.status == .exited(input.code))
            #expect(output.standardOutput.isEmpty)
            try Golden.expect(output.errorText, matches: Golden.directory().appending("\(input.name).txt"))
        }
    }
}
