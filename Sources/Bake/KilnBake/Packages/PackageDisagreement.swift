import Glibc
import KilnSystem
import SystemPackage

/// Something is where a package's file or folder should be, or went while it was laid out: another package's, most
/// likely. Which of them wins is dpkg's to decide.
struct PackageDisagreement: Error {
    let error: SystemError

    /// The error of the call that just failed on this thread: a disagreement when it can be one.
    static func last(_ action: String) -> any Error {
        of(.last(action))
    }

    static func of(_ error: SystemError) -> any Error {
        switch error.errno {
        case .fileExists, .isDirectory, .notDirectory, .noSuchFileOrDirectory:
            PackageDisagreement(error: error)
        default: error
        }
    }
}
