/// Reads `security-support-ended.debN` of Debian's package debian-security-support: source, last version with support, day, reason, one on each line. The release is
/// told by the file's name alone.
enum DebianSupport {
    private static let prefix = "security-support-ended.deb"

    /// `12` of `security-support-ended.deb12`, whatever the file was compressed by.
    static func release(of name: String) -> String? {
        guard name.hasPrefix(prefix) else { return nil }
        let number = name.dropFirst(prefix.count).prefix { $0 != "." }
        return !number.isEmpty && number.utf8.allSatisfy(\.isDigit) && number.utf8.count <= 3
            ? String(number) : nil
    }

    static func read(
        _ reader: inout RecordReader,
        _ report: inout ImportReport,
        into builder: inout DatabaseBuilder
    ) throws {
        let name = report.name
        guard let number = release(of: name) else {
            report.read += 1
            return report.skip(.release, "\(name): its name tells no release")
        }
        while let line = try reader.line() {
            let text = String(decoding: line, as: UTF8.self)
            let words = text.split(maxSplits: 3, whereSeparator: \.isWhitespace)
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            report.read += 1
            guard words.count >= 3, let day = CalendarDate(parsing: String(words[2])),
                first.utf8.count <= AdvisoryLimits.identifier,
                words[1].utf8.count <= AdvisoryLimits.identifier
            else {
                report.skip(.malformed, AdvisoryLimits.cut(text, AdvisoryLimits.summary))
                continue
            }
            report.taken += 1
            builder.add(
                EndedSupport(
                    Ecosystem("Debian:\(number)"),
                    String(first),
                    version: String(words[1]),
                    day: day,
                    reason: words.count > 3
                        ? AdvisoryLimits.cut(String(words[3]), AdvisoryLimits.summary) : ""
                )
            )
        }
    }
}
