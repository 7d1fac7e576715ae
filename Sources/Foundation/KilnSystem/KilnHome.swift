import Glibc
package import SystemPackage

/// Where everything that Kiln keeps lives (DESIGN.md, section 6).
package struct KilnHome: Sendable, Hashable {
    package let root: FilePath
    /// For what must not outlive a boot and needs short paths: sockets, container state, network namespaces.
    package let runtime: FilePath

    /// `runtime` is `/run/kiln` for the default home and `/run/kiln/<id>` for any other, so that two homes never meet.
    ///
    /// A home behind a symlink is the home that the symlink leads to: the kernel tells of mounts by their real paths.
    package init(root: FilePath) {
        let root = root.resolved
        self.root = root
        identifier = Self.identifier(of: root)
        runtime = identifier.isEmpty ? "/run/kiln" : FilePath("/run/kiln").appending(identifier)
    }

    /// `$KILN_HOME`, else `/var/lib/kiln` for root and `$XDG_DATA_HOME/kiln` for others.
    package init(environment: [String: String], userID: UInt32) {
        if let home = environment["KILN_HOME"], !home.isEmpty {
            self.init(root: FilePath(home))
        } else if userID == 0 {
            self.init(root: Self.systemRoot)
        } else if let data = environment["XDG_DATA_HOME"], !data.isEmpty {
            self.init(root: FilePath(data).appending("kiln"))
        } else {
            self.init(root: FilePath(environment["HOME"] ?? "/").appending(".local/share/kiln"))
        }
    }

    /// Empty for the default home, else eight hex digits that tell this home's bridge, cgroups and sockets from another's.
    package let identifier: String

    /// An OCI image layout that other tools read as is.
    package var images: FilePath { root.appending("images") }
    /// Sealed layers (EROFS) and what is known of each layer.
    package var layers: FilePath { root.appending("layers") }
    /// Fetched archives, named by their sha256.
    package var packages: FilePath { root.appending("packages") }
    /// Archive indexes as apt fetched and checked them; apt refreshes what is there.
    package var indexes: FilePath { root.appending("indexes") }
    /// What each baked image was made of, by its manifest's digest.
    package var sources: FilePath { root.appending("sources") }
    package var catalog: FilePath { root.appending("kiln.db") }
    /// What the catalog's configuration values are sealed with, unless another file is named.
    package var configKey: FilePath { root.appending("config.key") }
    /// Bake results by cache key.
    package var cache: FilePath { root.appending("cache") }
    /// What baked and pulled images hold, by their manifests' digests.
    package var inventories: FilePath { cache.appending("inventories") }
    /// What secrets were found in layers, by their diffIDs.
    package var secretSurveys: FilePath { cache.appending("secrets") }
    /// `run/<fleet>/<instance>`: bundles, logs, evidence.
    package var run: FilePath { root.appending("run") }
    /// `evidence/<fleet>/<instance>`: what was kept of instances that drifted.
    package var evidence: FilePath { root.appending("evidence") }
    package var volumes: FilePath { root.appending("volumes") }
    /// Where `kiln serve` of this home is spoken to; short, since the name of a socket has 107 bytes (unix(7)).
    package var controlSocket: FilePath { runtime.appending("serve.sock") }
    /// For work in progress; whatever is in it when no lock is held may be deleted.
    package var scratch: FilePath { root.appending("tmp") }

    /// Creates one of the home's folders, which nobody but its owner may look into: images hold password hashes, keys and
    /// whatever else was baked in. One that is there and open to others is closed.
    package func makePrivate(_ folder: FilePath) throws {
        try Files.createDirectory(folder, mode: 0o700)
        guard let facts = Files.facts(folder, followingSymlinks: true), facts.mode & 0o077 != 0,
            facts.userID == geteuid()
        else { return }
        guard chmod(folder.string, 0o700) == 0 else { throw SystemError.last("close \(folder) to others") }
    }

    /// Makes the runtime folders for their owner alone: who could open a lock in them could keep every command waiting.
    package func makeRuntime() throws {
        for folder in Set(["/run/kiln", runtime]).sorted(by: { $0.string < $1.string }) {
            try Files.createDirectory(folder, mode: 0o700)
            // The folder may be there since before, or be made by a way that does not care.
            guard Files.facts(folder)?.mode != 0o700 else { continue }
            guard chmod(folder.string, 0o700) == 0 else {
                throw SystemError.last("set the mode of \(folder)")
            }
        }
    }

    private static let systemRoot: FilePath = "/var/lib/kiln"

    private static func identifier(of root: FilePath) -> String {
        guard root != systemRoot.resolved else { return "" }
        // FNV-1a, 64 bits: a name that is stable across runs, not a protection.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in root.string.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(UInt32(truncatingIfNeeded: hash ^ (hash >> 32)), radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }
}
