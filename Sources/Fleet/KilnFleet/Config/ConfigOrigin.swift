/// Which state of a store a release's configuration was taken from.
package struct ConfigOrigin: Sendable, Hashable, Codable, CustomStringConvertible {
    /// Such as `store shop/prod` or `etcd https://etcd.example.org:2379 /shop/`.
    package let place: String
    /// The store's own count of changes.
    package let version: Int64

    package init(place: String, version: Int64) {
        self.place = place
        self.version = version
    }

    package var description: String { "\(place) at version \(version)" }
}
