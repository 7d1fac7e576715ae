import KilnDiagnostics
import OrderedCollections

/// A listener with the fleet that it is of, and where its address is written.
struct PlacedListener {
    let fleet: FleetName
    let listener: Listener
    let place: FieldPath
}

/// Where fleets listen, and what that leads to.
extension DefinitionChecks {
    /// Those of all fleets that can be relied on.
    func listeners(_ reading: Reading) -> [PlacedListener] {
        definition.fleets.flatMap { name, fleet in
            let path: FieldPath = ["fleets", name.description, "listen"]
            guard let listen = fleet.listen, reading.isSound(path) else { return [PlacedListener]() }
            return listen.all.enumerated().map { index, listener in
                let place = place(of: index, at: path, reading)
                let address = place + "address"
                return PlacedListener(
                    fleet: name,
                    listener: listener,
                    place: reading.isWritten(address) ? address : place
                )
            }
        }
    }

    private func place(of index: Int, at path: FieldPath, _ reading: Reading) -> FieldPath {
        reading.isWritten(path + index) ? path + index : path
    }

    /// A balancer needs to know which port it leads to.
    func judgePorts(
        of fleet: FleetDefinition,
        _ image: ImageDefinition,
        at path: FieldPath,
        _ reading: inout Reading
    ) {
        guard let listen = fleet.listen, reading.isSound(path + "listen"),
            isSound("ports", inChainOf: fleet.image, reading)
        else { return }
        for (index, listener) in listen.all.enumerated() where !listener.redirects {
            let place = place(of: index, at: path + "listen", reading)
            switch listener.port {
            case nil: judgeOnlyPort(of: fleet, image, listener, at: place, &reading)
            case .name(let name)? where image.ports[name] == nil:
                let names = image.ports.keys.map(\.description)
                reading.report(
                    "unknown-port",
                    "the image \"\(fleet.image)\" has no port \"\(name)\"",
                    at: reading.span(place + "port"),
                    hint: Spelling.hint(for: name.description, in: names)
                        ?? "add ports: {\(name): 8080} to the image",
                    notes: imageNote(fleet, reading)
                )
            case .name?, .number?: continue
            }
        }
    }

    private func judgeOnlyPort(
        of fleet: FleetDefinition,
        _ image: ImageDefinition,
        _ listener: Listener,
        at place: FieldPath,
        _ reading: inout Reading
    ) {
        guard image.trafficPort == nil else { return }
        let names = image.ports.keys.map(\.description).joined(separator: ", ")
        let isShort = !reading.isWritten(place + "address")
        reading.report(
            image.ports.isEmpty ? "no-port" : "unclear-port",
            image.ports.isEmpty
                ? "the image \"\(fleet.image)\" has no port to lead to"
                : "which port of the image \"\(fleet.image)\" to lead to is unclear: \(names)",
            at: reading.span(isShort ? place : place + "address"),
            hint: image.ports.isEmpty
                ? "add ports to the image, such as ports: {http: 8080}"
                : Self.hint(image.ports.keys.first?.description ?? "", isShort ? listener.address : nil),
            notes: imageNote(fleet, reading)
        )
    }

    /// `address` is that of a listener which says nothing else.
    private static func hint(_ port: String, _ address: ListenAddress?) -> String {
        guard let address else { return "add port: \(port)" }
        return
            "say which: {address: \"\(address)\", port: \(port)}; or name the one that gets the requests http"
    }

    private func imageNote(_ fleet: FleetDefinition, _ reading: Reading) -> [Diagnostic] {
        reading.note("the image is here", at: ["images", fleet.image.description])
    }

    /// Whoever is sent to https must find it.
    func judgeRedirects(of fleet: FleetDefinition, at path: FieldPath, _ reading: inout Reading) {
        guard let listen = fleet.listen, reading.isSound(path + "listen") else { return }
        for (index, listener) in listen.all.enumerated()
        where listener.redirects && listen.securePort(for: listener) == nil {
            let place = place(of: index, at: path + "listen", reading)
            reading.report(
                "no-https",
                "the fleet has no listener under https to redirect to",
                at: reading.keySpan(place + "redirect"),
                hint: "add one with tls: {certificate: file:/etc/keys/shop.pem}"
            )
        }
    }

    /// Two listeners cannot have one port of one address; 0.0.0.0 and [::] are all addresses.
    func judgeListeners(_ reading: inout Reading) {
        var byPort: [UInt16: [PlacedListener]] = [:]
        for listener in listeners(reading) {
            let address = listener.listener.address
            guard let earlier = byPort[address.port]?.first(where: { $0.listener.address.meets(address) })
            else {
                byPort[address.port, default: []].append(listener)
                continue
            }
            let isOwn = earlier.fleet == listener.fleet
            reading.report(
                "duplicate-listen",
                "the fleet \(isOwn ? "" : "\"\(earlier.fleet)\" ")listens on \(earlier.listener.address) already",
                at: reading.span(listener.place),
                hint: isOwn ? "give each listener a port of its own" : "give each fleet a port of its own",
                notes: reading.note("it is here", at: earlier.place)
            )
        }
    }
}
