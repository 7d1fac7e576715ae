/// A resource of Terraform, CloudFormation or Packer.
struct CloudResource: Sendable {
    enum Family: Sendable {
        case resource
        case data
        case module
        case provider
        /// Packer's `source`, `build` and its like.
        case builder
        /// `terraform { … }`, `locals`, …
        case other
    }

    let family: Family
    /// `aws_instance`, `AWS::EC2::Instance`.
    let type: String
    let name: String
    let body: Node
    /// What findings about the resource as a whole point at: its head.
    let range: Range<Int>
    /// All of it.
    let extent: Range<Int>
}
