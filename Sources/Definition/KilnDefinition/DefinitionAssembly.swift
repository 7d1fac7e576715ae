import KilnDiagnostics
import OrderedCollections
import SystemPackage

/// Makes the definition of what was read, once names have been looked up and the rules that span objects hold.
struct DefinitionAssembly {
    let draft: DefinitionDraft
    var environment: EnvironmentName?

    func definition(directory: FilePath, _ reading: inout Reading) -> Definition {
        var definition = Definition(
            compression: draft.compression,
            sources: draft.sources,
            archives: draft.archives.mapValues { archive in
                var archive = archive
                archive.keyring = directory.pushing(archive.keyring)
                return archive
            },
            images: draft.images.mapValues(\.image),
            fleets: draft.fleets,
            directory: directory,
            source: reading.lines.source
        )
        definition.trust = draft.trust.mapValues { $0.map(directory.pushing) }
        definition.environments = Array(draft.environments.keys)
        definition.environment = environment
        EnvironmentChecks(draft).judge(&reading)
        DefinitionChecks(definition).judgeOrigins(&reading)
        DefinitionChecks(definition).judgePackaging(&reading)
        for name in definition.images.keys {
            let health = health(of: name, in: definition, &reading)
            definition.images[name]?.health = health
        }
        for name in definition.images.keys {
            let checks = checks(of: name, in: definition, &reading)
            definition.images[name]?.checks = checks
        }
        let checks = DefinitionChecks(definition)
        checks.judgeImages(&reading)
        checks.judgeFleets(&reading)
        checks.judgeNeeds(&reading)
        checks.judgeSigners(&reading)
        for name in definition.fleets.keys { makeRoom(forExclusiveVolumesOf: name, in: &definition, reading) }
        return definition
    }

    /// The image's health with its port's name looked up among the ports that it ends up with. An image that brings
    /// other ports but leaves health to the one below it gets that health with its own port's number.
    private func health(
        of name: ImageName,
        in definition: Definition,
        _ reading: inout Reading
    ) -> HealthDefinition? {
        let chain = definition.chain(of: name)
        let own = draft.images[name]?.health
        let setsPorts = reading.isWritten(["images", name.description, "ports"])
        guard let owner = chain.last(where: { draft.images[$0]?.health != nil }), own != nil || setsPorts,
            let health = draft.images[owner]?.health
        else { return nil }
        let ports = definition.resolvedImage(name).ports
        return health.resolved { reference in
            switch reference {
            case .number(let number): return number
            case .name(let port):
                guard let number = ports[port] else {
                    reportPort(port, of: name, owner: owner, health, Array(ports.keys), definition, &reading)
                    return nil
                }
                return number
            }
        }
    }

    private func reportPort(
        _ port: PortName,
        of name: ImageName,
        owner: ImageName,
        _ health: HealthDraft,
        _ known: [PortName],
        _ definition: Definition,
        _ reading: inout Reading
    ) {
        let chain = definition.chain(of: name)
        guard chain.allSatisfy({ reading.isSound(["images", $0.description, "ports"]) }) else { return }
        let reference: FieldPath = ["images", owner.description, "health", health.port?.key ?? "", "port"]
        let names = known.map(\.description)
        guard owner != name else {
            reading.report(
                "unknown-port",
                "the image has no port \"\(port)\"",
                at: reading.span(reference),
                hint: Spelling.hint(for: port.description, in: names)
                    ?? "add ports: {\(port): 8080} to the image"
            )
            return
        }
        reading.report(
            "unknown-port",
            "the ports lack \"\(port)\", which the health of image \"\(owner)\" asks",
            at: reading.keySpan(["images", name.description, "ports"]),
            hint: "name one of the ports \(port), or give the image a health of its own",
            notes: reading.note("it is asked here", at: reference)
        )
    }

    /// Only one instance at a time may use an exclusive volume: the old one ends before the new one starts.
    private func makeRoom(
        forExclusiveVolumesOf name: FleetName,
        in definition: inout Definition,
        _ reading: Reading
    ) {
        guard var fleet = definition.fleets[name], definition.resolvedImage(fleet.image).hasExclusiveVolume
        else {
            return
        }
        fleet.rollout.surge = .count(0)
        if !reading.isWritten(["fleets", name.description, "rollout", "unavailable"]) {
            fleet.rollout.unavailable = .count(1)
        }
        definition.fleets[name] = fleet
    }
}

extension ImageDefinition {
    /// The path of a volume that one instance at a time may use.
    var exclusivePath: String? {
        state.first { state in
            if case .volume(_, .exclusive) = state.kind { true } else { false }
        }?.path
    }

    var hasExclusiveVolume: Bool { exclusivePath != nil }
}
