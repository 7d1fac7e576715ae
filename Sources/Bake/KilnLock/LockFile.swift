import KilnDefinition
package import KilnDiagnostics
import KilnOCI
import KilnRegistry
import KilnSystem
import OrderedCollections
package import SystemPackage

/// `kiln.lock` as text: YAML in one fixed layout, one line per package, so that a diff shows what moved.
///
/// The same lock always gives the same bytes, and `parse` takes that layout only (comments and blank lines aside).
package enum LockFile {
    package static let name = "kiln.lock"
    static let formatVersion = 1

    package static func render(_ lock: Lock) -> String {
        var lines = [
            "# Written by `kiln lock`. Commit it; change it only through `kiln lock`.",
            "lock: \(formatVersion)",
            "encoder: \(LockScalar.render(lock.encoder.description))",
        ]
        if !lock.behaviours.isEmpty {
            lines.append("behaviour: [\(lock.behaviours.map(\.description).joined(separator: ", "))]")
        }
        lines.append(lock.images.isEmpty ? "images: {}" : "images:")
        for (name, image) in lock.images {
            lines.append("  \(LockScalar.render(name.description)):")
            lines += renderImage(image).map { "    " + $0 }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    package static func parse(_ source: SourceText) throws(LockError) -> Lock {
        var reader = try LockReader(source)
        return try reader.read()
    }

    /// nil when there is no such file. `name` is the path as the user would type it.
    package static func read(_ path: FilePath, name: String? = nil) throws -> Lock? {
        guard Files.exists(path) else { return nil }
        let text = try Files.readText(path, limit: LockReader.Limit.bytes)
        return try parse(SourceText(name: name ?? path.string, text: text))
    }

    /// The lock that a bake needs; its absence is an error that says what to run.
    package static func require(_ path: FilePath, name: String? = nil) throws -> Lock {
        if let lock = try read(path, name: name) { return lock }
        throw LockError(
            .absent,
            "there is no \(name ?? path.string): nothing says which packages to use",
            hint: "run: kiln lock",
            exitStatus: .usage
        )
    }

    /// Writes the file as a whole; false, with the file untouched, when it holds these bytes already. What could not be
    /// read again is not written.
    package static func write(_ lock: Lock, to path: FilePath) throws -> Bool {
        let text = render(lock)
        try checkReadable(text, at: path)
        if Files.exists(path), (try? Files.read(path, limit: LockReader.Limit.bytes)) == Array(text.utf8) {
            return false
        }
        try Files.write(text, to: path)
        return true
    }

    private static func checkReadable(_ text: String, at path: FilePath) throws(LockError) {
        do throws(LockError) {
            _ = try parse(SourceText(name: path.string, text: text))
        } catch {
            throw LockError(
                .unreadable,
                "what was resolved cannot be written as a lock",
                at: error.diagnostic.span,
                causes: [error.diagnostic.message],
                hint: "\(path) was left as it is: leave out the package or image that does not fit a lock"
            )
        }
    }

    private static func renderImage(_ image: LockedImage) -> [String] {
        var lines = ["request: \(image.request)", "epoch: \(image.epoch)"]
        if !image.asked.isEmpty {
            lines.append("asked: [\(image.asked.map(LockScalar.render).joined(separator: ", "))]")
        }
        if let tar = image.tar {
            let path = LockScalar.render(tar.path)
            let sha256 = LockScalar.render(tar.sha256.hex)
            lines.append("tar: {path: \(path), size: \(tar.size), sha256: \(sha256)}")
        }
        if let base = image.base {
            let name = LockScalar.render(base.image.description)
            let digests = [base.index.hex, base.digest.hex].map(LockScalar.render)
            lines.append(
                "base: {image: \(name), index: \(digests[0]), digest: \(digests[1]), size: \(base.size)}"
            )
        }
        if !image.downloads.isEmpty {
            lines.append("downloads:")
            lines += image.downloads.sorted(by: LockedDownload.precedes).map { "  - \($0.rendered)" }
        }
        if !image.packages.isEmpty {
            lines.append("packages:")
            lines += image.packages.sorted(by: LockedPackage.precedes).map { "  - \(renderPackage($0))" }
        }
        return lines
    }

    private static func renderPackage(_ package: LockedPackage) -> String {
        let fields = [
            ("package", LockScalar.render(package.name)),
            ("version", LockScalar.render(package.version)),
            ("arch", LockScalar.render(package.architecture)),
            ("archive", LockScalar.render(package.archive.description)),
            ("path", LockScalar.render(package.path)),
            ("size", String(package.size)),
            ("sha256", LockScalar.render(package.sha256.hex)),
        ]
        return "{" + fields.map { "\($0): \($1)" }.joined(separator: ", ") + "}"
    }
}

extension LockedPackage {
    /// The order in a lock: by name, then architecture, by their bytes.
    static func precedes(_ left: LockedPackage, _ right: LockedPackage) -> Bool {
        (left.name, left.architecture) < (right.name, right.architecture)
    }
}
