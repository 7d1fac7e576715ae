import KilnArchive

/// Where something is copied to. What is copied stays a tree, in whatever order an archive has its names: nothing lies below a link,
/// and no link takes the place of a folder.
struct CopiedPlaces: Sendable {
    private var links: Set<String> = []
    /// Folders that something is copied into, with those above them; none is a link.
    private var folders: Set<String> = [""]

    /// Takes note of a name, and of one that is to be copied says why it cannot be.
    mutating func refusal(of node: ServerNode, isCopied: Bool) -> String? {
        if case .symlink = node.kind, !folders.contains(node.path) { links.insert(node.path) }
        guard isCopied else { return nil }
        guard EntryPath.isValid(node.path) else { return "its name is no path in a root" }
        if !node.isDirectory, folders.contains(node.path) { return "a folder has the same name" }
        var place = node.isDirectory ? node.path : EntryPath.split(node.path).parent
        var entered: [String] = []
        while !folders.contains(place) {
            guard !links.contains(place) else {
                return place == node.path ? "a link has the same name" : "it lies below the link /\(place)"
            }
            entered.append(place)
            place = EntryPath.split(place).parent
        }
        folders.formUnion(entered)
        return nil
    }
}
