package import KilnOCI

/// What was seen of an image's packages when its archives were last asked: kept, so that whoever wants to know how far
/// behind it is needs neither its definition nor a network.
package struct PatchState: Sendable, Hashable, Codable {
    /// One that a newer version was seen of.
    package struct Package: Sendable, Hashable, Codable {
        package let name: String
        package let old: String
        package let new: String
        /// It comes from a suite for security, or names what it fixes.
        package let isSecurity: Bool
        /// When Kiln first saw a newer version than the image has. Seconds since 1970.
        package var first: Int64

        package init(name: String, old: String, new: String, isSecurity: Bool, first: Int64) {
            self.name = name
            self.old = old
            self.new = new
            self.isSecurity = isSecurity
            self.first = first
        }
    }

    /// The image's manifest.
    package let image: Digest
    /// Of all versions that an update would have chosen: the archives' state as far as it matters to the image.
    package let archives: Digest
    /// How many packages were compared.
    package let compared: Int
    /// When that was, in seconds since 1970.
    package let checked: Int64
    package private(set) var behind: [Package]

    package init(image: Digest, archives: Digest, compared: Int, checked: Int64, behind: [Package]) {
        self.image = image
        self.archives = archives
        self.compared = compared
        self.checked = checked
        self.behind = behind
    }

    /// The same after what was seen before of the same image: what was behind then is so since then.
    package func following(_ earlier: PatchState?) -> PatchState {
        guard let earlier, earlier.image == image else { return self }
        let first = Dictionary(earlier.behind.map { ($0.name, $0.first) }) { min($0, $1) }
        var state = self
        state.behind = behind.map { package in
            var package = package
            package.first = min(package.first, first[package.name] ?? package.first)
            return package
        }
        return state
    }

    package var summary: PatchSummary {
        PatchSummary(
            behind: behind.count,
            security: behind.count(where: \.isSecurity),
            since: behind.map(\.first).min(),
            checked: checked
        )
    }
}

/// How far a fleet's image is behind its archives, as far as is known.
package struct PatchSummary: Sendable, Hashable, Codable {
    /// Packages that a newer version is known of.
    package let behind: Int
    /// Of those, the ones that fix a vulnerability.
    package let security: Int
    /// When the first of what is missed was seen; nil when nothing is. Seconds since 1970.
    package let since: Int64?
    /// When the archives were asked.
    package let checked: Int64

    package init(behind: Int, security: Int, since: Int64?, checked: Int64) {
        self.behind = behind
        self.security = security
        self.since = since
        self.checked = checked
    }

    /// Seconds since the first of what is missed was seen; 0 when nothing is.
    package func lag(now: Int64) -> Int64 { since.map { max(0, now - $0) } ?? 0 }
}
