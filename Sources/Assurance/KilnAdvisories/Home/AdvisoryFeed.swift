/// Something that `kiln db update` fetches.
package struct AdvisoryFeed: Sendable, Hashable, CustomStringConvertible {
    package enum Kind: Sendable, Hashable {
        case debian
        case exploited
        case osv(String)
        case nvd(String)
    }

    package let kind: Kind

    package init(_ kind: Kind) {
        self.kind = kind
    }

    /// Reads `debian`, `kev`, `osv:PyPI`, `nvd:2026`.
    package init?(parsing text: String) {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        switch (parts.first, parts.count) {
        case ("debian", 1): kind = .debian
        case ("kev", 1): kind = .exploited
        case ("osv", 2) where Ecosystem(parts[1]).scheme != nil && parts[1].allSatisfy(Self.isPlain):
            kind = .osv(parts[1])
        case ("nvd", 2) where parts[1] == "recent" || (parts[1].count == 4 && Int(parts[1]) != nil):
            kind = .nvd(parts[1])
        default: return nil
        }
    }

    private static func isPlain(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || " .:-".contains(character))
    }

    package var description: String {
        switch kind {
        case .debian: "debian"
        case .exploited: "kev"
        case .osv(let ecosystem): "osv:\(ecosystem)"
        case .nvd(let year): "nvd:\(year)"
        }
    }

    /// What is fetched when nobody says otherwise: what Kiln's images are made of, and the languages that run on them.
    package static let standard: [AdvisoryFeed] =
        [AdvisoryFeed(.debian), AdvisoryFeed(.exploited)]
        + ["PyPI", "npm", "Go", "Maven", "crates.io", "RubyGems", "Alpine"].map { AdvisoryFeed(.osv($0)) }
}

/// Where feeds are fetched from; each may be a mirror of one's own.
package struct AdvisoryMirrors: Sendable, Hashable {
    package var debian = "https://security-tracker.debian.org/tracker/data/json"
    package var exploited =
        "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json"
    /// `<ecosystem>/all.zip` is below it.
    package var osv = "https://osv-vulnerabilities.storage.googleapis.com"
    /// `nvdcve-2.0-<year>.json.gz` is below it.
    package var nvd = "https://nvd.nist.gov/feeds/json/cve/2.0"

    package init() {}

    func url(of feed: AdvisoryFeed) -> String {
        switch feed.kind {
        case .debian: debian
        case .exploited: exploited
        case .osv(let ecosystem): "\(osv)/\(PackageURL.encoded(ecosystem))/all.zip"
        case .nvd(let year): "\(nvd)/nvdcve-2.0-\(year).json.gz"
        }
    }
}
