/// The order of Maven 4's `ComparableVersion`: words by their meaning (alpha, beta, milestone, rc, snapshot, the release, sp, the rest by
/// alphabet), before numbers after a dash, before numbers after a dot. What a version lacks counts as the release.
enum MavenOrder {
    /// What stands at a place. Between `lowerRelease` and `numberedRelease` lies what begins as the release itself does.
    private enum Mark {
        static let firstQualifier: UInt8 = 0x10
        /// A word for the release, with something after it that is before the release.
        static let lowerRelease: UInt8 = 0x50
        static let end: UInt8 = 0x51
        static let higherRelease: UInt8 = 0x52
        static let numberedRelease: UInt8 = 0x53
        static let servicePack: UInt8 = 0x54
        static let otherQualifier: UInt8 = 0x55
        /// A list that begins with a number: one after a dash.
        static let list: UInt8 = 0x60
        static let number: UInt8 = 0x70
    }

    private static let qualifiers = ["alpha", "beta", "milestone", "rc", "snapshot"]

    static func key(_ text: String) throws(VersionSyntaxError) -> VersionKey {
        let lists = MavenLists(text.lowercased()).lists
        var writer = KeyWriter()
        for (depth, list) in lists.enumerated() {
            if depth > 0, case .number? = list.first { writer.mark(Mark.list) }
            for (place, item) in list.enumerated() {
                let isLower = item.isRelease && isLower(after: (depth, place), in: lists)
                write(item, isLower: isLower, to: &writer)
                // A word among the items of a list is as a list of its own.
                if place > 0, item.isWord { writer.mark(Mark.end) }
            }
        }
        for _ in lists { writer.mark(Mark.end) }
        return writer.key
    }

    private static func write(_ item: MavenLists.Item, isLower: Bool, to writer: inout KeyWriter) {
        switch item {
        case .number(let digits):
            writer.mark(Mark.number)
            writer.number(digits)
        case .word(let name, let number):
            if item.isRelease {
                writer.mark(isLower ? Mark.lowerRelease : Mark.higherRelease)
                return
            }
            if MavenLists.releases.contains(name) {
                writer.mark(Mark.numberedRelease)
            } else if name == "sp" {
                writer.mark(Mark.servicePack)
            } else if let rank = qualifiers.firstIndex(of: name) {
                writer.mark(Mark.firstQualifier + UInt8(rank))
            } else {
                writer.mark(Mark.otherQualifier)
                writer.text(name.utf8)
            }
            writer.mark(number == nil ? 1 : 0xFE)
            if let number { writer.number(number) }
        }
    }

    /// Whether what follows a place is before the release: told by the first thing that says something.
    private static func isLower(after place: (depth: Int, item: Int), in lists: [[MavenLists.Item]]) -> Bool {
        for depth in place.depth..<lists.count {
            for item in lists[depth].dropFirst(depth == place.depth ? place.item + 1 : 0) {
                switch item {
                case .number: if !item.isZero { return false }
                case .word(let name, _): if !item.isRelease { return qualifiers.contains(name) }
                }
            }
        }
        return false
    }
}

/// A version's items in lists, of which each but the first is the last item of the one before it.
struct MavenLists {
    enum Item {
        case number([UInt8])
        /// A word in lower case, and the number that is tied to it.
        case word(String, number: [UInt8]?)

        var isWord: Bool {
            if case .word = self { true } else { false }
        }

        var isZero: Bool {
            if case .number(let digits) = self {
                digits.allSatisfy { $0 == UInt8(ascii: "0") }
            } else {
                false
            }
        }

        /// A word that says that this is the release, no more.
        var isRelease: Bool {
            guard case .word(let name, let number) = self, releases.contains(name) else { return false }
            return number?.allSatisfy { $0 == UInt8(ascii: "0") } ?? true
        }
    }

    static let releases = ["", "ga", "final", "release"]

    private(set) var lists: [[Item]] = [[]]

    init(_ text: String) {
        read(Array(text.utf8))
        normalize()
        dropReleases()
    }

    private mutating func read(_ bytes: [UInt8]) {
        var start = 0
        var isDigit = false
        var isTied = false
        for (place, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "."):
                add(bytes[start..<place], isDigit: isDigit, isTied: isTied)
                isTied = false
                start = place + 1
            case UInt8(ascii: "-"):
                if place > start, !isDigit, place + 1 < bytes.count, bytes[place + 1].isDigit {
                    isTied = true
                    continue
                }
                add(bytes[start..<place], isDigit: isDigit, isTied: isTied)
                isTied = false
                start = place + 1
                open()
            case _ where byte.isDigit:
                if !isDigit, place > start {
                    isTied = true
                    open()
                }
                isDigit = true
            default:
                if isDigit, place > start {
                    add(bytes[start..<place], isDigit: true, isTied: isTied)
                    isTied = false
                    start = place
                    lists.append([])
                }
                isDigit = false
            }
        }
        guard start < bytes.count else { return }
        if !isDigit { open() }
        add(bytes[start...], isDigit: isDigit, isTied: isTied)
    }

    /// Begins a list of its own, unless the last one has just begun.
    private mutating func open() {
        if lists[lists.count - 1].isEmpty { return }
        lists.append([])
    }

    private mutating func add(_ bytes: ArraySlice<UInt8>, isDigit: Bool, isTied: Bool) {
        lists[lists.count - 1].append(Self.item(bytes, isDigit: isDigit, isTied: isTied))
    }

    private static func item(_ bytes: ArraySlice<UInt8>, isDigit: Bool, isTied: Bool) -> Item {
        if bytes.isEmpty { return .number([]) }
        guard isTied else {
            return isDigit ? .number(Array(bytes)) : .word(known(bytes, isTied: false), number: nil)
        }
        let text = bytes.filter { $0 != UInt8(ascii: "-") }
        let cut = text.firstIndex(where: \.isDigit) ?? text.endIndex
        return .word(known(text[..<cut], isTied: true), number: text[cut...].filter(\.isDigit))
    }

    private static func known(_ bytes: ArraySlice<UInt8>, isTied: Bool) -> String {
        let word = String(decoding: bytes, as: UTF8.self)
        switch word {
        case "a" where isTied: return "alpha"
        case "b" where isTied: return "beta"
        case "m" where isTied: return "milestone"
        case "cr": return "rc"
        default: return word
        }
    }

    /// Takes words for the release off the end, where they are as good as nothing.
    private mutating func dropReleases() {
        while let last = lists.last?.last, last.isRelease {
            lists[lists.count - 1].removeLast()
            if lists[lists.count - 1].isEmpty { lists.removeLast() }
        }
        if lists.isEmpty { lists = [[]] }
    }

    /// Takes out zeros that say nothing: at a list's end and before words.
    private mutating func normalize() {
        var inner: [[Item]] = []
        for list in lists.reversed() {
            var kept: [Item] = []
            for item in list.reversed() {
                if item.isZero {
                    let follower = kept.last ?? inner.first?.first
                    guard let follower else { continue }
                    if follower.isWord { continue }
                }
                kept.append(item)
            }
            // A list of which only the inner one is left is that one.
            if !kept.isEmpty { inner.insert(kept.reversed(), at: 0) }
        }
        lists = inner
    }
}
