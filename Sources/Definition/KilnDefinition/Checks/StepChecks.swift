/// What belongs together within a step.
extension DefinitionChecks {
    /// Each secret is a file of its own.
    func judgeSteps(of image: ImageDefinition, at path: FieldPath, _ reading: inout Reading) {
        for (index, step) in image.steps.enumerated() {
            let names = step.secrets.enumerated().map { position, secret in
                (value: secret.name, path: path + index + "secrets" + position + "name")
            }
            reportRepeated(names, "duplicate-secret", hint: "give each a name of its own", &reading) {
                "the step has a secret \"\($0)\" already"
            }
        }
    }
}
