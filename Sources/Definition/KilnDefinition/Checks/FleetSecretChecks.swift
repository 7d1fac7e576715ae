import KilnDiagnostics
import OrderedCollections

/// Where fleets' secrets go.
extension DefinitionChecks {
    func judgeSecrets(of fleet: FleetDefinition, at path: FieldPath, _ reading: inout Reading) {
        guard reading.isSound(path + "secrets"), !fleet.secrets.isEmpty else { return }
        let names = fleet.secrets.enumerated().map { (value: $1.name, path: path + "secrets" + $0 + "name") }
        reportRepeated(names, "duplicate-secret", hint: "give each secret a name of its own", &reading) {
            "two secrets are called \"\($0)\""
        }
        let files = fleet.config.files.enumerated().map { index, file in
            (value: file.target, path: path + "config" + "files" + index + "target")
        }
        let targets = fleet.secrets.enumerated().map { index, secret in
            (value: secret.place, path: path + "secrets" + index + (secret.target == nil ? "name" : "target"))
        }
        // Names that are the same twice are told above.
        guard Set(names.map(\.value)).count == names.count else { return }
        reportRepeated(files + targets, "duplicate-target", hint: "keep one of the two", &reading) {
            "two files go to \($0)"
        }
    }
}
