import ArgumentParser
import KilnDefinition
import KilnDiagnostics
import KilnSystem
import SystemPackage

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write a working definition to start from.",
        discussion: """
            Example:

              kiln init hello && cd hello && kiln lock && kiln bake && kiln deploy hello
            """
    )

    @Argument(help: "The folder; made when it is not there.")
    var directory = "."

    func run() async throws {
        let context = CommandContext.current
        let folder = FilePath(directory)
        let files = DefinitionTemplate(codename: Self.codename()).files
        let taken = files.filter { Files.exists(folder.pushing(FilePath($0.path))) }.map(\.path)
        guard taken.isEmpty else {
            throw DiagnosticFailure(
                Diagnostic(
                    code: "init.exists",
                    "\(directory) already has \(taken.joined(separator: ", "))",
                    hint: "give another folder: kiln init DIR",
                    exitStatus: .usage
                )
            )
        }
        for file in files {
            let path = folder.pushing(FilePath(file.path))
            try Files.createDirectory(path.removingLastComponent())
            try Files.write(file.content, to: path, mode: file.mode)
        }
        let enter = directory == "." ? "" : "cd \(directory), then "
        context.console.message("wrote \(files.map(\.path).joined(separator: ", "))")
        context.console.message("next: \(enter)kiln lock, kiln bake, kiln deploy hello")
    }

    /// The machine's Debian release (os-release(5)).
    private static func codename() -> String {
        let text = (try? Files.readText("/etc/os-release")) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix("VERSION_CODENAME=") }
        let name = line.map { $0.dropFirst("VERSION_CODENAME=".count).filter { $0 != "\"" } } ?? ""
        return name.isEmpty ? "bookworm" : String(name)
    }
}
