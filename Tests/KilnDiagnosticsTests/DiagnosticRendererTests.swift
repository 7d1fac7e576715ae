import KilnDiagnostics
import Testing

@Suite struct `Diagnostic renderer` {
    @Test func `an error shows place, line, caret, cause and hint`() {
        let source = SourceText(name: "kiln.yaml", text: "kiln: 1\nimagse:\n  base: {}\n")
        let diagnostic = Diagnostic(
            code: "definition.unknown-key",
            "unknown key \"imagse\"",
            at: SourceSpan(source: source, line: 2, column: 1, length: 6),
            causes: ["first\nsecond"],
            hint: "did you mean \"images\"?"
        )
        #expect(
            DiagnosticRenderer().render(diagnostic) == """
                error: unknown key "imagse"
                  --> kiln.yaml:2:1
                 2 | imagse:
                   | ^^^^^^
                cause: first
                       second
                hint: did you mean "images"?
                """
        )
    }

    @Test func `a caret never runs past its line`() {
        let source = SourceText(name: "f", text: "ab")
        let text = DiagnosticRenderer().render(
            Diagnostic(code: "x", "m", at: SourceSpan(source: source, line: 1, column: 2, length: 40))
        )
        #expect(text.hasSuffix("|  ^"))
    }

    @Test func `a long line is cut around the place`() {
        let text = String(repeating: "a", count: 500) + "X" + String(repeating: "b", count: 500)
        let span = SourceSpan(source: SourceText(name: "f", text: text), line: 1, column: 501, length: 1)
        let lines = DiagnosticRenderer().render(Diagnostic(code: "x", "m", at: span)).split(separator: "\n")
        #expect(lines[1] == "  --> f:1:501")
        #expect(lines[2].count == 5 + 202 && lines[2].hasPrefix(" 1 | …aaa") && lines[2].hasSuffix("bbb…"))
        #expect(
            lines[3].distance(from: lines[3].startIndex, to: lines[3].endIndex) - 1
                == lines[2].distance(
                    from: lines[2].startIndex,
                    to: lines[2].firstIndex(of: "X") ?? lines[2].startIndex
                )
        )
    }

    @Test func `control characters from elsewhere are shown, not sent to the terminal`() {
        let source = SourceText(name: "a\u{1B}[2Jb", text: "x\u{1B}[31m\ty")
        let diagnostic = Diagnostic(
            code: "x",
            "bad \u{1B}[31mname\nhint: run this\u{7F}\u{9B}",
            at: SourceSpan(source: source, line: 1, column: 7),
            causes: ["one\r\n\ttwo\u{8}"],
            hint: "that\u{7}"
        )
        #expect(
            DiagnosticRenderer().render(diagnostic) == #"""
                error: bad \u{1B}[31mname\u{A}hint: run this\u{7F}\u{9B}
                  --> a\u{1B}[2Jb:1:7
                 1 | x\#u{FFFD}[31m y
                   |       ^
                cause: one\u{D}
                       \#ttwo\u{8}
                hint: that\u{7}
                """#
        )
        let colored = DiagnosticRenderer(color: true).render(Diagnostic(code: "x", "\u{1B}[0m"))
        #expect(colored == "\u{1B}[1;31merror:\u{1B}[0m \\u{1B}[0m")
    }

    @Test func `text of several lines stays so, and text alone`() {
        #expect(ShownText.lines("+a\u{1B}[2Jb\n-\tc\r\n") == [#"+a\u{1B}[2Jb"#, "-\tc\\u{D}", ""])
    }

    @Test func `lines end with a newline or with both`() {
        let source = SourceText(name: "f", text: "a\r\nb\nc")
        #expect((0...4).map(source.line) == [nil, "a", "b", "c", nil])
    }

    @Test(arguments: [("imagse", "images"), ("pakages", "packages"), ("entrypiont", "entrypoint")])
    func `a typo finds the word that was meant`(typo: String, word: String) {
        #expect(Spelling.nearest(to: typo, in: ["images", "packages", "entrypoint", "env"]) == word)
    }

    @Test func `a word far from all others finds none`() {
        #expect(Spelling.nearest(to: "zebra", in: ["images", "packages"]) == nil)
    }
}
