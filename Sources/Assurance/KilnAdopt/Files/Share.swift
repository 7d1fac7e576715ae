/// What becomes of a part of a server.
package enum Share: String, Sendable, Hashable, CaseIterable, Encodable {
    /// Of packages that every root has, or a stock installation.
    case stock
    /// Of packages that the definition names, or that come with them.
    case packages
    /// In the definition itself: copied, or done by its script.
    case copied
    /// Left to a volume.
    case state
    /// Named, and left out.
    case secret
    /// Made by tools, and made again: caches, logs, indexes, what a machine writes for itself.
    case noise
    /// None of these: somebody has to look.
    case unexplained

    package var words: String {
        switch self {
        case .stock: "stock system"
        case .packages: "packages"
        case .copied: "in the definition"
        case .state: "state, for volumes"
        case .secret: "secrets, left out"
        case .noise: "noise"
        case .unexplained: "unexplained"
        }
    }
}

/// How many, and how much.
package struct Tally: Sendable, Hashable, Encodable {
    package var files = 0
    package var bytes: Int64 = 0

    package init(files: Int = 0, bytes: Int64 = 0) {
        self.files = files
        self.bytes = bytes
    }

    package mutating func add(_ node: ServerNode) {
        // A folder is what is in it.
        guard !node.isDirectory else { return }
        files += 1
        bytes += node.bytes
    }
}

/// What is to be done with a name, and why.
package enum Verdict: Sendable, Hashable {
    /// Nothing: it belongs to this share.
    case leave(Share, String)
    /// A packaged file: its content decides.
    case compare
    /// Into the definition.
    case copy(String)
    /// State, as a part of this folder.
    case state(String)
    /// A secret by its place.
    case secret(String)

    var wantsContent: Bool {
        switch self {
        case .compare, .copy: true
        case .leave, .state, .secret: false
        }
    }
}
