/// What a file, or a document of one, is.
package enum FileKind: String, Sendable, CaseIterable {
    case dockerfile
    case kubernetes
    case compose
    case terraform
    case packer
    case cloudformation
    case ecs
    case github
    case gitlab
    case cloudInit = "cloud-init"
    case kiln

    /// As it is called in a report.
    package var title: String {
        switch self {
        case .dockerfile: "Dockerfile"
        case .kubernetes: "Kubernetes"
        case .compose: "Compose"
        case .terraform: "Terraform"
        case .packer: "Packer"
        case .cloudformation: "CloudFormation"
        case .ecs: "ECS task definition"
        case .github: "GitHub Actions"
        case .gitlab: "GitLab CI"
        case .cloudInit: "cloud-init"
        case .kiln: "Kiln"
        }
    }
}
