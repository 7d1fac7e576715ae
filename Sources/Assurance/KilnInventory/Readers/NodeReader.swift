import KilnAdvisories
import KilnArchive

/// An installed Node module's `package.json`.
enum NodeReader {
    static func read(_ bytes: [UInt8], at path: String) throws(ReadProblem) -> [FoundPackage] {
        let json: JSONValue
        do {
            json = try JSONValue(parsing: bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...])
        } catch {
            throw ReadProblem("it is no JSON: \(error.reason.rawValue)")
        }
        // A folder that only marks the kind of its files names neither.
        guard let name = json["name"]?.text, let version = json["version"]?.text, !name.isEmpty,
            !version.isEmpty
        else { return [] }
        var package = FoundPackage(.npm, name, version)
        package.licences = licences(json)
        package.holds = [EntryPath.split(path).parent]
        return [package]
    }

    /// `"MIT"`, `{"type": "MIT"}`, or a list of either under the old name.
    private static func licences(_ json: JSONValue) -> [String] {
        ([json["license"]].compactMap(\.self) + (json["license"]?.items ?? [])
            + (json["licenses"]?.items ?? []))
            .compactMap { $0.text ?? $0["type"]?.text }
            .filter { !$0.isEmpty && $0.utf8.count <= 200 }
    }
}
