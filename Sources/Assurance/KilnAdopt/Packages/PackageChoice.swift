/// Which of a server's packages somebody chose, and why each of the others is there. Pure.
package struct PackageChoice: Sendable, Hashable {
    package enum Standing: Sendable, Hashable {
        /// In every minimal root: essential, required, apt, and what those need.
        case minimal
        /// In a stock installation (priority important or standard), and neither changed nor needed by what was chosen.
        case stock
        /// Named in the definition, with why.
        case chosen(String)
        /// Comes with what is named.
        case dependency
        /// Installed for something that is gone: nothing asks for it.
        case orphan
        /// Removed, with configuration left behind.
        case removed
        /// Half installed.
        case broken(String)
    }

    /// By package, in the order given.
    package private(set) var standings: [Standing]
    package let packages: [ServerPackage]
    /// Whether apt's record of what was chosen by hand could be used.
    package let isRecorded: Bool
    private let index: [String: [Int]]

    /// `needed` are packages whose files somebody changed or whose service runs: they stay, whatever their priority.
    package init(_ packages: [ServerPackage], automatic: Set<String>?, needed: Set<String>) {
        self.packages = packages
        var index: [String: [Int]] = [:]
        for (place, package) in packages.enumerated() where package.state == .installed {
            index[package.name, default: []].append(place)
            for name in package.provides { index[name, default: []].append(place) }
        }
        self.index = index
        isRecorded = automatic.map { marked in packages.contains { marked.contains($0.name) } } ?? false
        standings = packages.map { package in
            switch package.state {
            case .installed: .orphan
            case .configFiles: .removed
            case .broken(let state): .broken(state)
            }
        }
        settle(automatic ?? [], needed)
    }

    private mutating func settle(_ automatic: Set<String>, _ needed: Set<String>) {
        let installed = packages.indices.filter { packages[$0].state == .installed }
        let roots = installed.filter {
            packages[$0].isEssential || packages[$0].priority == "required"
                || ["apt", "usr-is-merged"].contains(packages[$0].name)
        }
        // Kiln's roots have usr-is-merged in its place, and not the perl that it needs.
        let merging = Set(installed.filter { packages[$0].name == "usrmerge" })
        for place in closure(roots, without: merging) { standings[place] = .minimal }
        for place in merging { standings[place] = .stock }
        // Came with it when the root was made, when apt marked nothing.
        if merging.contains(where: { !automatic.contains(packages[$0].name) }) {
            for place in closure(Array(merging))
            where standings[place] == .orphan && !needed.contains(packages[place].name) {
                standings[place] = .stock
            }
        }
        let rest = installed.filter { standings[$0] == .orphan }
        let leaves = isRecorded ? nil : leaves(rest)
        var chosen: [Int] = []
        for place in rest {
            let package = packages[place]
            let isManual = leaves?.contains(place) ?? !automatic.contains(package.name)
            guard isManual || needed.contains(package.name) else { continue }
            let isStock = package.priority == "important" || package.priority == "standard"
            if isStock, !needed.contains(package.name) {
                standings[place] = .stock
            } else {
                standings[place] = .chosen(
                    !isManual
                        ? "the server runs or configures it"
                        : isRecorded
                            ? "installed by hand: apt's extended_states does not mark it as automatic"
                            : "no other package needs it; apt's record of what was installed by hand is missing"
                )
                chosen.append(place)
            }
        }
        for place in closure(chosen) where standings[place] == .orphan || standings[place] == .stock {
            standings[place] = .dependency
        }
        chooseRecommended(rest, chosen)
        // What stock packages need is stock too.
        let stock = installed.filter { standings[$0] == .stock }
        for place in closure(stock) where standings[place] == .orphan { standings[place] = .stock }
        for place in installed
        where standings[place] == .orphan && ["important", "standard"].contains(packages[place].priority) {
            standings[place] = .stock
        }
    }

    /// apt installs what a package recommends, Kiln does not: such are named, with who recommends them.
    private mutating func chooseRecommended(_ rest: [Int], _ chosen: [Int]) {
        var asking = closure(chosen).sorted()
        while !asking.isEmpty {
            var next: [Int] = []
            for place in asking {
                for (relation, word) in [
                    (packages[place].recommends, "recommends"), (packages[place].suggests, "suggests"),
                ] {
                    for target in relation.flatMap({ $0 }).flatMap({ index[$0] ?? [] })
                    where standings[target] == .orphan {
                        standings[target] = .chosen("\(packages[place].name) \(word) it")
                        for needed in closure([target]) where standings[needed] == .orphan {
                            standings[needed] = .dependency
                            next.append(needed)
                        }
                        next.append(target)
                    }
                }
            }
            asking = next.sorted()
        }
    }

    /// Packages that no other installed one depends on.
    private func leaves(_ places: [Int]) -> Set<Int> {
        var needed: Set<Int> = []
        for place in packages.indices where packages[place].state == .installed {
            for target in packages[place].depends.flatMap({ $0 }).flatMap({ index[$0] ?? [] })
            where target != place {
                needed.insert(target)
            }
        }
        return Set(places).subtracting(needed)
    }

    private func closure(_ roots: [Int], without left: Set<Int> = []) -> Set<Int> {
        let roots = roots.filter { !left.contains($0) }
        var found = Set(roots)
        var pending = roots
        while let place = pending.popLast() {
            for target in packages[place].depends.flatMap({ $0 }).flatMap({ index[$0] ?? [] })
            where !left.contains(target) {
                if found.insert(target).inserted { pending.append(target) }
            }
        }
        return found
    }

    // MARK: - What is asked

    package func standing(of name: String) -> Standing? {
        packages.firstIndex { $0.name == name }.map { standings[$0] }
    }

    /// Names to write into the definition with why, sorted; each once, whatever it is installed for.
    package var chosen: [(package: ServerPackage, why: String)] {
        var seen: Set<String> = []
        return packages.indices.compactMap { place in
            guard case .chosen(let why) = standings[place], seen.insert(packages[place].name).inserted else {
                return nil
            }
            return (package: packages[place], why: why)
        }
        .sorted { $0.package.name < $1.package.name }
    }

    /// Chosen, and installed for another architecture than the server's own.
    package var foreign: [ServerPackage] {
        guard let own = packages.first(where: { $0.name == "dpkg" })?.architecture else { return [] }
        return packages.indices.compactMap { place in
            guard case .chosen = standings[place] else { return nil }
            return ["", "all", own].contains(packages[place].architecture) ? nil : packages[place]
        }
    }

    package func names(_ standing: Standing) -> [String] {
        packages.indices.filter { standings[$0] == standing }.map { packages[$0].name }.sorted()
    }
}
