/// A container as Kubernetes, Compose or ECS describe it.
struct Container: Sendable {
    struct Variable: Sendable {
        let name: String
        /// nil when it comes from elsewhere: a ConfigMap, a Secret, the host's environment.
        let value: String?
        let range: Range<Int>
    }

    struct Mount: Sendable {
        enum Origin: Sendable {
            /// A path of the host.
            case host(String)
            /// Memory or scratch; whether its size is bound.
            case scratch(isBounded: Bool)
            /// A volume with a name, a claim.
            case volume(String)
            /// A volume that nobody can name again.
            case anonymous
            /// Configuration, secrets, and what the platform projects.
            case configuration
            case unknown
        }

        let target: String
        let origin: Origin
        let isReadOnly: Bool
        let range: Range<Int>
    }

    let name: String
    /// What findings about the container as a whole point at.
    let range: Range<Int>
    let node: Node
    var isInit = false
    /// nil: only known when it is used.
    var isReadOnly: Bool? = false
    var isPrivileged = false
    var variables: [Variable] = []
    var mounts: [Mount] = []
    /// Ports within the container, with their places.
    var ports: [(number: Int, range: Range<Int>)] = []
    var image: String?
}
