/// Which files a dpkg package has: `NAME.list`, an absolute path in each line, or `NAME.md5sums`, a digest and a relative path.
enum DpkgFilesReader {
    static func read(_ bytes: [UInt8], of package: String) throws(ReadProblem) -> FileRecord.Fact {
        var files = FileNames()
        try TextLines.forEach(in: bytes) { line throws(ReadProblem) in
            var path = line
            if line.first != slash {
                guard line.count > 34, line[line.startIndex + 32] == 0x20 else { return }
                path = line.dropFirst(34)
            }
            path = path.drop { $0 == slash }
            guard !path.isEmpty, path.first != UInt8(ascii: "."),
                let text = String(validating: path, as: UTF8.self)
            else { return }
            try files.append(text)
        }
        return .files(package: package, files.paths)
    }

    private static let slash = UInt8(ascii: "/")
}
