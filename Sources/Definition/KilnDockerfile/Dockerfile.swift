/// A Dockerfile as written: its instructions in order, and the stages they make.
package struct Dockerfile: Sendable {
    package let instructions: [DockerInstruction]
    /// What continues a line: `\`, or what the `escape` directive chose.
    package let escape: UInt8
    /// `syntax`, `escape`, `check` and whatever else stands before everything else as `# name=value`.
    package let directives: [String: String]
    package let problems: [DockerfileProblem]

    /// The stages, each from its `FROM` on; what stands before the first is global.
    package var stages: [DockerStage] {
        var stages: [DockerStage] = []
        for instruction in instructions {
            if instruction.keyword == "FROM" {
                stages.append(DockerStage(from: instruction))
            } else if !stages.isEmpty {
                stages[stages.count - 1].instructions.append(instruction)
            }
        }
        return stages
    }

    /// The `ARG`s before the first `FROM`, which `FROM` lines see.
    package var globalArguments: [DockerInstruction] {
        Array(instructions.prefix { $0.keyword != "FROM" }.filter { $0.keyword == "ARG" })
    }
}

/// One build stage.
package struct DockerStage: Sendable {
    package let from: DockerInstruction
    package var instructions: [DockerInstruction] = []

    init(from: DockerInstruction) {
        self.from = from
    }

    /// The base as written, variables and all.
    package var base: DockerWord? { from.words.first }

    /// After `AS`, in lower case, as builders compare it.
    package var name: String? {
        guard from.words.count == 3, from.words[1].text.lowercased() == "as" else { return nil }
        return from.words[2].text.lowercased()
    }
}

/// What could not be read, at a range of the file's bytes.
package struct DockerfileProblem: Error, Sendable, Hashable {
    package let message: String
    package let range: Range<Int>
}
