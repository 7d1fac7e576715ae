import Glibc
package import SystemPackage

extension FilePath {
    /// This path from the root of the file system, without `.` and `..`; symlinks are left as they are.
    package var absolute: FilePath {
        fromRoot.lexicallyNormalized()
    }

    /// This path as the kernel tells it (realpath(3)): from the root of the file system, every symlink followed. What does
    /// not exist of it, at its end, stays as it is.
    package var resolved: FilePath {
        var existing = fromRoot
        var missing: [Component] = []
        while true {
            if let real = existing.real { return real.appending(missing.reversed()).lexicallyNormalized() }
            guard let last = existing.lastComponent else { return absolute }
            missing.append(last)
            existing.removeLastComponent()
        }
    }

    private var fromRoot: FilePath {
        if isAbsolute { return self }
        guard let directory = getcwd(nil, 0) else { return self }
        defer { free(directory) }
        return FilePath(platformString: directory).pushing(self)
    }

    /// nil when there is nothing at the path, or it cannot be reached.
    private var real: FilePath? {
        guard let real = withPlatformString({ realpath($0, nil) }) else { return nil }
        defer { free(real) }
        return FilePath(platformString: real)
    }
}
