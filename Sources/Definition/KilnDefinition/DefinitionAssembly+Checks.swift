import KilnDiagnostics
import OrderedCollections

extension DefinitionAssembly {
    /// The image's checks with their ports looked up among those that it ends up with; an image that brings other ports but
    /// no checks gets those of the image below with its own numbers.
    func checks(
        of name: ImageName,
        in definition: Definition,
        _ reading: inout Reading
    ) -> [CheckDefinition] {
        let drafts = draft.images[name]?.checks ?? []
        let says = reading.isWritten(["images", name.description, "checks"])
        let setsPorts = reading.isWritten(["images", name.description, "ports"])
        let owner = definition.chain(of: name).last {
            reading.isWritten(["images", $0.description, "checks"])
        }
        guard says || setsPorts, let owner else { return [] }
        let image = definition.resolvedImage(name)
        let asked = says ? drafts : draft.images[owner]?.checks ?? []
        return asked.compactMap { check in
            check.resolved { reference in
                switch reference {
                case .number(let number)?: return number
                case .name(let port)? where image.ports[port] != nil: return image.ports[port]
                case nil where image.trafficPort != nil: return image.trafficPort?.number
                case .name?, nil:
                    report(check, of: name, owner: owner, Array(image.ports.keys), definition, &reading)
                    return nil
                }
            }
        }
    }

    private func report(
        _ check: CheckDraft,
        of name: ImageName,
        owner: ImageName,
        _ known: [PortName],
        _ definition: Definition,
        _ reading: inout Reading
    ) {
        guard let port = check.port,
            definition.chain(of: name).allSatisfy({
                reading.isSound(["images", $0.description, "ports"])
            })
        else { return }
        let names = known.map(\.description)
        guard owner == name else {
            reading.report(
                "unknown-port",
                "the ports lack one that the checks of image \"\(owner)\" ask",
                at: reading.keySpan(["images", name.description, "ports"]),
                hint: "name one of the ports as it is asked there, or give the image checks of its own",
                notes: reading.note("it is asked here", at: check.path + port.key)
            )
            return
        }
        guard case .name(let wanted)? = port.reference else {
            reading.report(
                "unknown-port",
                known.isEmpty ? "the image has no port to ask" : "the check does not say which port it asks",
                at: reading.keySpan(check.path + port.key),
                hint: known.isEmpty
                    ? "add ports: {http: 8080} to the image"
                    : "add port: with one of \(names.joined(separator: ", "))"
            )
            return
        }
        reading.report(
            "unknown-port",
            "the image has no port \"\(wanted)\"",
            at: reading.span(check.path + port.key + "port"),
            hint: Spelling.hint(for: wanted.description, in: names)
                ?? "add ports: {\(wanted): 8080} to the image"
        )
    }
}
