import Glibc
import KilnCommands
import KilnDiagnostics

// A reader that has gone (`kiln events | head`) is no reason to die half-way.
signal(SIGPIPE, SIG_IGN)

let environment = Dictionary(
    environmentVariables().map { ($0.name, $0.value) },
    uniquingKeysWith: { first, _ in first }
)
exit(await KilnProgram.run(Array(CommandLine.arguments.dropFirst()), environment: environment).rawValue)

func environmentVariables() -> [(name: String, value: String)] {
    var variables: [(String, String)] = []
    var cursor = environ
    while let entry = cursor.pointee {
        let text = String(cString: entry)
        if let equals = text.firstIndex(of: "=") {
            variables.append((String(text[..<equals]), String(text[text.index(after: equals)...])))
        }
        cursor += 1
    }
    return variables
}
