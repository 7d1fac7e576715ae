import ArgumentParser
import KilnRegistry
import KilnStore
import KilnSystem

/// An image in a registry, as a command's argument.
struct RegistryImage: ExpressibleByArgument {
    let text: String

    init?(argument: String) {
        text = argument
    }

    func parse() throws -> ImageReference {
        do {
            return try ImageReference(parsing: text)
        } catch {
            throw RegistryError(text, error)
        }
    }
}

struct RegistryOptions: ParsableArguments {
    @Flag(help: "Speak to the registry without TLS. One on this machine is spoken to without it anyway.")
    var plainHttp = false

    func client(for repository: Repository, _ context: CommandContext) -> RegistryClient {
        context.registry(plain: plainHttp ? [repository.registry] : [])
    }
}
