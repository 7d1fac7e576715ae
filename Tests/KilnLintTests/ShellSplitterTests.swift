import Testing

@testable import KilnLint

@Suite struct `A shell script` {
    private func programs(_ text: String) -> [[String]] {
        ShellSplitter.commands(Array(text.utf8)).map { command in
            [command.program] + command.arguments
        }
    }

    @Test(arguments: [
        ("a b 'c d' \"e f\" g\\ h", [["a", "b", "c d", "e f", "g h"]]),
        ("a && b || c; d & e | f", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"]]),
        ("X=1 Y=2 a", [["a"]]),
        ("sudo -u root apt-get install x", [["apt-get", "install", "x"]]),
        ("env -i A=1 B=2 run", [["run"]]),
        ("sh -c 'a; b'", [["sh", "-c", "a; b"], ["a"], ["b"]]),
        ("a $(b c) `d`", [["b", "c"], ["d"], ["a", "$(b c)", "`d`"]]),
        ("if a; then b; else c; fi", [["a"], ["b"], ["c"]]),
        ("for x in 1 2; do a $x; done", [["a", "$x"]]),
        ("(a; b)", [["a"], ["b"]]),
        ("a > out 2>&1 < in", [["a"]]),
        ("a # b\nc", [["a"], ["c"]]),
        ("a \\\n  b", [["a", "b"]]),
        ("cat <<EOF\nrm x\nEOF\nb", [["cat"], ["b"]]),
        ("bash <<EOF\nrm x\nEOF", [["bash"], ["rm", "x"]]),
        ("timeout 30 a b", [["a", "b"]]),
        ("find . | xargs -n 1 rm", [["find", "."], ["rm"]]),
        ("/usr/bin/apt-get update", [["apt-get", "update"]]),
    ])
    func `is split into its commands`(text: String, expected: [[String]]) {
        #expect(programs(text) == expected)
    }

    @Test func `keeps pipes apart from lists`() {
        let commands = ShellSplitter.commands(Array("a | b; c".utf8))
        #expect(commands[0].pipeline == commands[1].pipeline && commands[1].pipeline != commands[2].pipeline)
    }

    @Test func `survives whatever is in it`() {
        let pieces = [
            "a", " ", "\n", "'", "\"", "\\", "$(", ")", "`", "${", "}", "<<E", "E", "|", "&", ";", "(", ">",
            "<", "#", "if ",
            "for x in ", "case ", "sh -c ", "sudo ", "=", "<(", "\t", "é", "$", "[[", "xargs ", "eval ",
        ]
        var seed: UInt64 = 7
        func next(_ bound: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % bound
        }
        for _ in 0..<5000 {
            let bytes = Array((0..<next(30)).map { _ in pieces[next(pieces.count)] }.joined().utf8)
            for command in ShellSplitter.commands(bytes) {
                #expect(
                    command.range.upperBound <= bytes.count,
                    "\(String(decoding: bytes, as: UTF8.self).debugDescription)"
                )
            }
        }
        let nested = String(repeating: "sh -c \"$(", count: 3000)
        #expect(ShellSplitter.commands(Array(nested.utf8)).count < 20_001)
    }
}
