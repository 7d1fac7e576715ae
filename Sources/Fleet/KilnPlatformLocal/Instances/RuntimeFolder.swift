import Glibc
package import KilnSystem
import SystemPackage

/// The folders of what ends with the boot.
package enum RuntimeFolder {
    /// Makes them for their owner alone: who could open a lock in them could keep every command waiting.
    package static func prepare(_ home: KilnHome) throws {
        for folder in Set(["/run/kiln", home.runtime]).sorted(by: { $0.string < $1.string }) {
            try Files.createDirectory(folder, mode: 0o700)
            // The folder may be there since before, or be made by a way that does not care.
            guard Files.facts(folder)?.mode != 0o700 else { continue }
            guard chmod(folder.string, 0o700) == 0 else {
                throw SystemError.last("set the mode of \(folder)")
            }
        }
    }
}
