import KilnOCI

/// A path at which two layers, or two trees, differ.
package struct PathDifference: Sendable, Hashable {
    /// One thing that differs, in words; nil where only the other side has it.
    package struct Change: Sendable, Hashable {
        package let what: String
        package let first: String?
        package let second: String?

        package init(_ what: String, _ first: String?, _ second: String?) {
            self.what = what
            self.first = first
            self.second = second
        }
    }

    package let path: String
    package let changes: [Change]
}

extension PathDifference {
    /// Two layers: what they hold, and what they take from those below.
    package static func between(_ first: LayerIndex, _ second: LayerIndex) -> [PathDifference] {
        let changes =
            compare(first.entries, second.entries)
            + compare("deletion", first.removed, second.removed)
            + compare("opaque folder", first.opaque, second.opaque)
        return changes.sorted { EntryPath.precedes($0.path, $1.path) }
    }

    /// What two stacks of layers show.
    package static func between(_ first: RootIndex, _ second: RootIndex) -> [PathDifference] {
        compare(first.entries, second.entries)
    }

    private static func compare(
        _ first: [LayerIndex.Entry],
        _ second: [LayerIndex.Entry]
    ) -> [PathDifference] {
        merge(first, second, path: \.path) { left, right in
            guard let left else { return [Change("entry", nil, right?.kindName)] }
            guard let right else { return [Change("entry", left.kindName, nil)] }
            return left == right ? [] : left.changes(to: right)
        }
    }

    private static func compare(_ what: String, _ first: [String], _ second: [String]) -> [PathDifference] {
        merge(first, second, path: \.self) { left, right in
            if left != nil, right != nil { return [] }
            return [Change(what, left.map { _ in "yes" }, right.map { _ in "yes" })]
        }
    }

    /// Walks two sorted lists at once.
    private static func merge<Item>(
        _ first: [Item],
        _ second: [Item],
        path: (Item) -> String,
        _ changes: (Item?, Item?) -> [Change]
    ) -> [PathDifference] {
        var result: [PathDifference] = []
        var left = first[...]
        var right = second[...]
        while let next = [left.first, right.first].compactMap({ $0 }).map(path).min(by: EntryPath.precedes) {
            func take(_ items: inout ArraySlice<Item>) -> Item? {
                guard let item = items.first, EntryPath.isSame(path(item), next) else { return nil }
                items.removeFirst()
                return item
            }
            let found = changes(take(&left), take(&right))
            if !found.isEmpty { result.append(PathDifference(path: next, changes: found)) }
        }
        return result
    }
}

extension LayerIndex.Entry {
    fileprivate var kindName: String {
        switch kind {
        case .file: "file"
        case .hardlink: "hard link"
        case .directory: "folder"
        case .symlink: "symbolic link"
        case .characterDevice: "character device"
        case .blockDevice: "block device"
        case .fifo: "pipe"
        }
    }

    private var target: String? {
        switch kind {
        case .hardlink(let target, _, _), .symlink(let target): target
        default: nil
        }
    }

    private var device: String? {
        switch kind {
        case .characterDevice(let major, let minor), .blockDevice(let major, let minor): "\(major):\(minor)"
        default: nil
        }
    }

    fileprivate func changes(to other: Self) -> [PathDifference.Change] {
        var changes: [PathDifference.Change] = []
        func compare(_ what: String, _ first: String?, _ second: String?) {
            if first != second { changes.append(PathDifference.Change(what, first, second)) }
        }
        compare("kind", kindName, other.kindName)
        compare("content", digest?.description, other.digest?.description)
        compare("size", digest.map { _ in String(size) }, other.digest.map { _ in String(other.size) })
        compare("target", target, other.target)
        compare("device", device, other.device)
        compare("mode", String(mode, radix: 8), String(other.mode, radix: 8))
        compare("owner", "\(uid):\(gid)", "\(other.uid):\(other.gid)")
        compare("time", String(mtime), String(other.mtime))
        for name in Set(xattrs.keys).union(other.xattrs.keys).sorted()
        where xattrs[name] != other.xattrs[name] {
            compare("attribute \(name)", xattrs[name].map(Self.shown), other.xattrs[name].map(Self.shown))
        }
        return changes
    }

    private static func shown(_ value: [UInt8]) -> String {
        value.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
