import Glibc
import KilnArchive
import KilnBake
import KilnDefinition
import KilnLock
import KilnOCI
import KilnRegistry
import KilnStore
import KilnSystem
import KilnTestSupport
import OrderedCollections
import SystemPackage

/// A definition in a folder of its own, with a home to bake it in.
struct Bakery: Sendable {
    let folder: FilePath
    let home: KilnHome
    var definition: Definition

    init(_ folder: FilePath, home: KilnHome, compression: Compression = .zstd) throws {
        self.folder = folder
        self.home = home
        definition = Definition(compression: compression, directory: folder)
        try Files.createDirectory(folder)
    }

    /// Writes a source beside the definition.
    func write(_ text: String, to name: String, mode: UInt16 = 0o644) throws {
        let file = folder.pushing(FilePath(name))
        try Files.createDirectory(file.removingLastComponent())
        try Files.write(text, to: file, mode: mode)
    }

    func lock() async throws -> Lock {
        let encoder = EncoderName(LayerEncoding(definition.compression).encoderName)
        let locker = Locker(home: home, registry: RegistryClient(home: home))
        return try await locker.lock(definition, existing: nil, encoder: encoder).lock
    }

    func bake(_ names: [ImageName] = [], with lock: Lock? = nil) async throws -> [BakedImage] {
        let known: Lock
        if let lock { known = lock } else { known = try await self.lock() }
        return try await BakeExecutor(definition: definition, lock: known, home: home).bake(names)
    }

    func config(of image: BakedImage) throws -> ImageConfig {
        let store = ImageStore(home: home)
        return try store.config(try store.manifest(image.manifest.digest).value).value
    }

    /// What the image's layers show as one tree.
    func root(of image: BakedImage) throws -> RootIndex? {
        try LayerIndexes(home: home).root(of: image.layers.map(\.diffID))
    }

    /// What a bake may leave outside the store: nothing.
    var leftovers: [String] {
        get throws {
            try Files.list(home.scratch).filter { $0 != ".bake.lock" }
                + Files.list(home.runtime)
                + MountTable.current().under(home.root).map(\.target.string)
        }
    }
}

extension Bakery {
    /// `tools`: a root of busybox; `app` on it: a user, files and a step.
    static func withBusybox(
        _ folder: FilePath,
        home: KilnHome,
        compression: Compression = .zstd
    ) async throws -> Bakery {
        var bakery = try Bakery(folder, home: home, compression: compression)
        let bin = folder.appending("bin")
        try Files.createDirectory(bin)
        try await ToolRunner().run(ToolInvocation("cp", ["/bin/busybox", bin.string]))
        for name in ["sh", "ls", "cat", "mkdir", "cp", "rm", "sleep", "echo", "date", "touch", "mknod"] {
            symlink("busybox", bin.appending(name).string)
        }
        var tools = ImageDefinition(origin: .scratch)
        tools.files = [FileDefinition(source: "bin", target: "/bin")]
        tools.env = ["A": "tools"]
        var app = ImageDefinition(origin: .image("tools"))
        app.version = "1.2.3"
        app.users = [UserDefinition(name: "app", uid: 10001, home: "/srv")]
        app.files = [FileDefinition(source: "app", target: "/opt/app", owner: "app")]
        app.steps = [StepDefinition(run: "install.sh", inputs: ["data"])]
        app.entrypoint = ["/bin/sh"]
        app.user = "app"
        app.ports = ["http": 8080, "admin": 9000]
        app.stop = StopDefinition(signal: "QUIT", grace: .seconds(3))
        bakery.definition.images = ["tools": tools, "app": app]
        try bakery.write("one", to: "app/one")
        try bakery.write("two", to: "app/sub/two", mode: 0o755)
        try bakery.write("data", to: "data/file")
        try bakery.write(
            "mkdir -p /opt/made; cat /kiln/inputs/data/file > /opt/made/file\nrm /opt/app/one\n",
            to: "install.sh"
        )
        return bakery
    }
}
