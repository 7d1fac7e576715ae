package import KilnOCI
package import KilnSystem
package import SystemPackage

/// A file that an image was made of, and that is not the definition's own: a package, a base image's manifest.
package struct SourceFile: Sendable, Hashable, Codable {
    /// A file name, for people.
    package var title: String
    package var mediaType: MediaType
    package var digest: Digest
    package var size: Int64

    package init(title: String, mediaType: MediaType, digest: Digest, size: Int64) {
        self.title = title
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
    }
}

/// What each baked image was made of, by its manifest: what a push sends beside the image, and a collection keeps.
package struct ImageSources: Sendable {
    private let home: KilnHome

    package init(home: KilnHome) {
        self.home = home
    }

    /// Sorted by digest, each file once.
    package func record(_ files: [SourceFile], of image: Digest) throws {
        var seen: Set<Digest> = []
        let files = files.sorted { $0.digest < $1.digest }.filter { seen.insert($0.digest).inserted }
        let bytes = try CanonicalJSON.encode(files)
        if (try? Files.read(path(image), limit: bytes.count)) == bytes { return }
        try home.makePrivate(home.sources)
        try Files.write(bytes, to: path(image))
    }

    /// nil for an image that was not baked here.
    package func files(of image: Digest) throws -> [SourceFile]? {
        let path = path(image)
        guard try Files.isPresent(path) else { return nil }
        do {
            return try CanonicalJSON.decode([SourceFile].self, from: try Files.read(path))
        } catch let error as DecodingError {
            throw StoreError(.unreadable(path, why: String(describing: error)))
        }
    }

    /// Where the file is, in full; nil when it is no longer kept.
    package func location(of file: SourceFile) -> FilePath? {
        let places = [
            PackageStore(home: home).path(file.digest), ImageStore(home: home).blobPath(file.digest),
        ]
        return places.first { Files.facts($0)?.size == file.size }
    }

    func path(_ image: Digest) -> FilePath {
        home.sources.appending(image.hex + ".json")
    }
}
