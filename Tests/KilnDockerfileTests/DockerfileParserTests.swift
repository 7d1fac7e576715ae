import KilnDockerfile
import Testing

@Suite struct `A Dockerfile` {
    private func parse(_ text: String) -> Dockerfile { DockerfileParser.parse(Array(text.utf8)) }

    @Test func `is read instruction by instruction, with continued lines joined`() throws {
        let file = parse(
            """
            # a comment
            FROM debian:12 AS build
            RUN apt-get update && \\
                # why
                apt-get install -y \\

                curl
            COPY --from=build --chown=1:1 ["a b", "/c/"]
            """
        )
        #expect(file.problems.isEmpty)
        #expect(file.instructions.map(\.keyword) == ["FROM", "RUN", "COPY"])
        let words = file.instructions[1].words.map(\.text)
        #expect(words == ["apt-get", "update", "&&", "apt-get", "install", "-y", "curl"])
        #expect(file.instructions[2].flags.map(\.name) == ["from", "chown"])
        #expect(file.instructions[2].flag("from")?.value == "build")
        #expect(file.instructions[2].json?.map(\.text) == ["a b", "/c/"])
        #expect(file.stages.first?.name == "build")
    }

    @Test func `knows where each word stands`() throws {
        let text = "FROM a\nRUN one \\\n  two 'th ree'\n"
        let bytes = Array(text.utf8)
        for word in parse(text).instructions[1].words {
            #expect(String(decoding: bytes[word.range], as: UTF8.self) == word.written)
        }
    }

    @Test func `takes its escape from a directive at its top alone`() {
        let windows = parse("# escape=`\nFROM a\nRUN dir C:\\ `\n  && echo x\n")
        #expect(windows.escape == UInt8(ascii: "`"))
        #expect(windows.instructions.count == 2)
        let late = parse("# a comment\n# escape=`\nFROM a\n")
        #expect(late.escape == UInt8(ascii: "\\"))
        #expect(parse("# syntax=docker/dockerfile:1\nFROM a").directives["syntax"] == "docker/dockerfile:1")
    }

    @Test func `has the text of its heredocs`() throws {
        let file = parse(
            "FROM a\nRUN <<EOF bash\nset -e\nmake\nEOF\nCOPY <<-\"X\" /etc/x\n\tone $y\n\tX\nUSER 1\n"
        )
        #expect(file.problems.isEmpty)
        #expect(file.instructions.map(\.keyword) == ["FROM", "RUN", "COPY", "USER"])
        #expect(file.instructions[1].heredocs.first?.text.string == "set -e\nmake\n")
        let copy = try #require(file.instructions[2].heredocs.first)
        #expect(copy.text.string == "one $y\n" && !copy.expands)
    }

    @Test func `says what it cannot read`() {
        #expect(parse("FORM debian\n").problems.map(\.message) == ["there is no instruction FORM"])
        #expect(
            parse("FROM a\nRUN <<EOF\nnever").problems.map(\.message) == ["the text after <<EOF has no end"]
        )
    }

    @Test(arguments: [
        ("$a", "one"), ("${a}x", "onex"), ("${b:-two}", "two"), ("${a:-two}", "one"), ("${a:+set}", "set"),
        ("${b:+set}", ""), ("${e:-x}", "x"), ("${e-x}", ""), ("\\$a", "$a"), ("${b:-${a}}", "one"),
        ("${b:-/p/q}", "/p/q"),
        ("plain", "plain"), ("$", "$"), ("${unclosed", "${unclosed"),
    ])
    func `has variables put in`(text: String, expected: String) {
        let variables = DockerVariables(["a": "one", "e": ""])
        #expect(variables.resolve(text).text == expected)
    }

    @Test func `tells which variables have no value`() {
        let result = DockerVariables(["a": nil]).resolve("r/$a:${b}")
        #expect(result.unknown == ["a", "b"])
        #expect(result.text == "r/$a:${b}")
    }

    @Test func `gives pairs in both forms`() {
        let file = parse("FROM a\nENV A=1 B=\"two words\"\nENV OLD the rest\nARG X\nARG Y=2\n")
        let pairs = file.instructions.dropFirst().flatMap(\.pairs)
        #expect(pairs.map(\.name) == ["A", "B", "OLD", "X", "Y"])
        #expect(pairs.map(\.value?.text) == ["1", "two words", "the rest", nil, "2"])
    }

    /// Broken files of all kinds: no trap, and no place outside of the file.
    @Test func `survives whatever is in it`() {
        let pieces = [
            "FROM a\n", "RUN ", "<<EOF", "\n", "\\\n", "\\", "EOF\n", "\"", "'", "[\"", "]", "#", "escape=`",
            "${", "}",
            "$x", "COPY --from=", "\u{FFFD}", "\t", " ", "ONBUILD ", "ENV A", "=", "\r\n", "\u{0}", "é",
        ]
        var seed: UInt64 = 42
        func next(_ bound: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % bound
        }
        for _ in 0..<3000 {
            let text = (0..<next(24)).map { _ in pieces[next(pieces.count)] }.joined()
            let bytes = Array(text.utf8)
            let file = DockerfileParser.parse(bytes)
            for instruction in file.instructions {
                #expect(instruction.range.upperBound <= bytes.count, "\(text.debugDescription)")
                for word in instruction.words { #expect(word.range.upperBound <= bytes.count) }
                _ = instruction.json
                _ = instruction.pairs
                _ = instruction.inner
                _ = DockerVariables().resolve(instruction.body.string)
            }
        }
    }
}
