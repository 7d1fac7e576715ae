/// A value of a YAML, JSON or HCL file with its place: what all readers of structured files give.
package struct Node: Sendable {
    enum Content: Sendable {
        case scalar(String)
        case list([Node])
        case map([Entry])
    }

    struct Entry: Sendable {
        let key: String
        let keyRange: Range<Int>
        let value: Node
    }

    enum Style: Sendable {
        case plain
        case quoted
        case block
    }

    var content: Content
    /// In the file; of an alias, where the alias stands.
    var range: Range<Int>
    var style = Style.plain
    /// Such as `!Ref`.
    var tag: String?
    /// A part of it is known only when it is used: a parameter, a variable without a value.
    var isUnknown = false
    /// The text stands in another file, which the range names.
    var isElsewhere = false
    /// How many nodes it would be, aliases written out.
    var weight = 1

    init(_ content: Content, at range: Range<Int>) {
        self.content = content
        self.range = range
    }

    static func unknown(_ written: String, at range: Range<Int>) -> Node {
        var node = Node(.scalar(written), at: range)
        node.isUnknown = true
        return node
    }

    static let nothing = Node(.scalar(""), at: 0..<0)

    var text: String? {
        if case .scalar(let text) = content { text } else { nil }
    }

    var isNothing: Bool {
        guard style == .plain, case .scalar(let text) = content, !isUnknown else { return false }
        return text.isEmpty || text == "null" || text == "~" || text == "Null" || text == "NULL"
    }

    var entries: [Entry] {
        if case .map(let entries) = content { entries } else { [] }
    }

    var isMap: Bool {
        if case .map = content { true } else { false }
    }

    var isList: Bool {
        if case .list = content { true } else { false }
    }

    /// Of a list; a lone value is none.
    var items: [Node] {
        if case .list(let items) = content { items } else { [] }
    }

    /// Of a list, or the value itself: where both are allowed.
    var itemsOrSelf: [Node] {
        switch content {
        case .list(let items): items
        case .map: [self]
        case .scalar: isNothing ? [] : [self]
        }
    }

    subscript(key: String) -> Node? { entry(key)?.value }

    func entry(_ key: String) -> Entry? {
        guard case .map(let entries) = content else { return nil }
        return entries.first { $0.key == key }
    }

    func at(_ path: String...) -> Node? {
        var node: Node? = self
        for key in path { node = node?[key] }
        return node
    }

    /// The value of the first of the keys that is there.
    func any(_ keys: String...) -> Node? {
        for key in keys {
            if let value = self[key] { return value }
        }
        return nil
    }

    /// YAML 1.1 takes `yes` and `on` too, and so do tools that read it.
    var bool: Bool? {
        guard let text, !isUnknown else { return nil }
        switch text {
        case "true", "True", "TRUE", "yes", "Yes", "on", "On": return true
        case "false", "False", "FALSE", "no", "No", "off", "Off": return false
        default: return nil
        }
    }

    /// Calls for this node and all below it.
    func visit(_ body: (Node) -> Void) {
        body(self)
        switch content {
        case .scalar: return
        case .list(let items): for item in items { item.visit(body) }
        case .map(let entries): for entry in entries { entry.value.visit(body) }
        }
    }
}
