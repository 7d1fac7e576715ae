import Glibc
import KilnDefinition
import KilnSystem
import SystemPackage

/// The whole output of a layer's commands, kept in the home for as long as the layer fails: one file for each layer of
/// each image, as many files as `kept`, each within `limit`.
struct OutputLog: Sendable {
    private let home: KilnHome
    private let name: String

    private static let limit = 8 << 20
    private static let kept = 40

    /// `layer` is the layer's place in its image, from 1.
    init(home: KilnHome, image: ImageName, layer: Int, kind: LayerKind) {
        self.home = home
        // A platform has slashes in it.
        let file = String(image.description.map { $0 == "/" ? "-" : $0 })
        name = "\(file)-\(layer)-\(kind.rawValue).log"
    }

    var path: FilePath { home.bakeLogs.appending(name) }

    /// Nothing failed here any more.
    func remove() {
        unlink(path.string)
    }

    func open() throws -> Writer {
        try home.makePrivate(home.bakeLogs)
        try prune()
        let descriptor = Glibc.open(path.string, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw SystemError.last("create \(path)") }
        return Writer(descriptor: descriptor, room: Self.limit)
    }

    /// Makes room for one more, by dropping the oldest.
    private func prune() throws {
        let files = try Files.list(home.bakeLogs).filter { $0 != name }
            .map { home.bakeLogs.appending($0) }
            .sorted { (Files.facts($0)?.modified ?? 0) < (Files.facts($1)?.modified ?? 0) }
        for file in files.dropLast(Self.kept - 1) { try Files.remove(file) }
    }

    struct Writer: ~Copyable {
        private let descriptor: Int32
        private var room: Int

        fileprivate init(descriptor: Int32, room: Int) {
            self.descriptor = descriptor
            self.room = room
        }

        deinit { close(descriptor) }

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
