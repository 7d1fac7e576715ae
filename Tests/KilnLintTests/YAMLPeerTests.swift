import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing
import Yams

@testable import KilnLint

/// Our reader and libyaml see the same values in the same places.
@Suite struct `YAML, read by two` {
    private static let samples: [String] = [
        "a: 1\nb:\n  - x\n  - y: z\n    w: |\n      one\n        two\n\n      three\n    v: >-\n      folded\n      text\n\n      para\n",
        "a: {b: [1, 2, {c: d}], \"e f\": 'it''s'}\n",
        "a: \"tab\\t\\u00e9\\x41 \\\n   joined\"\nb: 'two\n  lines'\n",
        "plain text: spans\n  several\n  lines\nnext: x # comment\nurl: http://x/y#z\n",
        "- - a\n  - b\n-\n  c: d\n- !t e\n",
        "k:\n- a\n- b\nl: &x {m: n}\no: *x\n",
        "a: |+\n  keep\n\n\nb: |2\n    deep\n  flat\nc: >\n  a\n\n   more\n  b\n",
        "\"quoted key\": v\n? ", "empty:\nnull_value: ~\nlist: []\nmap: {}\n",
        "{\"json\": [true, null, 1.5, \"x\\/y\"], \"n\":{\"o\":1}}", "a: b\r\nc: d\r\n",
        "---\na: 1\n---\nb: 2\n...\n---\nc: 3\n",
        "a:\n    b:\n        c: d\n    e: f\n", "run: |\n  if x; then\n    y\n  fi\n\nother: z\n",
        "- a: b\n  c: d\n-   e: f\n    g: h\n",
        "[a, b\n, c]\n", "x: a: b\n", "a\n b: c\n", "a: [b\n", "a: 'b\n", "\tx: y\n", "a: b\n c: d\n",
        "a: @x\n",
    ]

    @Test(arguments: samples)
    func `gives what libyaml gives`(text: String) throws {
        try compare(text, name: text.debugDescription)
    }

    @Test func `gives what libyaml gives for all fixtures and examples`() throws {
        var count = 0
        for rule in RuleTable.all.map(\.id) {
            for kind in ["bad", "good"] {
                for input in try RuleFixtures.inputs(rule, kind) {
                    let name = input.source.name
                    guard name.hasSuffix(".yaml") || name.hasSuffix(".yml") || name.hasSuffix(".json") else {
                        continue
                    }
                    count += 1
                    try compare(
                        String(decoding: input.source.bytes, as: UTF8.self),
                        name: "\(rule)/\(kind)/\(name)"
                    )
                }
            }
        }
        #expect(count > 40)
    }

    private func compare(_ text: String, name: String) throws {
        let ours = YAMLReader.read(Array(text.utf8))
        // Yams keeps a pointer into the text, which only long strings store apart from themselves.
        let padded = text + (text.hasSuffix("\n") ? "" : "\n") + "#" + String(repeating: "x", count: 64)
        guard let theirs = Self.composed(padded) else {
            // What neither reads needs no place; what only we read is a guess that no other tool would make.
            #expect(!ours.problems.isEmpty, "\(name): read by us alone")
            return
        }
        guard ours.problems.isEmpty else {
            // Keys written with ? are the one thing that we leave out on purpose.
            #expect(text.contains("? "), "\(name): \(ours.problems)")
            return
        }
        let own = ours.documents.map(shape).filter { $0 != "''" }
        let other = theirs.compactMap { $0 }.map(shape).filter { $0 != "''" }
        #expect(own == other, "\(name)")
    }

    /// All documents; nil where libyaml gives up.
    private static func composed(_ text: String) -> [Yams.Node]? {
        var text = text
        text.makeContiguousUTF8()
        guard let parser = try? Parser(yaml: text, resolver: .basic, encoding: .utf8) else { return nil }
        var documents: [Yams.Node] = []
        do {
            while let root = try parser.nextRoot() { documents.append(root) }
        } catch {
            return nil
        }
        return withExtendedLifetime(parser) { documents }
    }

    private func shape(_ node: KilnLint.Node) -> String {
        switch node.content {
        case .scalar(let text): "'\(text)'"
        case .list(let items): "[" + items.map(shape).joined(separator: ",") + "]"
        case .map(let entries):
            "{" + entries.map { "'\($0.key)':\(shape($0.value))" }.sorted().joined(separator: ",") + "}"
        }
    }

    private func shape(_ node: Yams.Node) -> String {
        switch node {
        case .scalar(let scalar): return "'\(scalar.string)'"
        case .sequence(let items): return "[" + items.map(shape).joined(separator: ",") + "]"
        case .mapping(let mapping):
            let pairs = mapping.map { (key: $0.key.string ?? "", value: shape($0.value)) }
            return "{" + pairs.map { "'\($0.key)':\($0.value)" }.sorted().joined(separator: ",") + "}"
        default: return "?"
        }
    }
}
