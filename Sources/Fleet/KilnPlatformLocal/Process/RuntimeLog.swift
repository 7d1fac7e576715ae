/// The runtime's own log (logrus' text form: `time="…" level=error msg="…"`).
enum RuntimeLog {
    /// The messages of errors, without their quotes.
    static func errors(_ text: String) -> [String] {
        text.split(separator: "\n").compactMap { line -> String? in
            guard line.contains("level=error"), let start = line.firstRange(of: "msg=") else { return nil }
            var message = line[start.upperBound...]
            if message.first == "\"" { message = message.dropFirst().dropLast() }
            return String(message.replacing("\\\"", with: "\"").replacing("\\\\", with: "\\"))
        }
    }
}
