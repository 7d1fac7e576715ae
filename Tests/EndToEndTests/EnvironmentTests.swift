import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `Environments on the command line` {
    private static let definition = """
        kiln: 1
        vars: {conf: dev.conf}
        images:
          app: {from: scratch, files: [{source: page, target: /page}], entrypoint: [/page]}
        fleets:
          app: {image: app, config: {files: [{source: "${conf}", target: /etc/app.conf}]}}
        environments:
          prod: {vars: {conf: prod.conf}}
          test: {fleets: {app: {instances: 2}}}

        """

    @Test func `the files of every environment are looked for, or of the one that is named`() async throws {
        try await Sandbox.with { sandbox in
            var kiln = try KilnProcess(sandbox)
            try kiln.write(Self.definition, to: "kiln.yaml")
            try kiln.write("hello\n", to: "page")
            try kiln.write("dev\n", to: "dev.conf")
            try await kiln.succeed("lock")
            let all = try await kiln.run("check")
            #expect(all.code == 2 && all.messages.contains("there is no file or folder prod.conf"))
            #expect(all.messages.components(separatedBy: "there is no file") == 2)
            #expect(try await kiln.succeed("check", "-e", "test").messages.contains("2 environments"))
            kiln.environment["KILN_ENVIRONMENT"] = "prod"
            #expect(try await kiln.run("check").code == 2)
            try await kiln.succeed("check", "-e", "test")
            kiln.environment["KILN_ENVIRONMENT"] = "Prod!"
            let wrong = try await kiln.run("check")
            #expect(wrong.code == 2 && wrong.messages.contains("KILN_ENVIRONMENT is \"Prod!\""))
        }
    }

    @Test func `lock and bake are the same in all of them`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try KilnProcess(sandbox)
            try kiln.write(Self.definition, to: "kiln.yaml")
            try kiln.write("hello\n", to: "page")
            try await kiln.succeed("lock")
            let plain = try await kiln.succeed("bake").output
            #expect(try await kiln.succeed("lock", "-e", "prod").messages.contains("nothing moved"))
            #expect(try await kiln.succeed("bake", "-e", "prod").output == plain)
            let unknown = try await kiln.run("bake", "-e", "prd")
            #expect(unknown.code == 2)
            #expect(unknown.messages.contains("has no environment \"prd\""))
            #expect(unknown.messages.contains("did you mean \"prod\"?"))
        }
    }
}

extension String {
    /// How many pieces the separator leaves.
    fileprivate func components(separatedBy separator: String) -> Int {
        ranges(of: separator).count + 1
    }
}
