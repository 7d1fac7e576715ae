package import KilnDiagnostics
import KilnSystem
package import SystemPackage

/// Reads `kiln.yaml`, strictly: what is not understood is an error, and all errors of a file are told at once.
package enum DefinitionReader {
    /// `environment` is the one whose values fleets get; all that there are are judged.
    package static func read(file: FilePath, environment: EnvironmentName? = nil) throws -> Definition {
        let bytes: [UInt8]
        do {
            bytes = try Files.read(file, limit: YAMLDocument.byteLimit)
        } catch let error as SystemError {
            throw failure(error, file)
        }
        let source = SourceText(name: file.string, text: String(decoding: bytes, as: UTF8.self))
        if let offset = firstInvalid(bytes) { throw encodingFailure(source, offset) }
        let directory = file.removingLastComponent()
        return try read(
            source,
            directory: directory.isEmpty ? "." : directory,
            environment: environment
        )
    }

    /// Throws a `DiagnosticFailure` with every error that the text has.
    package static func read(
        _ source: SourceText,
        directory: FilePath,
        environment: EnvironmentName? = nil
    ) throws -> Definition {
        var reading = Reading(source.withoutByteOrderMark)
        let variants = DefinitionVariants(directory: directory, &reading)
        let definition = variants?.definition(for: environment, &reading)
        guard reading.problems.isEmpty, let definition else {
            throw DiagnosticFailure(diagnostics(of: reading))
        }
        return definition
    }

    /// A file of another version is judged by its version alone: what else looks wrong may be right there.
    private static func diagnostics(of reading: Reading) -> [Diagnostic] {
        let all = reading.diagnostics
        return all.first { $0.code == "definition.version" }.map { [$0] } ?? all
    }

    private static func failure(_ error: SystemError, _ file: FilePath) -> DiagnosticFailure {
        let tellings: (code: String, message: String, hint: String?) =
            switch error.errno {
            case .noSuchFileOrDirectory, .notDirectory:
                ("missing", "there is no \(file)", "kiln init writes one to start from")
            case .fileTooLarge:
                ("too-large", "\(file) has more than \(YAMLDocument.byteLimit >> 20) MiB", nil)
            case .isDirectory:
                ("missing", "\(file) is a folder", "name the file in it: \(file.appending("kiln.yaml"))")
            default: ("unreadable", "cannot read \(file)", error.diagnostics.first?.hint)
            }
        return DiagnosticFailure(
            Diagnostic(
                code: "definition." + tellings.code,
                tellings.message,
                causes: tellings.code == "unreadable" ? [error.errno.description] : [],
                hint: tellings.hint,
                exitStatus: .usage
            )
        )
    }

    /// The offset of the first byte that is no UTF-8.
    private static func firstInvalid(_ bytes: [UInt8]) -> Int? {
        guard String(validating: bytes, as: UTF8.self) == nil else { return nil }
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while case .scalarValue(let scalar) = decoder.decode(&iterator) { offset += UTF8.width(scalar) }
        return offset
    }

    private static func encodingFailure(_ source: SourceText, _ offset: Int) -> DiagnosticFailure {
        let lines = SourceLines(source)
        return DiagnosticFailure(
            Diagnostic(
                code: "definition.encoding",
                "this is no UTF-8",
                at: lines.span(lines.place(ofByte: offset)),
                hint: "save the file as UTF-8",
                exitStatus: .usage
            )
        )
    }
}

extension SourceText {
    /// Some editors put U+FEFF before the first key, which the YAML parser counts as indentation.
    fileprivate var withoutByteOrderMark: SourceText {
        text.unicodeScalars.first == "\u{FEFF}"
            ? SourceText(name: name, text: String(text.unicodeScalars.dropFirst())) : self
    }
}
