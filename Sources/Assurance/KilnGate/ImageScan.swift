package import KilnAdvisories
package import KilnDefinition
package import KilnInventory
package import KilnOCI
import KilnStore
package import KilnSystem
import SystemPackage

/// An image or a folder, looked through once: what it holds, what is known of that, and which secrets lie in it.
package struct ImageScan: Sendable {
    package let inventory: Inventory
    /// Empty without a database.
    package let match: MatchResult
    /// What was held against the database; without one, what would be held against any.
    package let packages: Int
    package let secrets: SecretSurvey
    let looksForSecrets: Bool

    /// `database` nil only takes the inventory and looks for secrets.
    package static func read(
        _ target: InventoryTarget,
        home: KilnHome,
        database: AdvisoryDatabase?,
        policy: Matcher.Policy = Matcher.Policy(),
        looksForSecrets: Bool = true
    ) async throws -> ImageScan {
        let inventory: Inventory
        var secrets = SecretSurvey()
        if let image = try await ImageContent.open(target, home: home) {
            inventory = try await Inventory.read(image, home: home, files: false)
            if looksForSecrets { secrets = try await LayerSecrets(home: home).survey(image) }
        } else {
            inventory = try await Inventory.read(target, home: home)
            if looksForSecrets, case .root(let path) = target {
                secrets = try await Blocking.run { try RootSecrets.survey(path) }
            }
        }
        let (match, packages) = try Self.match(inventory, database, policy)
        return ImageScan(
            inventory: inventory,
            match: match,
            packages: packages,
            secrets: secrets,
            looksForSecrets: looksForSecrets
        )
    }

    private static func match(
        _ inventory: Inventory,
        _ database: AdvisoryDatabase?,
        _ policy: Matcher.Policy
    ) throws -> (MatchResult, packages: Int) {
        guard let database else { return (MatchResult(), inventory.judgedPackages.count) }
        var judge = BroughtJudge(database)
        let packages = try inventory.judged.packages(by: &judge)
        return (try Matcher(database, policy: policy).match(packages), packages.count)
    }

    /// The same as a gate judges it: by what is true, whatever a user chose about findings.
    fileprivate func judged(by database: AdvisoryDatabase?) throws -> ImageScan {
        let (match, packages) = try Self.match(inventory, database, Matcher.Policy())
        return ImageScan(
            inventory: inventory,
            match: match,
            packages: packages,
            secrets: secrets,
            looksForSecrets: looksForSecrets
        )
    }
}

extension Inventory {
    /// `layer 2: packages of shop`, where packages came in.
    package func origins(of packages: Set<InventoryPackage>) -> [InventoryPackage: PackageOrigin] {
        var found: [InventoryPackage: PackageOrigin] = [:]
        for entry in entries where packages.contains(entry.package) && found[entry.package] == nil {
            guard let layer = layer(of: entry) else { continue }
            found[entry.package] = PackageOrigin(
                layer: layer.index,
                diffID: layer.diffID.description,
                createdBy: layer.createdBy
            )
        }
        return found
    }
}

extension IgnoreDefinition {
    /// As findings are held against; its fields were checked when it was read.
    package var entry: IgnoreEntry? {
        try? IgnoreEntry(id: id, package: package, reason: reason, expires: expires)
    }
}

/// Takes an image's gate to what is known of the image.
package struct ReleaseJudge: Sendable {
    private let home: KilnHome

    package init(home: KilnHome) {
        self.home = home
    }

    /// `hasChecks` is whether the definition has checks for the image, `signature` what was found where the rules ask for one,
    /// `known` what was found in the image a moment ago.
    package func verdict(
        on image: Digest,
        named name: ImageName,
        by rules: GateDefinition,
        hasChecks: Bool,
        signature: GateFacts.Signature? = nil,
        known: ImageScan? = nil,
        now: Int64
    ) async throws -> GateVerdict {
        let database = rules.needsDatabase ? try AdvisoryHome(home).openIfThere() : nil
        let scan =
            if let known, known.inventory.digest == image, known.looksForSecrets || rules.secrets == .ignore {
                try known.judged(by: database)
            } else {
                try await ImageScan.read(
                    .image(image.description),
                    home: home,
                    database: database,
                    looksForSecrets: rules.secrets == .refuse
                )
            }
        let today = Moment(seconds: now).day
        let judgement = Judgement(
            scan.match.findings,
            ignoring: rules.ignored.compactMap(\.entry),
            today: today
        )
        var facts = GateFacts(image: image, imageName: name, now: Moment(seconds: now), findings: judgement)
        facts.database = database.map { ($0.digest, $0.date) }
        facts.unread = scan.inventory.notes.map { "\($0.path): \($0.text)" }
        facts.unjudged = scan.match.unjudged
        facts.unsupported = scan.match.unsupported
        facts.endOfLife = scan.inventory.distribution?.endOfLife.flatMap { $0 < today ? $0 : nil }
        facts.secrets = scan.secrets.secrets
        facts.licences = scan.inventory.entries.map { ($0.package.name, $0.licences) }
        facts.hasChecks = hasChecks
        facts.signature = signature
        let store = ImageStore(home: home)
        if rules.baseAge != nil {
            let ancestry = try store.ancestry(of: image)
            facts.baseMade = ancestry.members.last?.created.flatMap { Moment(parsing: $0) }
        }
        if rules.verified { facts.unverified = try unverified(image, store) }
        return GateJudge(rules).verdict(on: facts)
    }

    private func unverified(_ image: Digest, _ store: ImageStore) throws -> [String] {
        let manifest = try store.manifest(image).value
        let config = try store.config(manifest).value
        let verdicts = try LayerCache(home: home).verdicts(of: Set(config.rootfs.diffIDs))
        let made = (config.history ?? []).filter { $0.emptyLayer != true }
        return config.rootfs.diffIDs.enumerated().compactMap { place, diffID in
            guard verdicts[diffID]?.result != .verified else { return nil }
            return "layer \(place + 1)"
                + (place < made.count ? made[place].createdBy.map { ": \($0)" } ?? "" : "")
        }
    }
}
