import Glibc
import SystemPackage

/// Finds programs as a shell would, also where only root's `PATH` looks.
enum ExecutableSearch {
    static func find(_ name: String) -> FilePath? {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let folders = path.split(separator: ":").map(String.init) + ["/usr/local/sbin", "/usr/sbin", "/sbin"]
        return folders.map { FilePath($0).appending(name) }.first { access($0.string, X_OK) == 0 }
    }
}
