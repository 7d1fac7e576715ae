import KilnOCI
import KilnSystem
import SystemPackage

/// One blob on its way into a file. After each failure the rest is asked for from where the file then ends.
struct BlobPull {
    /// Attempts in a row that bring no byte, and attempts in all.
    private static let mostFruitless = 4
    private static let mostAttempts = 30

    let client: RegistryClient
    let blob: Descriptor
    let repository: Repository
    let file: FilePath

    private var fruitless = 0
    private var attempts = 0

    init(client: RegistryClient, blob: Descriptor, repository: Repository, file: FilePath) {
        self.client = client
        self.blob = blob
        self.repository = repository
        self.file = file
    }

    mutating func receive() async throws {
        while true {
            if size > blob.size { try Files.remove(file) }
            let offset = size
            if offset == blob.size, offset > 0 { return }
            guard let failure = try await attempt(from: offset) else { return }
            attempts += 1
            fruitless = size > offset ? 0 : fruitless + 1
            guard fruitless < Self.mostFruitless, attempts < Self.mostAttempts else { throw failure.error }
            try await client.clock.sleep(for: failure.pause ?? .milliseconds(300) * (1 << fruitless))
        }
    }

    private var size: Int64 { Files.facts(file)?.size ?? 0 }

    /// What may be different the next time.
    private struct Failure {
        let error: RegistryError
        /// nil leaves it to us.
        var pause: Duration?
    }

    /// nil when the file has come as far as it will; its content is the caller's to check.
    private func attempt(from offset: Int64) async throws -> Failure? {
        let request = HTTPRequest(
            .get,
            client.url(repository, "blobs/\(blob.digest)"),
            destination: .file(file, from: offset, size: blob.size)
        )
        let response: HTTPResponse
        do {
            response = try await client.authorized(request, repository, .pull)
        } catch let failure as TransportFailure {
            let error = client.unreachable(repository, failure)
            if failure.isPassing { return Failure(error: error) }
            guard offset > 0, failure.mayLieInPart else { throw error }
            // Some registries can't send a part: the whole thing once more.
            try Files.remove(file)
            return Failure(error: error)
        }
        let what = "read blob \(blob.digest.short) of \(repository)"
        if response.isPassingFailure {
            return Failure(error: client.refusal(what, response, repository), pause: response.askedPause)
        }
        if response.status == 416, offset > 0 {
            try Files.remove(file)
            return Failure(error: client.refusal(what, response, repository))
        }
        guard response.isSuccess else { throw client.refusal(what, response, repository) }
        guard offset > 0, size != blob.size else { return nil }
        return Failure(
            error: RegistryError(
                .content,
                "\(repository.registry) does not send the rest of blob \(blob.digest.short)",
                causes: ["\(size) of \(blob.size) bytes came"],
                hint: "run the command again: it goes on where it stopped"
            )
        )
    }
}
