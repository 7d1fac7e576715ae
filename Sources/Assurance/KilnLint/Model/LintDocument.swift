import KilnDockerfile

/// What all readers give and all rules look at: one document of one file, with the facts that it states.
struct LintDocument: Sendable {
    let kind: FileKind
    let source: LintSource
    var root = Node.nothing
    var dockerfile: Dockerfile?
    var images: [ImageUse] = []
    var scripts: [Script] = []
    var containers: [Container] = []
    var resources: [CloudResource] = []
    /// Statements whose findings a comment before them may set aside.
    var statements: [Range<Int>] = []

    init(_ kind: FileKind, _ source: LintSource, root: Node = .nothing) {
        self.kind = kind
        self.source = source
        self.root = root
    }

    /// Of a Kubernetes object.
    var objectKind: String { root["kind"]?.text ?? "" }
}
