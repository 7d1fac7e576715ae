import KilnDefinition
import KilnOCI
import OrderedCollections

/// What a new lock takes over from the one before: what was locked stays, unless the definition says otherwise.
struct EarlierLock: Sendable {
    let lock: Lock?
    let definition: Definition
    /// Of images that do not say theirs.
    let platform: ImagePlatform

    /// What an image keeps where it can: what it had, then what any image had of the same archives, so that packages stay
    /// as they are when images are renamed, split or put in between. Each name once, without what is pinned below.
    func preferred(
        for chain: ImageChain,
        _ update: LockUpdate,
        above pins: [LockedPackage]
    ) throws -> [LockedPackage] {
        var seen = Set(pins.map(\.name))
        switch update {
        case .none: break
        case .all: return []
        case .packages(let names): seen.formUnion(names)
        }
        let archives = Set(definition.archives(of: chain.top))
        let own = lock?.images[chain.top]?.packages ?? []
        let all = own + (lock?.images.values.flatMap(\.packages) ?? [])
        let architectures = ["all", (chain.top.platform ?? platform).debianArchitecture]
        let kept = all.filter {
            archives.contains($0.archive) && architectures.contains($0.architecture)
                && seen.insert($0.name).inserted
        }
        guard try !asksForMorePackagesOnly(chain.top) else { return kept }
        // A pin that is new must have an effect.
        let preferences = definition.pins(of: chain.top)
        return kept.filter { package in !preferences.contains { $0.concerns(package) } }
    }

    /// The archives whose suites and components are those that the lock was made from. A lock holds no more of them than
    /// its requests' digests, of which one must come out again.
    func unchangedArchives(of image: ImageName) throws -> Set<ArchiveName> {
        var unchanged: Set<ArchiveName> = []
        if let root = definition.archives(of: image).first, try wasMade(from: root) { unchanged.insert(root) }
        for name in definition.images.keys where try asksForMorePackagesOnly(name) {
            unchanged.formUnion(definition.archives(of: name))
        }
        return unchanged
    }

    /// Whether the image's request, but for package names of its chain, is the one that was locked.
    private func asksForMorePackagesOnly(_ image: ImageName) throws -> Bool {
        guard let locked = lock?.images[image] else { return false }
        var earlier = definition
        for name in definition.chain(of: image) {
            guard let asked = lock?.images[name]?.asked else { return false }
            earlier.images[name]?.packages = asked
        }
        return try request(of: image, in: earlier) == locked.request
    }

    /// Whether an image of any name was locked that starts from this archive and has no other.
    private func wasMade(from archive: ArchiveName) throws -> Bool {
        guard let lock, let written = definition.archives[archive] else { return false }
        var earlier = Definition(archives: [archive: written])
        for recommends in [true, false] {
            earlier.archives[archive]?.recommends = recommends
            for priority in written.priority == nil ? [nil] : [written.priority, nil] {
                earlier.archives[archive]?.priority = priority
                for (name, image) in lock.images {
                    earlier.images[name] = ImageDefinition(origin: .archive(archive))
                    earlier.images[name]?.packages = image.asked
                    if try request(of: name, in: earlier) == image.request { return true }
                }
            }
        }
        return false
    }

    private func request(of image: ImageName, in definition: Definition) throws -> Digest {
        try LockRequest.digest(of: image, in: definition, platform: platform)
    }
}

extension PackagePin {
    /// Whether it may make another version of a locked package the preferred one.
    fileprivate func concerns(_ locked: LockedPackage) -> Bool {
        guard Wildcard.matches(locked.name, package) else { return false }
        return switch target {
        case .version(let version): !Wildcard.matches(locked.version, version) || priority < 500
        case .archive(let archive): locked.archive != archive || priority < 500
        case .suite: true
        }
    }
}

/// Patterns in which `*` stands for any text.
enum Wildcard {
    static func matches(_ text: String, _ pattern: String) -> Bool {
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false)
        guard parts.count > 1, let first = parts.first, let last = parts.last else { return text == pattern }
        guard text.hasPrefix(first), text.hasSuffix(last), text.count >= first.count + last.count else {
            return false
        }
        var rest = text.dropFirst(first.count).dropLast(last.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let found = rest.firstRange(of: part) else { return false }
            rest = rest[found.upperBound...]
        }
        return true
    }
}
