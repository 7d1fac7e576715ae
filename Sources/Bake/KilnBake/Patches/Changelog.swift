import KilnLock

/// What a package's maintainers wrote about its versions, the newest first (deb-changelog(5)).
struct Changelog: Sendable, Hashable {
    struct Entry: Sendable, Hashable {
        let version: String
        let text: String
        /// When its maintainer finished it, in seconds since 1970; nil when it does not say.
        let time: Int64?
    }

    let entries: [Entry]

    init(parsing text: String) {
        var entries: [Entry] = []
        var version: String?
        var lines: [Substring] = []
        var time: Int64?
        func close() {
            guard let version else { return }
            entries.append(Entry(version: version, text: lines.joined(separator: "\n"), time: time))
        }
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if let next = Self.version(inHeading: line) {
                close()
                (version, lines, time) = (next, [], nil)
            } else {
                if line.hasPrefix(" -- ") { time = TrailerDate.time(in: line) ?? time }
                lines.append(line)
            }
        }
        close()
        self.entries = entries
    }

    /// Those above a version, up to another one.
    func entries(after old: String, upTo new: String) -> [Entry] {
        let (old, new) = (DebianVersion(old), DebianVersion(new))
        return entries.filter { DebianVersion($0.version) > old && DebianVersion($0.version) <= new }
    }

    /// `openssl (3.0.15-1~deb12u1) bookworm; urgency=medium`, which begins a line.
    private static func version(inHeading line: Substring) -> String? {
        guard let first = line.utf8.first, first != UInt8(ascii: " "), first != UInt8(ascii: "\t"),
            line.contains(";"), let open = line.firstIndex(of: "("), let end = line.firstIndex(of: ")"),
            open < end
        else { return nil }
        let version = line[line.index(after: open)..<end]
        return version.isEmpty || version.contains(" ") ? nil : String(version)
    }
}

/// The vulnerabilities that a text names (`CVE-2024-12345`).
enum VulnerabilityNames {
    /// In order of year and number, each once.
    static func all(in text: String) -> [String] {
        var found: Set<[Int]> = []
        var rest = Substring(text).utf8
        let mark = Array("CVE-".utf8)
        while let start = rest.firstIndex(of: mark[0]) {
            rest = rest[start...]
            guard rest.starts(with: mark) else {
                rest = rest.dropFirst()
                continue
            }
            rest = rest.dropFirst(mark.count)
            let year = rest.prefix { (48...57).contains($0) }
            let after = rest[year.endIndex...]
            guard year.count == 4, after.first == UInt8(ascii: "-") else { continue }
            let number = after.dropFirst().prefix { (48...57).contains($0) }
            guard (4...9).contains(number.count), let y = Int(String(decoding: year, as: UTF8.self)),
                let n = Int(String(decoding: number, as: UTF8.self))
            else { continue }
            found.insert([y, n, number.count])
        }
        return found.sorted { $0.lexicographicallyPrecedes($1) }.map { parts in
            let digits = String(parts[1])
            return "CVE-\(parts[0])-" + String(repeating: "0", count: max(0, parts[2] - digits.count))
                + digits
        }
    }
}
