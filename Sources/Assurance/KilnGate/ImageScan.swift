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
    package let secrets: SecretSurvey

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
            inventory = try await Inventory.read(image, home: home)
            if looksForSecrets { secrets = try await LayerSecrets(home: home).survey(image) }
        } else {
            inventory = try await Inventory.read(target, home: home)
            if looksForSecrets, case .root(let path) = target {
                secrets = try await Blocking.run { try RootSecrets.survey(path) }
            }
        }
        let packages = inventory.judgedPackages
        let match = try database.map { try Matcher($0, policy: policy).match(packages) } ?? MatchResult()
        return ImageScan(inventory: inventory, match: match, secrets: secrets)
    }
}

extension Inventory {
    /// What advisories are held against: what a distribution's package brought is judged by the distribution's advisories alone, which know of fixes that were taken back.
    package var judgedPackages: [InventoryPackage] {
        var seen: Set<InventoryPackage> = []
        return entries.filter { $0.kind.isDistribution || $0.owner == nil }.map(\.package).filter {
            seen.insert($0).inserted
        }
    }

    /// `layer 2: packages of shop`, where a package came in.
    package func origin(of package: InventoryPackage) -> PackageOrigin? {
        guard let entry = entries.first(where: { $0.package == package }), let layer = layer(of: entry) else {
            return nil
        }
        return PackageOrigin(layer: layer.index, diffID: layer.diffID.description, createdBy: layer.createdBy)
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

    /// `hasChecks` is whether the definition has checks for the image.
    package func verdict(
        on image: Digest,
        named name: ImageName,
        by rules: GateDefinition,
        hasChecks: Bool,
        now: Int64
    ) async throws -> GateVerdict {
        let database = rules.needsDatabase ? try AdvisoryHome(home).openIfThere() : nil
        let scan = try await ImageScan.read(
            .image(image.description),
            home: home,
            database: database,
            looksForSecrets: rules.secrets == .refuse
        )
        let today = Moment(seconds: now).day
        let judgement = Judgement(
            scan.match.findings,
            ignoring: rules.ignored.compactMap(\.entry),
            today: today
        )
        var facts = GateFacts(image: image, imageName: name, now: Moment(seconds: now), findings: judgement)
        facts.database = database.map { ($0.digest, $0.date) }
        facts.unsupported = scan.match.unsupported
        facts.endOfLife = scan.inventory.distribution?.endOfLife.flatMap { $0 < today ? $0 : nil }
        facts.secrets = scan.secrets.secrets
        facts.licences = scan.inventory.entries.map { ($0.package.name, $0.licences) }
        facts.hasChecks = hasChecks
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
