/// What belongs together within steps and downloads.
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

    /// One file, or one archive's content, at a place.
    func judgeDownloads(_ downloads: [DownloadDefinition], at path: FieldPath, _ reading: inout Reading) {
        let targets = downloads.enumerated().map { index, download in
            (value: download.target, path: path + index + "target")
        }
        let groups = meeting(downloads.map(\.platforms)).map { group in group.map { targets[$0] } }
        if let group = groups.first(where: { Set($0.map(\.value)).count < $0.count }) {
            reportRepeated(group, "duplicate-target", hint: "give each a place of its own", &reading) {
                "something is put at \($0) already"
            }
        }
        for (index, download) in downloads.enumerated() where download.target == "/" && !download.unpack {
            reading.report(
                "bad-path",
                "a file cannot be put at /",
                at: reading.span(path + index + "target"),
                hint: "name the file too, such as /opt/app.tar.gz"
            )
        }
    }
}
