import Glibc
import KilnSystem
package import SystemPackage

/// Turns a tree into a layer.
package enum LayerDiff {
    package enum Form: Sendable, Hashable {
        /// What the tree holds is what the layer holds.
        case plain
        /// The upper directory of an overlay mounted with `metacopy=off,redirect_dir=off`: its deletions become whiteouts.
        case overlayUpper
    }

    /// Adds everything below `tree`, in the order of `LayerIndex`, so that equal trees give equal tars.
    ///
    /// Owners are numbers, times are never after `epoch` nor within `made` (when the tree was written to, by whatever clock,
    /// which may be behind the epoch): they are the epoch then. Sockets are left out. Of the root itself an entry is made only
    /// when it is not `0755 root:root` or has attributes. `excluding` is asked with each path; a folder goes with all in it.
    /// Blocks: run it inside `Blocking.run`.
    package static func write(
        tree: FilePath,
        form: Form,
        epoch: Int64,
        made: [ClosedRange<Int64>] = [],
        excluding: @escaping (String) -> Bool = { _ in false },
        to writer: inout LayerWriter
    ) throws {
        let root = open(tree.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard root >= 0 else { throw SystemError.last("open \(tree)") }
        defer { close(root) }
        var walker = TreeWalker(root: tree, form: form, epoch: epoch, made: made, excluding: excluding)
        try walker.writeRoot(root, to: &writer)
    }
}

extension TarEntry {
    /// A root that goes without saying.
    var isPlainRoot: Bool { mode == 0o755 && uid == 0 && gid == 0 && xattrs.isEmpty }
}
