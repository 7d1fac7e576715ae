package import KilnDefinition
package import KilnLock

/// A download with what the lock says it is.
package struct PlannedDownload: Sendable, Hashable {
    package var definition: DownloadDefinition
    package var locked: LockedDownload

    package init(definition: DownloadDefinition, locked: LockedDownload) {
        self.definition = definition
        self.locked = locked
    }

    init(_ definition: DownloadDefinition, in image: LockedImage) throws {
        guard let locked = image.downloads.first(where: { $0.url == definition.url }) else {
            throw BakeError.downloadNotLocked(definition)
        }
        self.init(definition: definition, locked: locked)
    }
}
