package import KilnOCI
import KilnSystem
package import SystemPackage

/// How a blob came to be in a repository.
package enum BlobTransfer: Sendable, Hashable {
    case alreadyThere
    /// From another repository of the same registry, without its bytes being sent.
    case mounted
    case sent
}

extension RegistryClient {
    package func has(_ blob: Digest, in repository: Repository) async throws -> Bool {
        let request = HTTPRequest(.head, url(repository, "blobs/\(blob)"))
        let response = try await exchange(request, with: repository, .pull)
        switch response.status {
        case 200..<300: return true
        case 404: return false
        default: throw refusal("look for a blob of \(repository)", response, repository)
        }
    }

    /// Fetches a blob into a file, going on where an earlier attempt left it. The content is not checked yet.
    package func pull(_ blob: Descriptor, from repository: Repository, into file: FilePath) async throws {
        var pull = BlobPull(client: self, blob: blob, repository: repository, file: file)
        try await pull.receive()
    }

    /// Brings a blob into a repository by what takes least: it is there, it is mounted, or its file is sent.
    package func push(
        _ blob: Descriptor,
        of file: FilePath,
        to repository: Repository,
        mountFrom other: Repository? = nil
    ) async throws -> BlobTransfer {
        if try await has(blob.digest, in: repository) { return .alreadyThere }
        guard let location = try await beginUpload(of: blob, to: repository, mountFrom: other) else {
            return .mounted
        }
        var upload = BlobUpload(
            client: self,
            blob: blob,
            file: file,
            repository: repository,
            target: location
        )
        try await upload.send()
        return .sent
    }

    /// The URL that the bytes go to; nil when the blob could be mounted.
    fileprivate func beginUpload(
        of blob: Descriptor,
        to repository: Repository,
        mountFrom other: Repository? = nil
    ) async throws -> String? {
        var query = ""
        if let other, other.registry == repository.registry {
            query =
                "?" + RegistryAuthorization.query([("mount", blob.digest.description), ("from", other.path)])
        }
        var begin = HTTPRequest(.post, url(repository, "blobs/uploads/" + query))
        // An upload that is begun and not gone on with is dropped by the registry.
        begin.isRepeatable = true
        let response = try await exchange(begin, with: repository, .push)
        if response.status == 201, !query.isEmpty { return nil }
        guard response.status == 202, let location = response.headers["location"] else {
            throw refusal("take a blob into \(repository)", response, repository)
        }
        return try resolve(location, in: begin, repository)
    }

    /// What another program needs to read blobs of the repository. Throws when the repository cannot be read; whether it
    /// has the blob does not matter.
    package func blobAccess(to repository: Repository, probing digest: Digest) async throws -> BlobAccess {
        _ = try await has(digest, in: repository)
        return BlobAccess(
            repository: repository,
            base: url(repository, "blobs/"),
            authorization: await readAuthorization(for: repository)
        )
    }

    /// The URL that a `Location` means. What began with TLS goes on with TLS.
    func resolve(
        _ location: String,
        in request: HTTPRequest,
        _ repository: Repository
    ) throws(RegistryError) -> String {
        let asked = RegistryURL(request.url)
        let text = asked?.resolving(location) ?? location
        guard let next = RegistryURL(text) else {
            throw RegistryError(.refused, "\(repository.registry) sends to \(text), which is no URL of HTTP")
        }
        guard next.origin.isSecure || asked?.origin.isSecure == false else {
            throw RegistryError(
                .refused,
                "\(repository.registry) sends to \(next.origin), which is not protected",
                hint:
                    "nothing was sent there; tell the registry its public address, which begins with https://"
            )
        }
        return text
    }
}

/// A repository whose blobs may be read with this header.
package struct BlobAccess: Sendable, Hashable {
    package let repository: Repository
    private let base: String
    /// A secret: the whole value of the header.
    package let authorization: String?

    fileprivate init(repository: Repository, base: String, authorization: String?) {
        self.repository = repository
        self.base = base
        self.authorization = authorization
    }

    package func url(of blob: Digest) -> String { base + blob.description }
}

/// One blob on its way into a registry ("Pushing a blob in chunks"): when the connection breaks, or the registry has too
/// much to do, it is asked how much it has, and the rest is sent.
private struct BlobUpload {
    let client: RegistryClient
    let blob: Descriptor
    let file: FilePath
    let repository: Repository
    /// Where the next request goes.
    var target: String

    mutating func send() async throws {
        var received: Int64 = 0
        for attempt in 1... {
            do {
                if received < blob.size || blob.size == 0 { try await sendRest(from: received) }
                return try await close()
            } catch let error as RegistryError where error.isPassing || error.code == .notFound {
                // A registry may keep a blob and lose its answer: then there is nothing left to go on with.
                guard attempt < 4 else {
                    if (try? await isThere()) == true { return }
                    throw error
                }
                try await client.pause(before: attempt)
                if try await isThere() { return }
                guard let known = try await progress() else { return }
                received = known
            }
        }
    }

    private mutating func sendRest(from offset: Int64) async throws {
        var request = HTTPRequest(.patch, target, headers: ["Content-Type": "application/octet-stream"])
        request.body = .file(file, from: offset)
        if offset > 0 { request.headers["Content-Range"] = "\(offset)-\(blob.size - 1)" }
        try await step(request, "take the bytes of a blob")
    }

    private mutating func close() async throws {
        let separator = target.contains("?") ? "&" : "?"
        let digest = RegistryAuthorization.query([("digest", blob.digest.description)])
        var request = HTTPRequest(.put, target + separator + digest)
        // The upload ends with it: sent again it would find none.
        request.isRepeatable = false
        try await step(request, "keep blob \(blob.digest.short)")
    }

    private func isThere() async throws -> Bool { try await client.has(blob.digest, in: repository) }

    /// Bytes that the registry has of it: `Range: 0-<last>`. An upload that it no longer knows is begun anew, unless the blob
    /// is there by now: nil.
    private mutating func progress() async throws -> Int64? {
        let response: HTTPResponse
        do {
            response = try await step(HTTPRequest(.get, target), "go on with a blob")
        } catch let error as RegistryError where error.code == .notFound {
            if try await isThere() { return nil }
            guard let begun = try await client.beginUpload(of: blob, to: repository) else { throw error }
            target = begun
            return 0
        }
        let last = response.headers["range"]?.split(separator: "-").last.flatMap { Int64($0) }
        return last.map { $0 <= 0 ? 0 : $0 < blob.size ? $0 + 1 : blob.size } ?? 0
    }

    @discardableResult
    private mutating func step(_ request: HTTPRequest, _ what: String) async throws -> HTTPResponse {
        let response = try await client.exchange(request, with: repository, .push)
        guard response.isSuccess else { throw client.refusal(what, response, repository) }
        // The one of the closing answer is the blob's own.
        if let next = response.headers["location"], request.method != .put {
            target = try client.resolve(next, in: request, repository)
        }
        return response
    }
}
