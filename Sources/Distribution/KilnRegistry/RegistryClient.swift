import FoundationEssentials
import KilnOCI
package import KilnSystem

/// Speaks the OCI distribution protocol (distribution-spec 1.1) with registries.
package struct RegistryClient: Sendable {
    private let transport: any HTTPTransport
    private let authorization: RegistryAuthorization
    let clock: any Clock<Duration>
    /// Registries that are spoken to without TLS; those of this machine are anyway.
    private let plain: Set<String>

    package init(
        transport: any HTTPTransport,
        credentials: RegistryCredentials,
        plain: Set<String> = [],
        clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.transport = transport
        self.plain = plain
        self.clock = clock
        authorization = RegistryAuthorization(
            transport: transport,
            credentials: credentials,
            repetition: Repetition(clock: clock)
        )
    }

    /// With what a machine has: its logins, the registries that it speaks to without TLS, and curl.
    package init(home: KilnHome, environment: [String: String] = [:], plain: Set<String> = []) {
        self.init(
            transport: CurlTransport(scratch: home.scratch),
            credentials: RegistryCredentials(environment: environment),
            plain: plain.union(Self.plainRegistries(environment))
        )
    }

    /// Names registries without TLS, parted by commas: `host:port,…`.
    static let plainSetting = "KILN_PLAIN_HTTP_REGISTRIES"

    static func plainRegistries(_ environment: [String: String]) -> Set<String> {
        let words = (environment[plainSetting] ?? "").split { $0 == "," || $0.isWhitespace }
        return Set(words.map(String.init))
    }

    enum Access: String {
        case pull = "pull"
        case push = "pull,push"
    }

    /// Where a repository's API is: `/v2/<path>/…`.
    func url(_ repository: Repository, _ rest: String) -> String {
        let host = repository.registry == "docker.io" ? "registry-1.docker.io" : repository.registry
        return "\(isPlain(repository) ? "http" : "https")://\(host)/v2/\(repository.path)/\(rest)"
    }

    func isPlain(_ repository: Repository) -> Bool {
        let host = repository.registry.split(separator: ":").first ?? ""
        return plain.contains(repository.registry) || ["localhost", "127.0.0.1"].contains(host)
    }

    /// Sends a request with what authorization it takes, again after a passing failure.
    func exchange(
        _ request: HTTPRequest,
        with repository: Repository,
        _ access: Access
    ) async throws -> HTTPResponse {
        do {
            return try await Repetition(clock: clock).send(request.isRepeatable) {
                try await authorized(request, repository, access)
            }
        } catch let failure as TransportFailure {
            throw unreachable(repository, failure)
        }
    }

    /// Sends a request once, with the repository's authorization if it goes to the registry itself. Another server, to which
    /// a registry sends for uploads, is nobody that a login was made for. Throws `TransportFailure`.
    func authorized(
        _ request: HTTPRequest,
        _ repository: Repository,
        _ access: Access
    ) async throws -> HTTPResponse {
        guard isOfRegistry(request.url, repository) else { return try await transport.send(request) }
        let scope = Self.scope(repository, access)
        var request = request
        request.headers["Authorization"] = await authorization.header(for: repository, scope)
        let response = try await transport.send(request)
        // Somebody else to whom a read was sent on may ask too, and gets no answer.
        guard response.status == 401, isOfRegistry(response.url ?? request.url, repository),
            let header = response.headers["www-authenticate"],
            let challenge = Challenge(header),
            let answer = try await authorization.answer(
                challenge,
                from: repository,
                scope,
                isPlain: isPlain(repository)
            )
        else { return response }
        request.headers["Authorization"] = answer
        return try await transport.send(request)
    }

    private func isOfRegistry(_ other: String, _ repository: Repository) -> Bool {
        RegistryURL(other)?.origin == RegistryURL(url(repository, ""))?.origin
    }

    /// Before a piece of work is tried again.
    func pause(before attempt: Int) async throws {
        try await clock.sleep(for: .milliseconds(300) * (1 << min(attempt, 4)))
    }

    /// The `Authorization` header that reads of the repository take, once one was asked for.
    func readAuthorization(for repository: Repository) async -> String? {
        await authorization.header(for: repository, Self.scope(repository, .pull))
    }

    private static func scope(_ repository: Repository, _ access: Access) -> String {
        "repository:\(repository.path):\(access.rawValue)"
    }

    func unreachable(_ repository: Repository, _ failure: TransportFailure) -> RegistryError {
        let registry = repository.registry
        guard failure.kind != .tooLong else {
            return RegistryError(.content, "\(registry) sends more than it should", causes: [failure.words])
        }
        return RegistryError(
            .unreachable,
            "\(registry) cannot be reached",
            causes: [failure.words],
            hint: hint(for: failure.kind, registry, isPlain: isPlain(repository))
        )
    }

    /// TLS is given up only where there is none: a certificate that is not trusted may be somebody else's.
    private func hint(for kind: TransportFailure.Kind, _ registry: String, isPlain: Bool) -> String {
        switch kind {
        case .certificate: Self.trustHint
        case .handshake where !isPlain:
            "if it speaks no TLS at all, which only a network of your own makes up for, name it: "
                + "\(Self.plainSetting)=\(registry)"
        case _ where isPlain: "check that the registry runs there"
        default: "check the registry's name and the network"
        }
    }

    static let trustHint =
        "put the certificate of who signed it into /usr/local/share/ca-certificates (NAME.crt), then: "
        + "update-ca-certificates"

    /// An answer that is no success, in the registry's own words.
    func refusal(_ what: String, _ response: HTTPResponse, _ repository: Repository) -> RegistryError {
        struct Answer: Decodable {
            struct Problem: Decodable {
                let code: String?
                let message: String?
            }
            let errors: [Problem]
        }
        let problems = (try? JSONDecoder().decode(Answer.self, from: Data(response.body)))?.errors ?? []
        let words = problems.map { [$0.code, $0.message].compactMap { $0 }.joined(separator: ": ") }
        let sentTo = response.url.flatMap {
            isOfRegistry($0, repository) ? nil : RegistryURL($0)?.origin.host
        }
        let causes =
            (words.isEmpty ? ["status \(response.status)"] : words)
            + (sentTo.map { ["it is the answer of \($0), to which the registry sends"] } ?? [])
        switch response.status {
        case 401, 403:
            return RegistryError(
                .denied,
                "\(repository.registry) does not allow to \(what)",
                causes: causes,
                hint: "log in with an account that may: skopeo login \(repository.registry)"
            )
        case 404:
            return RegistryError(
                .notFound,
                "cannot \(what): \(repository.registry) has no such thing",
                causes: causes,
                hint: "check the repository and the tag or digest"
            )
        case _ where response.isPassingFailure:
            return RegistryError(
                .busy,
                "\(repository.registry) cannot \(what) now",
                causes: causes,
                hint: "run the command again: it goes on where it stopped"
            )
        default: return RegistryError(.refused, "\(repository.registry) refuses to \(what)", causes: causes)
        }
    }
}
