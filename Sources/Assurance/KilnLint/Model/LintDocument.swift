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
    /// Files that take part in it.
    var names: [NamedFile] = []
    /// Scripts of such files: facts about the whole; what is wrong in them is told where they are.
    var called: [Script] = []
    /// A script that is named was not found, or is for no shell.
    var isMissingScripts = false
    /// All files of a pipeline; the one that includes the others is the last.
    var parts: [PipelinePart] = []

    init(_ kind: FileKind, _ source: LintSource, root: Node = .nothing) {
        self.kind = kind
        self.source = source
        self.root = root
    }

    /// Of a Kubernetes object.
    var objectKind: String { root["kind"]?.text ?? "" }
}
