/// What a stack of layers shows as one tree.
package struct RootIndex: Sendable, Hashable {
    /// A folder before what is in it, names in it by their bytes.
    package let entries: [LayerIndex.Entry]
    private let captured: [String: [UInt8]]

    package static let empty = RootIndex(entries: [], captured: [:])

    /// Lays the layers over one another, the lowest first.
    package static func stacked(_ layers: [LayerIndex]) -> RootIndex {
        layers.reduce(.empty) { $0.covered(by: $1) }
    }

    /// What is at the path itself; symlinks on the way are not followed. A leading `/` is fine.
    package func lookup(_ path: String) -> LayerIndex.Entry? {
        entries.entry(at: EntryPath.components(path).joined(separator: "/"))
    }

    /// The names in a folder, sorted.
    package func children(of path: String) -> [LayerIndex.Entry] {
        let parent = EntryPath.components(path).joined(separator: "/")
        var result: [LayerIndex.Entry] = []
        var index = entries.position(of: parent)
        while index < entries.count, EntryPath.isAt(entries[index].path, orBelow: parent) {
            let entry = entries[index]
            if !entry.path.isEmpty, EntryPath.isSame(EntryPath.split(entry.path).parent, parent),
                !EntryPath.isSame(entry.path, parent)
            {
                result.append(entry)
            }
            index += 1
        }
        return result
    }

    /// Follows every symlink, as a process with this root would; nil when it ends nowhere, in a loop, or in a file's child.
    package func resolve(_ path: String) -> LayerIndex.Entry? {
        guard let real = realPath(path) else { return nil }
        return entries.entry(at: real)
    }

    /// Where the path leads once every symlink is followed. The last names may be missing from the tree.
    package func realPath(_ path: String) -> String? {
        var links = 0
        var pending = Array(EntryPath.components(path).reversed())
        var done: [String] = []
        while let name = pending.popLast() {
            switch name {
            case ".": continue
            case "..":
                done = Array(done.dropLast())
                continue
            default: break
            }
            let here = (done + [name]).joined(separator: "/")
            guard let entry = entries.entry(at: here) else {
                done.append(name)
                continue
            }
            switch entry.kind {
            case .symlink(let target):
                links += 1
                guard links <= 40 else { return nil }
                if target.utf8.first == UInt8(ascii: "/") { done = [] }
                pending += EntryPath.components(target).reversed()
            case .directory: done.append(name)
            default:
                guard pending.isEmpty else { return nil }
                done.append(name)
            }
        }
        return done.joined(separator: "/")
    }

    /// The content of an account file, such as `etc/passwd`, when a layer's index keeps it.
    package func content(of path: String) -> [UInt8]? {
        captured[path]
    }

    /// Merges two sorted lists; a layer's whiteouts concern what is below it only.
    private func covered(by layer: LayerIndex) -> RootIndex {
        var kept = Survivors(of: layer)
        var merged: [LayerIndex.Entry] = []
        merged.reserveCapacity(entries.count + layer.entries.count)
        var captured = captured
        var upper = layer.entries[...]
        for entry in entries {
            while let next = upper.first, EntryPath.precedes(next.path, entry.path) {
                merged.append(next)
                upper.removeFirst()
            }
            let isReplaced = upper.first.map { EntryPath.isSame($0.path, entry.path) } ?? false
            if !kept.keeps(entry.path) || isReplaced {
                captured[entry.path] = nil
            } else {
                merged.append(entry)
            }
        }
        merged += upper
        captured.merge(layer.captured) { $1 }
        return RootIndex(entries: merged, captured: captured)
    }
}

/// Says which lower paths a layer lets show; asked in sorted order.
private struct Survivors {
    /// Sorted: a path that hides what is below it in the tree, and perhaps itself.
    private var covers: ArraySlice<(path: String, hidesItself: Bool)>
    private var active: (path: String, hidesItself: Bool)?

    init(of layer: LayerIndex) {
        let whiteouts = layer.removed.map { (path: $0, hidesItself: true) }
        let opaque = layer.opaque.map { (path: $0, hidesItself: false) }
        let files = layer.entries.filter { !$0.isDirectory }.map { (path: $0.path, hidesItself: true) }
        covers = (whiteouts + opaque + files).sorted { EntryPath.precedes($0.path, $1.path) }[...]
    }

    mutating func keeps(_ path: String) -> Bool {
        if let active, EntryPath.isAt(path, orBelow: active.path) { return hidden(path, by: active) == false }
        while let next = covers.first, !EntryPath.precedes(path, next.path) {
            covers.removeFirst()
            guard EntryPath.isAt(path, orBelow: next.path) else { continue }
            active = next
            if hidden(path, by: next) { return false }
        }
        return true
    }

    private func hidden(_ path: String, by cover: (path: String, hidesItself: Bool)) -> Bool {
        cover.hidesItself || !EntryPath.isSame(path, cover.path)
    }
}
