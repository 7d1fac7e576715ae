import Glibc
import KilnSystem
import SystemPackage

/// Finds paths in an instance's root as a process inside would: symlinks, also absolute ones and `..`, stay inside.
///
/// The roots are sealed, so nothing changes between looking and using.
struct RootResolver: Sendable {
    let root: FilePath

    /// A path inside the root without symlinks, and what is there.
    struct Place: Hashable {
        /// Absolute, as seen inside.
        let path: FilePath
        let facts: FileFacts?
    }

    /// nil when the path goes through something that is no directory, or in circles.
    func resolve(_ path: FilePath, followingLast: Bool = true) -> Place? {
        var found: FilePath = "/"
        var rest = Array(path.components.reversed())
        var links = 0
        while let component = rest.popLast() {
            switch component.kind {
            case .currentDirectory: continue
            case .parentDirectory: found.removeLastComponent()
            case .regular:
                let next = found.appending(component)
                let facts = facts(next)
                if facts?.kind == .symlink, followingLast || !rest.isEmpty {
                    links += 1
                    guard links <= 40, let target = readLink(next) else { return nil }
                    if target.isAbsolute { found = "/" }
                    rest += target.components.reversed()
                } else {
                    if let facts, facts.kind != .directory, !rest.isEmpty { return nil }
                    found = next
                }
            }
        }
        return Place(path: found, facts: facts(found))
    }

    /// The file's text; nil when there is none.
    func text(_ path: FilePath) -> String? {
        guard let place = resolve(path), place.facts?.kind == .file else { return nil }
        return try? Files.readText(outside(place.path), limit: 4 << 20)
    }

    /// The file's bytes; nil when there is none.
    func bytes(_ path: FilePath) -> [UInt8]? {
        guard let place = resolve(path), place.facts?.kind == .file else { return nil }
        return try? Files.read(outside(place.path), limit: 16 << 20)
    }

    func facts(_ path: FilePath) -> FileFacts? {
        Files.facts(outside(path))
    }

    private func outside(_ path: FilePath) -> FilePath {
        var relative = path
        relative.root = nil
        return root.pushing(relative)
    }

    private func readLink(_ path: FilePath) -> FilePath? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink(outside(path).string, &buffer, buffer.count)
        guard count > 0 else { return nil }
        return FilePath(String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}
