import Glibc
import KilnSystem
package import SystemPackage
package import Testing

/// Expected texts kept in files beside the tests; `KILN_UPDATE_GOLDEN=1` writes them anew.
package enum Golden {
    package static func expect(
        _ actual: String,
        matches file: FilePath,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        if getenv("KILN_UPDATE_GOLDEN") != nil {
            try Files.createDirectory(file.removingLastComponent())
            try Files.write(actual, to: file)
            return
        }
        let expected = try Files.readText(file)
        #expect(
            actual == expected,
            "differs from \(file.lastComponent?.string ?? "")",
            sourceLocation: sourceLocation
        )
    }

    /// `Golden/` beside the test file that asks.
    package static func directory(_ file: String = #filePath) -> FilePath {
        FilePath(file).removingLastComponent().appending("Golden")
    }

    /// The project's folder.
    package static var project: FilePath {
        FilePath(#filePath).removingLastComponent().removingLastComponent().removingLastComponent()
    }
}
