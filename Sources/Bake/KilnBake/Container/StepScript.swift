import KilnSystem
import SystemPackage

/// How a step's script is run, and how it is learned which of its lines failed. Pure.
struct StepScript: Sendable, Equatable {
    /// How a failing line is found.
    enum Tracing: Equatable {
        /// The shell takes its lines from a `ScriptFeed`.
        case feed
        /// bash runs a file first (BASH_ENV) that has it note the line of each failure.
        case bash
        case none
    }

    let command: [String]
    let tracing: Tracing

    static let path = BakeContainer.folder + "/step"
    static let feedPath = BakeContainer.folder + "/feed"
    static let tracePath = BakeContainer.folder + "/trace"
    static let bashSetupPath = BakeContainer.folder + "/bash-env"

    /// Neither flows nor prints otherwise than without it. Unset, so that no other script that is run takes it over.
    static let bashSetup = """
        unset BASH_ENV
        trap 'printf "%s %s\\n" "$?" "$LINENO" 2>/dev/null >>\(tracePath)' ERR
        set -E

        """

    /// By its `#!` line, else by a shell that ends at the first failure.
    ///
    /// `shell` is what the root's `/bin/sh` leads to (`dash`, `busybox`), nil where it is no link.
    init(_ script: [UInt8], shell: String?) {
        let words = Self.interpreter(of: script)
        guard let words else {
            let isKnown = Self.isFed("sh", shell: shell)
            command = ["/bin/sh", "-e"] + (isKnown ? Self.feeding : [Self.path])
            tracing = isKnown ? .feed : .none
            return
        }
        let options = words.dropFirst().filter { $0.hasPrefix("-") }
        let name = words.last { !$0.hasPrefix("-") }?.split(separator: "/").last.map(String.init) ?? ""
        if Self.isFed(name, shell: shell), options.allSatisfy(Self.isPlain) {
            command = words + Self.feeding
            tracing = .feed
        } else {
            command = [Self.path]
            tracing = name == "bash" ? .bash : .none
        }
    }

    /// As if the shell had been given the script itself: `$0` is its path.
    private static let feeding = ["-c", ". " + feedPath, path]

    private static func isFed(_ name: String, shell: String?) -> Bool {
        let program = name == "sh" ? shell : name
        return ["dash", "ash", "busybox"].contains(program)
    }

    /// Options that mean the same beside `-c`. A lone `-` ends the options, before `-c` too.
    private static func isPlain(_ option: String) -> Bool {
        let letters = option.dropFirst()
        return !letters.isEmpty && letters.allSatisfy { "aefux".contains($0) }
    }

    /// The words of the `#!` line as the kernel takes them: a program, and at most one argument.
    private static func interpreter(of script: [UInt8]) -> [String]? {
        guard script.starts(with: Array("#!".utf8)) else { return nil }
        let line = String(decoding: script.dropFirst(2).prefix { $0 != 10 }.prefix(255), as: UTF8.self)
        return line.split(maxSplits: 1) { $0 == " " || $0 == "\t" }
            .map { String($0.reversed().drop { $0 == " " || $0 == "\t" }.reversed()) }
    }
}
