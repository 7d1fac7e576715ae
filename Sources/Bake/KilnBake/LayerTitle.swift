import KilnDefinition
import KilnLock

extension LayerOperation {
    /// What the layer is, as the image's history shows it: stable, and without the machine's paths.
    func title(wanted: [String]) -> String {
        switch self {
        case .packages(let packages, _, _):
            wanted.isEmpty
                ? "kiln packages (\(packages.count))" : "kiln packages \(wanted.joined(separator: " "))"
        case .tar(let tar): "kiln tar \(tar.sha256)"
        case .downloads(let downloads, _):
            "kiln downloads " + downloads.map(\.definition.target).joined(separator: " ")
        case .files(let users, let files):
            (["kiln files"] + users.map { "user:\($0.name)" } + files.map(\.target)).joined(separator: " ")
        case .step(let step): "kiln \(step.program == .playbook ? "ansible" : "step") \(step.run)"
        case .hardening(let hardening):
            hardening.packageManager == .remove
                ? "kiln profile hardened, without package manager" : "kiln profile hardened"
        }
    }
}

extension LayerOperation {
    /// The same for people who watch: a tar by its name.
    func label(wanted: [String]) -> String {
        if case .tar(let tar) = self { return "tar \(tar.path)" }
        return String(title(wanted: wanted).dropFirst("kiln ".count))
    }
}
