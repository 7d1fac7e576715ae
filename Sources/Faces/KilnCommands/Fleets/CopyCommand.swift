import ArgumentParser
import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnPlatformLocal
import KilnSystem
import SystemPackage

struct CopyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cp",
        abstract: "Copy a file or a folder out of a running instance.",
        discussion: """
            Out only: nothing is ever put into an instance. Reads the instance's root from outside and runs nothing in it, so it \
            may serve meanwhile. Links are copied as links, modes without setuid, and the copy belongs to whoever runs the \
            command. Secrets, devices, sockets, pipes and what the kernel shows as files are left out and named.

            Examples:

              kiln cp shop-4-ab12:/var/lib/shop/dump.hprof .
              kiln cp shop/shop-4-a:/etc/shop shop-config
            """
    )

    @Argument(help: "What to copy: [FLEET/]INSTANCE:PATH; the beginning of an instance's name will do.")
    var source: String

    @Argument(help: "Where to: a folder, or the path of the copy.")
    var destination: String

    func run() async throws {
        let place = try Self.parse(source, destination)
        let context = CommandContext.current
        let fleets = try FleetContext(context)
        var known: [(fleet: FleetName, id: InstanceID)] = []
        for fleet in try await fleets.names(place.fleet) {
            known += try await fleets.reader.instances(of: fleet).map { (fleet, $0) }
        }
        let (fleet, instance) = try place.resolve(among: known)
        let name = place.path.lexicallyNormalized().lastComponent?.string ?? instance.description
        let target = try Self.target(destination, for: name)
        let (left, isCopied) = try await TemporaryDirectory.with(
            in: target.removingLastComponent(),
            prefix: ".kiln-cp-"
        ) { folder in
            let copy = folder.appending("copy")
            let left = try await fleets.platform.copy(
                place.path,
                of: instance,
                in: fleet,
                to: copy,
                owner: Self.owner(context)
            )
            let isCopied = Files.facts(copy) != nil
            if isCopied { try Self.place(copy, at: target) }
            return (left, isCopied)
        }
        for omission in left {
            context.console.message(
                "\(ShownText.line(omission.path.string)) is \(omission.reason.rawValue): left out"
            )
        }
        guard isCopied else {
            throw DiagnosticFailure(
                Diagnostic(code: "copy.nothing", "nothing of \(place.path) was copied", exitStatus: .failed)
            )
        }
    }

    private static func parse(_ source: String, _ destination: String) throws -> InstancePlace {
        if let place = InstancePlace(source) { return place }
        if InstancePlace(destination) != nil {
            throw usage(
                "nothing is copied into an instance: what runs is never changed",
                hint: "put the file into the image or the fleet's configuration, and deploy a new release"
            )
        }
        throw usage(
            "\(ShownText.line(source)) names no path in an instance",
            hint: "[FLEET/]INSTANCE:PATH with an absolute path, such as shop-4-ab12:/etc/shop"
        )
    }

    /// Into a folder under the source's own name, else as it is called. A folder never takes a place that is taken.
    static func target(_ destination: String, for name: String) throws -> FilePath {
        guard destination != "-" else {
            throw usage("a copy is not written to the standard output", hint: "name a folder or a path")
        }
        let base = FilePath(destination).absolute
        if Files.facts(base, followingSymlinks: true)?.kind == .directory { return base.appending(name) }
        let folder = base.removingLastComponent()
        guard !destination.hasSuffix("/"), Files.facts(folder, followingSymlinks: true)?.kind == .directory
        else {
            throw usage("there is no folder \(destination.hasSuffix("/") ? base : folder)", hint: nil)
        }
        return base
    }

    /// All of it, or nothing. A file takes the place of a file, as with cp.
    private static func place(_ copy: FilePath, at target: FilePath) throws {
        let (new, old) = (Files.facts(copy)?.kind, Files.facts(target)?.kind)
        guard old == nil || (new != .directory && old != .directory) else {
            throw usage("\(target) is there already", hint: "name a path that does not exist, or remove it")
        }
        try Files.rename(copy, to: target)
    }

    /// Whoever stands behind sudo; nil where that is who the process runs as.
    private static func owner(_ context: CommandContext) -> FileOwner? {
        guard let user = context.environment["SUDO_UID"].flatMap(UInt32.init),
            let group = context.environment["SUDO_GID"].flatMap(UInt32.init)
        else { return nil }
        return FileOwner(userID: user, groupID: group)
    }

    private static func usage(_ message: String, hint: String?) -> DiagnosticFailure {
        DiagnosticFailure(Diagnostic(code: "usage.copy", message, hint: hint, exitStatus: .usage))
    }
}
