/// One thing that Kiln needs of the machine, and whether it is there.
package struct DoctorFinding: Sendable, Hashable, Codable {
    package enum Kind: String, Sendable, Hashable, Codable {
        case tool
        case kernel
        case permission
    }

    package enum Status: String, Sendable, Hashable, Codable {
        case present
        case missing
        /// Only root can find out.
        case unknown
        /// Not there, and Kiln works without it: less well, or not for every definition.
        case optional
    }

    package let kind: Kind
    package let name: String
    package let status: Status
    /// A version, a layout, what was seen.
    package let detail: String
    package let neededFor: String
    /// What to do about it; nil when it is there.
    package let remedy: String?

    package init(
        _ kind: Kind,
        _ name: String,
        _ status: Status,
        detail: String = "",
        neededFor: String,
        remedy: String? = nil
    ) {
        self.kind = kind
        self.name = name
        self.status = status
        self.detail = detail
        self.neededFor = neededFor
        self.remedy = remedy
    }
}
