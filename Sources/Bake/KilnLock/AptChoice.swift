import KilnDefinition
import KilnOCI

/// One line of `apt-get install --print-uris`: `'URI' name_version_arch.deb size SHA256:hex`.
struct AptChoice: Sendable, Hashable {
    /// Where apt would fetch it.
    let uri: String
    let name: String
    let version: String
    let architecture: String
    let size: Int64
    let sha256: Digest

    /// Every line that starts with a quote; the rest is apt's talk.
    static func parse(_ output: String, _ archives: AptArchives) throws(LockError) -> [AptChoice] {
        var choices: [AptChoice] = []
        for line in output.split(separator: "\n") where line.first == "'" {
            guard let choice = AptChoice(line) else {
                throw archives.error(
                    .apt,
                    "apt answered what kiln cannot read",
                    causes: [AptMessages.withoutPasswords(String(line))],
                    hint: nil
                )
            }
            choices.append(choice)
        }
        return choices
    }

    init?(_ line: Substring) {
        guard let close = line.dropFirst().firstIndex(of: "'") else { return nil }
        uri = String(line[line.index(after: line.startIndex)..<close])
        let words = line[line.index(after: close)...].split(separator: " ")
        guard words.count == 3, words[0].hasSuffix(".deb"), let size = Int64(words[1]) else { return nil }
        let parts = words[0].dropLast(4).split(separator: "_").map { PercentEncoding.decode(String($0)) }
        guard parts.count == 3, words[2].hasPrefix("SHA256:"),
            let sha256 = try? Digest(parsingHex: String(words[2].dropFirst(7)))
        else { return nil }
        name = parts[0]
        version = parts[1]
        architecture = parts[2]
        self.size = size
        self.sha256 = sha256
    }

    /// The package as the archive's own record describes it, which must agree with apt's choice in every field.
    func locked(by records: [Deb822Paragraph], from origin: AptOrigin) throws(LockError) -> LockedPackage {
        let fitting = records.filter { record in
            record["Package"] == name && record["Version"] == version
                && record["Architecture"] == architecture && record["SHA256"] == sha256.hex
                && record["Size"] == String(size)
        }
        // Several archives may list the very same package, each at a path of its own.
        let paths = fitting.map { record in
            let filename = record["Filename"] ?? ""
            return filename.hasPrefix("./") ? String(filename.dropFirst(2)) : filename
        }
        let path = paths.first { $0 == origin.path } ?? paths.first ?? ""
        let isWellFormed =
            PackageSyntax.isName(name) && PackageSyntax.isVersion(version)
            && PackageSyntax.isArchitecture(architecture) && PackageSyntax.isPoolPath(path)
            && (1...LockReader.Limit.fileSize).contains(size)
        guard isWellFormed else {
            throw LockError(
                .inconsistent,
                "archive \"\(origin.archive.name)\" describes \(name) \(version) in a way that cannot be locked",
                at: origin.archive.definition.span,
                causes: [
                    fitting.isEmpty ? "no record of its index fits apt's choice" : "its record is malformed"
                ],
                hint: "the mirror may be in the middle of an update: try again later"
            )
        }
        return LockedPackage(
            name: name,
            version: version,
            architecture: architecture,
            archive: origin.archive.name,
            path: path,
            size: size,
            sha256: sha256
        )
    }
}
