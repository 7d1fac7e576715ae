import Glibc
import KilnDefinition
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage
import Testing

@Suite struct `What init writes` {
    @Test(arguments: ["bookworm", "trixie", "sid"])
    func `the definition is read, and the files it names are there`(codename: String) async throws {
        try await Sandbox.with { sandbox in
            let files = DefinitionTemplate(codename: codename).files
            for file in files { try sandbox.write(file.content, to: file.path, mode: file.mode) }
            let read = try DefinitionReader.read(file: sandbox.path.appending("kiln.yaml"))
            #expect(read.archives["debian"]?.suites == DefinitionTemplate(codename: codename).suites)
            #expect(read.fleets["hello"]?.instances == 2)
            for file in read.images.values.flatMap(\.files) {
                #expect(Files.exists(read.directory.pushing(file.source)), "\(file.source)")
            }
        }
    }

    @Test func `it is what it was`() throws {
        let files = DefinitionTemplate(codename: "bookworm").files
        #expect(files.map(\.path) == ["kiln.yaml", "app/server.py"])
        try Golden.expect(files[0].content, matches: Golden.directory().appending("template.yaml"))
    }

    @Test(.enabled(if: Files.exists("/usr/bin/python3"), "python3 is not installed"))
    func `the service is a program that Python takes`() async throws {
        try await Sandbox.with { sandbox in
            let server = try #require(DefinitionTemplate(codename: "bookworm").files.last)
            let file = try sandbox.write(server.content, to: "server.py")
            let check = "import ast, sys; ast.parse(open(sys.argv[1]).read())"
            try await ToolRunner().run(ToolInvocation("/usr/bin/python3", ["-c", check, file.string]))
        }
    }
}
