import Glibc
package import SystemPackage

/// Finds programs as a shell would.
package enum ExecutableSearch {
    /// The program of this process; nil where the kernel does not tell.
    package static var own: String? {
        guard let path = realpath("/proc/self/exe", nil) else { return nil }
        defer { free(path) }
        return String(cString: path)
    }

    /// In this process's `PATH`, and where only root's looks.
    package static func find(_ name: String) -> FilePath? {
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        return find(name, in: path + ":/usr/local/sbin:/usr/sbin:/sbin")
    }

    /// The first regular file of the name in the folders, separated by colons, that this process may run.
    package static func find(_ name: String, in path: String) -> FilePath? {
        for folder in path.split(separator: ":") {
            let file = FilePath(String(folder)).appending(name)
            var info = stat()
            guard stat(file.string, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { continue }
            if access(file.string, X_OK) == 0 { return file }
        }
        return nil
    }
}
