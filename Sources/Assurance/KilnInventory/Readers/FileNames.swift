/// The files of packages, as one file tells of them, in bounded memory.
struct FileNames {
    private static let longest = 64 << 20

    private(set) var paths: [String] = []
    private var room = longest

    mutating func append(_ path: String) throws(ReadProblem) {
        room -= path.utf8.count + MemoryLayout<String>.stride
        guard room >= 0 else { throw ReadProblem("it names more files than are read") }
        paths.append(path)
    }

    /// What was gathered, which still counts.
    mutating func take() -> [String] {
        defer { paths = [] }
        return paths
    }
}

/// The lines of a file that may have any number of them, of any length.
enum TextLines {
    /// More than a line has that says something here; what follows is left out.
    private static let longest = 64 << 10

    static func forEach<Failure: Error>(
        in bytes: [UInt8],
        _ body: (Slice<UnsafeBufferPointer<UInt8>>) throws(Failure) -> Void
    ) throws(Failure) {
        try bytes.withUnsafeBufferPointer { bytes throws(Failure) in
            var start = 0
            while start < bytes.count {
                let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
                try body(bytes[start..<min(end, start + longest)])
                start = end + 1
            }
        }
    }
}
