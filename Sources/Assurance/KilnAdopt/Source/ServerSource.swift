package import KilnDiagnostics

/// A server's tree that can be gone through again and again: a folder, an archive, this machine.
package protocol ServerSource: Sendable {
    /// As the user named it.
    var name: String { get }
    /// Whether it is the machine that this runs on, whose kernel can be asked too.
    var isThisMachine: Bool { get }

    /// Shows each name once, with the content of those files that are wanted, whatever the order. `below` are the paths that are of
    /// interest, nil for all; a source that cannot go there directly may show others too. Blocks: run it inside `Blocking.run`.
    func visit(below: [String]?, _ visitor: inout some ServerVisitor) throws
}

/// Somebody who is shown the names of a server.
package protocol ServerVisitor {
    /// Whether the file's content is wanted; asked right before it is shown.
    func wants(_ node: ServerNode) -> Bool

    mutating func take(_ node: ServerNode, _ content: ServerContent?) throws
}

/// The content of a file while it is visited.
package struct ServerContent {
    private let read: (UnsafeMutableRawBufferPointer) throws -> Int

    package init(_ read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int) {
        self.read = read
    }

    /// Of bytes that are there already.
    package init(bytes: [UInt8]) {
        var rest = bytes[...]
        read = { buffer in
            let count = min(buffer.count, rest.count)
            buffer.copyBytes(from: rest.prefix(count))
            rest = rest.dropFirst(count)
            return count
        }
    }

    /// Lends chunk after chunk until the file ends.
    package func forEachChunk(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try read(buffer)
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// The first bytes; nil when there are more than the limit.
    package func bytes(limit: Int) throws -> [UInt8]? {
        var bytes: [UInt8] = []
        var isWhole = true
        try forEachChunk { chunk in
            if bytes.count + chunk.count <= limit { bytes += chunk } else { isWhole = false }
        }
        return isWhole ? bytes : nil
    }
}

/// Why a server cannot be read, or its definition not be written.
package struct AdoptError: DiagnosticError, Hashable {
    package enum Reason: Sendable, Hashable {
        case missing
        case noArchive
        case notInRoot
        case notARoot
        case notEmpty
        case insideRoot
        case tooMany(Int)
    }

    package let reason: Reason
    package let subject: String

    package init(_ reason: Reason, _ subject: String) {
        self.reason = reason
        self.subject = subject
    }

    package var diagnostics: [Diagnostic] {
        [
            Diagnostic(
                code: "adopt",
                "\(subject): \(message)",
                hint: hint,
                exitStatus: isUsage ? .usage : .failed
            )
        ]
    }

    private var isUsage: Bool {
        if case .tooMany = reason { false } else { true }
    }

    private var message: String {
        switch reason {
        case .missing: "there is no such folder or archive"
        case .noArchive: "it is neither a folder nor a tar"
        case .notInRoot: "what is left out is named by its path in the root, such as /srv/backups"
        case .notARoot: "it holds no root of a Linux system: neither etc nor usr is in it"
        case .notEmpty: "the output folder is there already, and not empty"
        case .insideRoot: "the output folder is the root that is read"
        case .tooMany(let limit): "it has more than \(limit) names"
        }
    }

    private var hint: String {
        switch reason {
        case .notInRoot: "name a path below the root with --exclude, without .."
        case .missing, .noArchive:
            "name a folder that holds etc, usr, var, a tar of one, or / for this machine; of a container: docker export NAME > NAME.tar, then kiln adopt NAME.tar"
        case .notARoot:
            "name the folder (or the tar of it) that holds etc, usr, var; an archive of docker save is an image: docker export of a container writes its root"
        case .notEmpty: "name another folder with --output, or write over it with --force"
        case .insideRoot: "name a folder outside of it with --output"
        case .tooMany: "leave out what is no part of the server with --exclude, and run it again"
        }
    }
}
