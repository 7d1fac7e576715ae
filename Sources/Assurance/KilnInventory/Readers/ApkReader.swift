/// apk's database (`lib/apk/db/installed`): a letter, a colon and a value in each line, an empty line after each package.
enum ApkReader {
    static func read(_ bytes: [UInt8]) throws(ReadProblem) -> [FileRecord.Fact] {
        var packages: [FoundPackage] = []
        var facts: [FileRecord.Fact] = []
        var current = Package()
        var names = FileNames()
        func finish() throws(ReadProblem) {
            let files = names.take()
            if let package = current.found {
                try packages.add(package)
                if !files.isEmpty { facts.append(.files(package: package.name, files)) }
            }
            current = Package()
        }
        try TextLines.forEach(in: bytes) { line throws(ReadProblem) in
            if line.isEmpty { try finish() } else { try current.read(line, &names) }
        }
        try finish()
        return [.packages(packages)] + facts
    }

    private struct Package {
        var fields: [UInt8: String] = [:]
        var folder = ""

        mutating func read(
            _ line: Slice<UnsafeBufferPointer<UInt8>>,
            _ names: inout FileNames
        ) throws(ReadProblem) {
            let start = line.startIndex
            guard line.count >= 2, line[start + 1] == UInt8(ascii: ":") else { return }
            let value = String(decoding: line[(start + 2)...], as: UTF8.self)
            switch line[start] {
            case UInt8(ascii: "F"): folder = value
            case UInt8(ascii: "R"): try names.append(folder.isEmpty ? value : folder + "/" + value)
            case let letter: fields[letter] = value
            }
        }

        var found: FoundPackage? {
            func field(_ letter: Unicode.Scalar) -> String? { fields[UInt8(ascii: letter)] }
            guard let name = field("P"), let version = field("V"), !name.isEmpty, !version.isEmpty else {
                return nil
            }
            var package = FoundPackage(.apk, name, version)
            package.architecture = field("A")
            if let origin = field("o"), !origin.isEmpty, origin != name { package.source = origin }
            if let licence = field("L"), !licence.isEmpty { package.licences = [licence] }
            return package
        }
    }
}
