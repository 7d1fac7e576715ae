import FoundationEssentials
import KilnOCI

/// Keeps the tokens that registries give out, and gets new ones. An actor: requests at once share them.
actor RegistryAuthorization {
    private let transport: any HTTPTransport
    private let credentials: RegistryCredentials
    private let repetition: Repetition
    /// `Authorization` headers by repository and scope.
    private var headers: [String: String] = [:]

    init(transport: any HTTPTransport, credentials: RegistryCredentials, repetition: Repetition) {
        self.transport = transport
        self.credentials = credentials
        self.repetition = repetition
    }

    func header(for repository: Repository, _ scope: String) -> String? {
        headers["\(repository) \(scope)"]
    }

    /// Answers a challenge; the header counts for the scope from now on. Nil when there is nothing to answer with.
    func answer(
        _ challenge: Challenge,
        from repository: Repository,
        _ scope: String,
        isPlain: Bool
    ) async throws -> String? {
        let credential = try await credentials.credential(for: repository)
        let header: String
        switch challenge {
        case .basic:
            guard case .password(let user, let secret) = credential else { return nil }
            header = Self.basic(user, secret)
        case .bearer(let realm, let service, let asked):
            guard realm.hasPrefix("https://") || (isPlain && realm.hasPrefix("http://")) else {
                throw RegistryError(
                    .credentials,
                    "\(repository.registry) sends for tokens to \(realm), which is not protected",
                    hint: "no login was sent; use a registry whose token service speaks HTTPS"
                )
            }
            let request = tokenRequest(realm, service, asked ?? scope, credential)
            header = "Bearer " + (try await token(request, repository))
        }
        headers["\(repository) \(scope)"] = header
        return header
    }

    /// The token protocol of distribution ("Token Authentication"), and its OAuth 2.0 form for identity tokens.
    private func tokenRequest(
        _ realm: String,
        _ service: String?,
        _ scope: String,
        _ credential: RegistryCredential?
    ) -> HTTPRequest {
        let service = service.map { [("service", $0)] } ?? []
        if case .identityToken(let token) = credential {
            let fields =
                [("scope", scope)] + service + [
                    ("grant_type", "refresh_token"), ("client_id", "kiln"), ("refresh_token", token),
                ]
            return HTTPRequest(
                .post,
                realm,
                headers: ["Content-Type": "application/x-www-form-urlencoded"],
                body: .bytes(Array(Self.query(fields).utf8))
            )
        }
        // A mount asks for two repositories at once; each is a parameter of its own.
        let fields = scope.split(separator: " ").map { ("scope", String($0)) } + service
        var request = HTTPRequest(.get, realm + (realm.contains("?") ? "&" : "?") + Self.query(fields))
        if case .password(let user, let secret) = credential {
            request.headers["Authorization"] = Self.basic(user, secret)
        }
        return request
    }

    private func token(_ request: HTTPRequest, _ repository: Repository) async throws -> String {
        struct Answer: Decodable {
            let token: String?
            let accessToken: String?

            enum CodingKeys: String, CodingKey {
                case token
                case accessToken = "access_token"
            }
        }
        let response = try await answer(to: request, repository)
        guard response.isSuccess,
            let answer = try? JSONDecoder().decode(Answer.self, from: Data(response.body)),
            let token = answer.token ?? answer.accessToken
        else {
            throw RegistryError(
                .denied,
                "\(repository.registry) gives no token for \(repository.path)",
                causes: ["the token service answered with status \(response.status)"],
                hint: "log in: skopeo login \(repository.registry)"
            )
        }
        return token
    }

    /// Of the token service, which is often another server than the registry. What passes there is no missing login.
    private func answer(to request: HTTPRequest, _ repository: Repository) async throws -> HTTPResponse {
        let service = RegistryURL(request.url)?.origin.host ?? "its token service"
        do {
            let response = try await repetition.send(true) { try await transport.send(request) }
            guard response.isPassingFailure else { return response }
            throw RegistryError(
                .busy,
                "\(service) gives no tokens for \(repository.registry) now",
                causes: ["status \(response.status)"],
                hint: "run the command again: it goes on where it stopped"
            )
        } catch let failure as TransportFailure {
            throw RegistryError(
                .unreachable,
                "\(service), which gives tokens for \(repository.registry), cannot be reached",
                causes: [failure.words],
                hint: failure.kind == .certificate
                    ? RegistryClient.trustHint : "check the network and the machine's proxy"
            )
        }
    }

    static func basic(_ user: String, _ secret: String) -> String {
        "Basic " + Data("\(user):\(secret)".utf8).base64EncodedString()
    }

    static func query(_ fields: [(String, String)]) -> String {
        fields.map { "\($0)=\(percentEncoded($1))" }.joined(separator: "&")
    }

    /// All but what RFC 3986, section 2.3, leaves unreserved.
    static func percentEncoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
