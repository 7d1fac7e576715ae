import Glibc
import KilnDefinition
import KilnSystem
import SystemPackage

/// The whole output of a layer's commands, kept in the home for as long as the layer fails: one file for each layer of
/// each image, as many files as `kept`, each within `limit`.
///
/// Each run writes a file of its own, which takes the layer's name when the run failed: two processes that make one
/// layer do not write into each other's.
struct OutputLog: Sendable {
    private let home: KilnHome
    private let name: String

    private static let limit = 8 << 20
    private static let kept = 40

    /// `layer` is the layer's place in its image, from 1. Runs that prove something have a log beside the bake's.
    init(home: KilnHome, image: ImageName, layer: Int, kind: LayerKind, isProof: Bool = false) {
        self.home = home
        // A platform has slashes in it.
        let file = String(image.description.map { $0 == "/" ? "-" : $0 })
        name = "\(file)-\(layer)-\(kind.rawValue)\(isProof ? ".verify" : "").log"
    }

    func open() throws -> Writer {
        try home.makePrivate(home.bakeLogs)
        // Those of a home that was made for one bake are elsewhere.
        let folder = home.bakeLogs.resolved
        try prune(folder)
        let random = String(UInt64.random(in: .min ... .max), radix: 36)
        let own = folder.appending(".\(name).\(random)")
        let descriptor = Glibc.open(own.string, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw SystemError.last("create \(own)") }
        return Writer(descriptor: descriptor, own: own, path: folder.appending(name), room: Self.limit)
    }

    /// Makes room for one more, by dropping the oldest.
    private func prune(_ folder: FilePath) throws {
        let files = try Files.list(folder).filter { $0 != name }
            .map { folder.appending($0) }
            .sorted { (Files.facts($0)?.modified ?? 0) < (Files.facts($1)?.modified ?? 0) }
        for file in files.dropLast(Self.kept - 1) { try Files.remove(file) }
    }

    /// One run's. What it wrote goes with it unless it is kept.
    struct Writer: ~Copyable {
        private let descriptor: Int32
        /// Nobody else's.
        private let own: FilePath
        /// The layer's.
        private let path: FilePath
        /// What an earlier run left under the layer's name.
        private let former: FileFacts?
        private var room: Int

        fileprivate init(descriptor: Int32, own: FilePath, path: FilePath, room: Int) {
            self.descriptor = descriptor
            self.own = own
            self.path = path
            self.room = room
            former = Files.facts(path)
        }

        deinit {
            close(descriptor)
            unlink(own.string)
        }

        /// Gives it the layer's name, and tells where that is.
        mutating func keep() -> FilePath? {
            rename(own.string, path.string) == 0 ? path : nil
        }

        /// An earlier run's is out of date. One that another run has left since then stays.
        mutating func dropFormer() {
            if let former, Files.facts(path) == former { unlink(path.string) }
        }

        /// A full disk is the step's own trouble, and its log none.
        mutating func write(_ line: String) {
            guard room > 0 else { return }
            var bytes = Array((line + "\n").utf8)
            room -= bytes.count
            if room <= 0 { bytes += Array("… the rest was not kept\n".utf8) }
            _ = try? FileDescriptor(rawValue: descriptor).writeAll(bytes)
        }
    }
}

extension KilnHome {
    /// What the commands of failed layers printed.
    var bakeLogs: FilePath { root.appending("logs").appending("bake") }
}
