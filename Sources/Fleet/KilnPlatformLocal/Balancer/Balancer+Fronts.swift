import KilnDefinition
import KilnFleet

// What clients meet.
extension Balancer {
    /// Those of its listeners that have something to show. One whose certificate is gone stays closed, and closes no other.
    func openFronts(_ settings: FleetSettings) -> [BalancerConfig.Front] {
        fronts(settings).filter { $0.listener.tls == nil || folder.holds($0.listener) }
    }

    /// Its listeners, with what this machine adds to them.
    func fronts(_ settings: FleetSettings) -> [BalancerConfig.Front] {
        guard let listen = settings.listen else { return [] }
        var taken = listen.addresses
        return listen.all.map { listener in
            let address = listener.address
            let inside = settings.isNeeded == true && !listener.redirects ? inside(address, taken) : nil
            if let inside { taken.append(inside) }
            return BalancerConfig.Front(
                listener,
                inside: inside,
                securePort: listener.redirects ? listen.securePort(for: listener) : nil,
                certificate: listener.tls == nil ? nil : folder.certificate(of: address),
                clientCA: listener.tls?.clientCA == nil ? nil : folder.clientCA(of: address)
            )
        }
    }

    /// Where the certificates of its listeners are while it runs.
    var folder: ListenerFolder { ListenerFolder(path: paths.certificates) }

    /// The host's own address on the instances' network, which they all know; nil where a listener is on it already.
    private func inside(_ listen: ListenAddress, _ taken: [ListenAddress]) -> ListenAddress? {
        guard let gateway = bridge.subnet()?.gateway else { return nil }
        let address = ListenAddress(address: gateway, port: listen.port)
        return taken.contains(where: address.meets) ? nil : address
    }
}
