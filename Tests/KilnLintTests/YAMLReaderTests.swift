import Testing

@testable import KilnLint

@Suite struct `YAML` {
    private func read(_ text: String) -> YAMLReader.Result { YAMLReader.read(Array(text.utf8)) }

    @Test func `has many documents, anchors, merge keys and tags`() throws {
        let result = read(
            """
            %YAML 1.2
            ---
            base: &base
              image: nginx
              list: [a, {b: 1}, "c"]
            use:
              <<: *base
              image: other
            ref: !Ref Name
            sub: !Sub |
              text
            ---
            - 1
            - - nested
              - x
            ...
            """
        )
        #expect(result.problems.isEmpty)
        #expect(result.documents.count == 2)
        let root = try #require(result.documents.first)
        #expect(root.at("use", "image")?.text == "other")
        #expect(root.at("use", "list")?.items.count == 3)
        #expect(root["ref"]?.tag == "!Ref" && root["ref"]?.text == "Name")
        #expect(root["sub"]?.text == "text\n")
        #expect(result.documents[1].items[1].items.map(\.text) == ["nested", "x"])
    }

    @Test func `goes on behind a document that cannot be read`() {
        let result = read("a: 1\n  b: 2\n---\nc: 3\n")
        #expect(result.problems.count == 1)
        #expect(result.documents.map { $0["c"]?.text } == ["3"])
    }

    @Test func `bounds depth and what aliases would write out`() {
        #expect(read(String(repeating: "[", count: 5000)).problems.count == 1)
        var laughs = "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        for level in 1..<12 {
            let name = Array("abcdefghijklm")[level]
            let before = Array("abcdefghijklm")[level - 1]
            laughs +=
                "\(name): &\(name) [" + [String](repeating: "*\(before)", count: 10).joined(separator: ",")
                + "]\n"
        }
        #expect(read(laughs).problems.map(\.message) == ["more than 1000000 values, aliases written out"])
    }
}
