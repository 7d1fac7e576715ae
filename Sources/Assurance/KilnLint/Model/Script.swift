/// Shell text that a file holds, with the moment at which it runs: what is right while an image is baked is wrong once it runs.
struct Script: Sendable {
    enum Phase: Sendable {
        /// While an image is built from a Dockerfile.
        case build
        /// While Packer makes a machine image.
        case provision
        /// When a container starts.
        case start
        /// When a machine boots: user data.
        case boot
        /// In a job of a pipeline.
        case pipeline
        /// On the machine that runs Terraform.
        case local
        /// On a machine that is there already.
        case remote
    }

    let phase: Phase
    let text: PlacedText
    let commands: [ShellCommand]

    init(_ phase: Phase, _ text: PlacedText) {
        self.phase = phase
        self.text = text
        commands = ShellSplitter.commands(text.bytes)
    }

    /// Words that are run as they are, without a shell.
    init(_ phase: Phase, words: [(text: String, range: Range<Int>)]) {
        var bytes: [UInt8] = []
        var offsets: [Int] = []
        for (index, word) in words.enumerated() {
            if index > 0 {
                bytes.append(32)
                offsets.append(word.range.lowerBound)
            }
            // Quoted, so that the splitter sees each as the one word that it is.
            let quoted = Self.quoted(word.text)
            bytes += quoted
            offsets += quoted.indices.map {
                min(word.range.lowerBound + $0, max(word.range.lowerBound, word.range.upperBound - 1))
            }
        }
        self.phase = phase
        text = PlacedText(bytes, offsets: offsets)
        commands = ShellSplitter.commands(bytes)
    }

    private static func quoted(_ text: String) -> [UInt8] {
        let plain = text.utf8.allSatisfy {
            (65...90).contains($0 & 0xDF) || (48...57).contains($0) || "-_./:=@%+,".utf8.contains($0)
        }
        if plain, !text.isEmpty { return Array(text.utf8) }
        var result: [UInt8] = [39]
        for byte in text.utf8 {
            if byte == 39 { result += Array("'\\''".utf8) } else { result.append(byte) }
        }
        return result + [39]
    }

    func place(of command: ShellCommand, in source: LintSource) -> Range<Int> {
        text.place(of: command.range, in: source)
    }

    func place(of word: ShellCommand.Word, in source: LintSource) -> Range<Int> {
        text.place(of: word.range, in: source)
    }
}
