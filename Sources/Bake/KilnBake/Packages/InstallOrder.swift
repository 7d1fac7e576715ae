/// In which order dpkg is handed a set of packages. Pure.
///
/// dpkg itself orders configuration by Depends. What it wants from its caller is that a package's Pre-Depends are
/// configured before it is unpacked.
struct InstallOrder: Sendable {
    private let packages: [PackageControl]
    /// Indexes into `packages` by name, own or provided.
    private let providers: [String: [Int]]
    private let preseeding: Preseeding

    /// When debconf is told the answers that a definition gives.
    enum Preseeding: Sendable, Hashable {
        case none
        /// The root has debconf already.
        case first
        /// As soon as debconf, one of the packages, is configured.
        case withDebconf
    }

    init(_ packages: [PackageControl], preseeding: Preseeding = .none) {
        self.preseeding = preseeding
        self.packages = packages.sorted { $0.name < $1.name }
        var providers: [String: [Int]] = [:]
        for (index, package) in self.packages.enumerated() {
            for name in [package.name] + package.provides { providers[name, default: []].append(index) }
        }
        self.providers = providers
    }

    /// For packages that are added to a root where dpkg works.
    var steps: [InstallStep] {
        (preseeding == .first ? [.preseed] : [])
            + steps(for: Array(packages.indices), configured: [], isPreseeded: preseeding != .withDebconf)
    }

    /// For a root that starts empty.
    var freshStart: FreshStart {
        let bootstrap = closure(of: packages.indices.filter { packages[$0].isEssential })
        let unpacked = packages.indices.filter { packages[$0].isPlain }
        let rest = packages.indices.filter { !packages[$0].isPlain }
        let first = rest.filter(bootstrap.contains)
        let later = rest.filter { !bootstrap.contains($0) }
        var steps: [InstallStep] = first.isEmpty ? [] : [.unpack(names(first), ignoringDependencies: true)]
        var configured: Set<Int> = []
        // The answers come before all that may ask, if what debconf needs is unpacked by now.
        let isEarly = preseeding == .withDebconf && debconf.isSubset(of: bootstrap.union(unpacked))
        if isEarly {
            steps += [.configure(names(debconf.sorted())), .preseed]
            configured = debconf
        }
        if !later.isEmpty {
            let rest = bootstrap.subtracting(configured)
            if !rest.isEmpty { steps.append(.configure(names(rest.sorted()))) }
            configured.formUnion(bootstrap)
        }
        let isPreseeded = isEarly || preseeding != .withDebconf
        return FreshStart(
            bootstrap: names(bootstrap.sorted()),
            plain: names(unpacked),
            steps: steps + self.steps(for: later, configured: configured, isPreseeded: isPreseeded)
        )
    }

    /// debconf with all that it depends on, as far as it is among the packages.
    private var debconf: Set<Int> {
        closure(of: packages.indices.filter { packages[$0].name == Self.debconf })
    }

    static let debconf = "debconf"

    /// Unpacks the packages in groups, before each configuring what the group pre-depends on; configures all at the
    /// end. Pre-Depends in a circle are left to dpkg to complain about.
    private func steps(for wanted: [Int], configured: Set<Int>, isPreseeded: Bool) -> [InstallStep] {
        let needs = Dictionary(uniqueKeysWithValues: wanted.map { ($0, prerequisites(of: $0)) })
        var steps: [InstallStep] = []
        var configured = configured
        for group in groups(of: wanted, needs) {
            let before = group.reduce(into: Set()) { $0.formUnion(needs[$1] ?? []) }
                .subtracting(configured).subtracting(group)
            if !before.isEmpty { steps.append(.configure(names(before.sorted()))) }
            configured.formUnion(before)
            steps.append(.unpack(names(group), ignoringDependencies: false))
        }
        if !isPreseeded {
            let before = debconf.subtracting(configured)
            if !before.isEmpty { steps.append(.configure(names(before.sorted()))) }
            steps.append(.preseed)
        }
        return steps + [.configurePending]
    }

    /// By how many Pre-Depends in a row lead to a package.
    private func groups(of wanted: [Int], _ needs: [Int: Set<Int>]) -> [[Int]] {
        var level = Dictionary(uniqueKeysWithValues: wanted.map { ($0, 0) })
        // A level can at most be the number of packages; a circle stops moving there.
        for _ in wanted {
            var moved = false
            for index in wanted {
                let lowest = (needs[index] ?? []).subtracting([index]).compactMap { level[$0] }.max().map {
                    $0 + 1
                }
                if let lowest, lowest > level[index] ?? 0, lowest < wanted.count {
                    level[index] = lowest
                    moved = true
                }
            }
            if !moved { break }
        }
        return Dictionary(grouping: wanted) { level[$0] ?? 0 }.sorted { $0.key < $1.key }.map(\.value)
    }

    /// What must be configured before the package is unpacked: its Pre-Depends with all that those depend on.
    private func prerequisites(of index: Int) -> Set<Int> {
        closure(of: packages[index].preDepends.compactMap(provider))
    }

    private func closure(of start: [Int]) -> Set<Int> {
        var seen = Set(start)
        var pending = start
        while let index = pending.popLast() {
            for relation in packages[index].preDepends + packages[index].depends {
                if let next = provider(of: relation), seen.insert(next).inserted { pending.append(next) }
            }
        }
        return seen
    }

    /// The first alternative that the set has; a package of that very name before one that provides it.
    private func provider(of relation: PackageControl.Relation) -> Int? {
        for name in relation.alternatives {
            guard let candidates = providers[name], let first = candidates.first else { continue }
            return candidates.first { packages[$0].name == name } ?? first
        }
        return nil
    }

    private func names(_ indexes: [Int]) -> [String] { indexes.map { packages[$0].name } }
}

/// One call of dpkg.
enum InstallStep: Sendable, Hashable {
    /// `ignoringDependencies`: their files are in place already, so scripts run although nothing is configured.
    case unpack([String], ignoringDependencies: Bool)
    case configure([String])
    case configurePending
    /// debconf is told the definition's answers.
    case preseed
}

/// How an empty root becomes one where dpkg works.
///
/// Most packages have nothing that must run before they are unpacked. Those are laid out by us, in parallel, and dpkg
/// is told that it did; the others go through dpkg itself.
struct FreshStart: Sendable, Hashable {
    /// The Essential packages and all that they depend on: their files must be there before dpkg can run.
    let bootstrap: [String]
    /// Laid out and entered into dpkg's database by us.
    let plain: [String]
    let steps: [InstallStep]
}
