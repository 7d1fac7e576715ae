package import KilnArchive
package import KilnDiagnostics
package import KilnOCI

/// Why a database of advisories cannot be used.
package struct DatabaseError: DiagnosticError, Hashable {
    package enum Reason: Sendable, Hashable {
        case missing
        /// Not a file of this kind.
        case foreign
        /// A format of a later Kiln.
        case version(UInt32)
        /// The file is shorter than it says.
        case truncated
        /// Something in it points to where nothing is.
        case corrupt(String)
        /// Its content is not what its digest says.
        case wrongContent(expected: Digest, found: Digest)
        /// More advisories, texts or versions than the format can count.
        case tooLarge
    }

    package let reason: Reason
    /// The file, where there is one.
    package let file: String?

    package init(_ reason: Reason, file: String? = nil) {
        self.reason = reason
        self.file = file
    }

    package var diagnostics: [Diagnostic] {
        [
            Diagnostic(
                code: "advisories.database",
                "\(file.map { "\($0): " } ?? "")\(message)",
                causes: causes,
                hint: hint,
                exitStatus: reason == .missing ? .usage : .failed
            )
        ]
    }

    private var message: String {
        switch reason {
        case .missing: "there is no database of advisories"
        case .foreign: "this is no database of advisories"
        case .version(let version):
            "the database of advisories has format \(version), which this Kiln does not know"
        case .truncated: "the database of advisories is cut off"
        case .corrupt: "the database of advisories is damaged"
        case .wrongContent: "the database of advisories is damaged: its content does not match its digest"
        case .tooLarge: "there are more advisories than a database can hold"
        }
    }

    private var causes: [String] {
        switch reason {
        case .corrupt(let what): ["\(what) lies outside of the file"]
        case .wrongContent(let expected, let found): ["expected \(expected), found \(found)"]
        default: []
        }
    }

    private var hint: String {
        reason == .missing
            ? "kiln db update fetches one; without a network: kiln db import FILE"
            : "import the advisories again: kiln db update, or kiln db import FILE"
    }
}

/// Why a file of advisories cannot be imported at all. What is wrong with one record is in the `ImportReport`.
package struct ImportError: DiagnosticError, Hashable {
    package enum Reason: Sendable, Hashable {
        /// Neither OSV, nor Debian's tracker, nor a list of exploited vulnerabilities.
        case unknownFormat
        case truncated
        case notAnObject
        case brokenObject
        case recordTooLong(Int)
        /// Records were there, and none could be read.
        case nothingReadable(read: Int, first: String)
        case stream(ArchiveError)
    }

    package let reason: Reason
    package let file: String?

    package init(_ reason: Reason, file: String? = nil) {
        self.reason = reason
        self.file = file
    }

    /// The same, told of the file that was read.
    func reading(_ file: String) -> ImportError { ImportError(reason, file: file) }

    package var diagnostics: [Diagnostic] {
        if case .stream(let error) = reason { return error.diagnostics }
        return [
            Diagnostic(
                code: "advisories.import",
                "\(file.map { "\($0): " } ?? "")\(message)",
                hint:
                    "kiln reads OSV (zip, JSON, JSON lines), Debian's security tracker and CISA's list, plain or compressed by gzip, xz or zstd"
            )
        ]
    }

    private var message: String {
        switch reason {
        case .unknownFormat: "these are no advisories of a kind that is known"
        case .truncated: "the file ends in the middle of a record"
        case .notAnObject, .brokenObject: "the file is no JSON object"
        case .recordTooLong(let limit): "a record is longer than \(limit) bytes"
        case .nothingReadable(let read, let first):
            "none of its \(read) records can be read; the first: \(first)"
        case .stream: "the file cannot be read"
        }
    }
}
