import KilnAdvisories
import KilnSystem
import KilnTestSupport
import SystemPackage

/// What syft finds.
enum SyftPeer {
    static let isHere = Peers.python("syft") != nil

    /// Package URLs of what is installed, one for each entry. Of a folder syft would also list what lock files of projects name;
    /// and of an image nothing that SwiftPM resolved: it is asked for the same everywhere.
    static func urls(of target: String, in sandbox: Sandbox) async throws -> [String] {
        guard let folder = Peers.python("syft") else { return [] }
        let arguments = [
            "scan", target, "-q", "-o", "json", "--override-default-catalogers", "image",
            "--select-catalogers", "+swift-package-manager-cataloger",
        ]
        let output = try await ToolRunner().run(
            ToolInvocation(
                "\(folder)/bin/syft",
                arguments,
                environment: ["SYFT_CHECK_FOR_APP_UPDATE": "false", "HOME": sandbox.path.string]
            )
        )
        let json = try JSONValue(parsing: Array(output.text.utf8)[...])
        return (json["artifacts"]?.items ?? []).compactMap { $0["purl"]?.text }.map(plain)
    }

    /// Encoding is free where a text needs none. The version of a key is another one each time, that of bash the machine's.
    static func plain(_ url: String) -> String {
        let text = ["%3A": ":", "%2B": "+", "%2b": "+", "%40": "@", "%7E": "~", "%28": "(", "%29": ")"]
            .reduce(url) { $0.replacing($1.key, with: $1.value) }
        guard text.contains("/gpg-pubkey@") || text.contains("generic/bash@"),
            let at = text.firstIndex(of: "@")
        else { return text }
        return String(text[..<at] + text[at...].drop { $0 != "?" })
    }
}

extension Samples {
    /// The files of a folder, for a layer; links and folders of it are left out.
    static func files(below root: FilePath, _ path: String = "") throws -> [String: SampleFile] {
        var files: [String: SampleFile] = [:]
        for name in try Files.list(root.pushing(FilePath(path))) {
            let inner = path.isEmpty ? name : path + "/" + name
            let place = root.pushing(FilePath(inner))
            switch Files.facts(place)?.kind {
            case .directory: files.merge(try Self.files(below: root, inner)) { $1 }
            case .file: files[inner] = .bytes(try Files.read(place))
            default: continue
            }
        }
        return files
    }
}
