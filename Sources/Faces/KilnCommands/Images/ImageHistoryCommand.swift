import ArgumentParser
import KilnDiagnostics
import KilnOCI
import KilnStore

struct ImageHistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Show what an image stands on: whose parent is newer by now, what was revoked.",
        discussion: """
            The image comes first, then what it stands on. An image is current while its name refers to it, outdated \
            once the name refers to a newer one, and undetermined when no image here has the name.

            Examples:

              kiln image history shop
              kiln image history --format json
            """
    )

    @Argument(
        help: "A name, a digest, or the first six or more digits of one; all images when none is named."
    )
    var image: String?

    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let store = ImageStore(home: context.home)
        let digests =
            if let image { [try store.image(image).digest] } else {
                // Of an image of several platforms each has a name of its own.
                try store.list().map(\.descriptor).filter { !$0.mediaType.isIndex }.map(\.digest)
            }
        var seen: Set<Digest> = []
        let ancestries = try store.ancestries(of: digests.filter { seen.insert($0).inserted })
        let reports = ancestries.map(AncestryReport.init)
        if format.format == .json { return try context.resultJSON(["images": reports]) }
        guard !reports.isEmpty else {
            context.console.message("no images yet: kiln bake makes them")
            return
        }
        let color = context.console.output.color
        context.console.result(reports.map { $0.text(color: color) }.joined(separator: "\n\n"))
    }
}

/// One image's ancestry for people and scripts.
struct AncestryReport: Encodable {
    struct Member: Encodable {
        let name: String?
        let digest: Digest
        let version: String?
        let created: String?
        /// `current`, `outdated`, `undetermined`.
        let standing: String
        let newer: Digest?
        let revocation: RevocationReport?

        init(_ member: Ancestry.Member) {
            name = member.name
            digest = member.digest
            version = member.version
            created = member.created
            (standing, newer) =
                switch member.standing {
                case .current: ("current", nil)
                case .outdated(let newer): ("outdated", newer)
                case .undetermined: ("undetermined", nil)
                }
            revocation = member.revocation.map(RevocationReport.init)
        }

        fileprivate var shownStanding: String {
            let standing = newer.map { "outdated: now \($0.short)" } ?? standing
            return revocation == nil ? standing : standing + ", revoked"
        }
    }

    let image: String
    let digest: Digest
    /// Whether it, or what it stands on, was revoked.
    let revoked: Bool
    /// Whether something that it stands on is newer by now.
    let outdated: Bool
    /// Whether all that it stands on is known here.
    let complete: Bool
    /// The image itself first.
    let members: [Member]
    private let notes: [String]

    private enum CodingKeys: CodingKey {
        case image
        case digest
        case revoked
        case outdated
        case complete
        case members
    }

    init(_ ancestry: Ancestry) {
        let top = ancestry.members[0]
        image = top.name ?? top.digest.short
        digest = top.digest
        revoked = ancestry.revoked != nil
        members = ancestry.members.map(Member.init)
        outdated = members.dropFirst().contains { $0.newer != nil }
        complete = ancestry.isComplete
        var notes = ancestry.members.compactMap { member in
            member.revocation.map { "revoked  \(member.shown): \($0.shown)" }
        }
        if !ancestry.isComplete, let last = ancestry.members.last {
            notes.append("unknown  \(last.shown) is not here, so what it stands on is undetermined")
        }
        self.notes = notes
    }

    func text(color: Bool) -> String {
        var table = TextTable(
            ("IMAGE", .left),
            ("VERSION", .left),
            ("DIGEST", .left),
            ("CREATED", .left),
            ("STANDING", .left)
        )
        for (depth, member) in members.enumerated() {
            table.add(
                String(repeating: "  ", count: depth) + (member.name ?? "-"),
                member.version ?? "-",
                member.digest.short,
                member.created ?? "-",
                member.shownStanding
            )
        }
        return ([table.render(color: color)] + (notes.isEmpty ? [] : [""]) + notes.map(ShownText.line))
            .joined(separator: "\n")
    }
}
