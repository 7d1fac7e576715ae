import FoundationEssentials
import Glibc
import KilnDiagnostics
package import KilnSystem
package import SystemPackage

/// Who Kiln is to a registry.
package enum RegistryCredential: Sendable, Hashable {
    case password(user: String, secret: String)
    /// A token that is exchanged for others (OAuth 2.0, "refresh token").
    case identityToken(String)
}

/// The machine's own registry logins, as docker, podman and skopeo keep them (containers-auth.json(5)).
package struct RegistryCredentials: Sendable {
    private let files: [FilePath]
    private let runner: ToolRunner

    package init(files: [FilePath], runner: ToolRunner = ToolRunner()) {
        self.files = files
        self.runner = runner
    }

    /// `$REGISTRY_AUTH_FILE` alone, else the runtime folder's file of podman and docker's own.
    package init(environment: [String: String], userID: UInt32 = geteuid(), runner: ToolRunner = ToolRunner())
    {
        self.runner = runner
        if let file = environment["REGISTRY_AUTH_FILE"], !file.isEmpty {
            files = [FilePath(file)]
            return
        }
        let runtime = environment["XDG_RUNTIME_DIR"].map { FilePath($0) } ?? FilePath("/run/user/\(userID)")
        let home = FilePath(environment["HOME"] ?? "/root")
        let docker = environment["DOCKER_CONFIG"].map { FilePath($0) } ?? home.appending(".docker")
        files = [
            runtime.pushing("containers/auth.json"), home.pushing(".config/containers/auth.json"),
            docker.appending("config.json"),
        ]
    }

    /// The login for a registry; of the most specific repository that has one of its own. Nil means anonymous.
    package func credential(for repository: Repository) async throws -> RegistryCredential? {
        for file in files where Files.exists(file) {
            let configuration = try read(file)
            if let helper = configuration.credHelpers?[repository.registry] ?? configuration.credsStore,
                let credential = try await ask(helper, repository.registry, file)
            {
                return credential
            }
            for name in Self.names(of: repository) {
                if let entry = configuration.auths?[name], let credential = try entry.credential(file) {
                    return credential
                }
            }
        }
        return nil
    }

    /// The keys under which a login may stand: repository, each folder above it, registry, and Docker Hub's old name.
    static func names(of repository: Repository) -> [String] {
        var names: [String] = []
        var words = repository.path.split(separator: "/")
        while !words.isEmpty {
            names.append(repository.registry + "/" + words.joined(separator: "/"))
            words.removeLast()
        }
        names += [repository.registry, "https://" + repository.registry]
        return repository.registry == "docker.io" ? names + ["https://index.docker.io/v1/"] : names
    }

    private func read(_ file: FilePath) throws -> Configuration {
        let bytes: [UInt8]
        do {
            bytes = try Files.read(file, limit: 1 << 20)
        } catch let error as any DiagnosticError {
            throw RegistryError(
                .credentials,
                "the registry logins in \(file) cannot be read",
                causes: error.diagnostics.map(\.message),
                hint: "make it readable for this user, or name another file in REGISTRY_AUTH_FILE"
            )
        }
        do {
            return try JSONDecoder().decode(Configuration.self, from: Data(bytes))
        } catch {
            throw RegistryError(
                .credentials,
                "\(file) is no file of registry logins",
                causes: [String(describing: error)],
                hint: "log in again with: skopeo login REGISTRY"
            )
        }
    }

    /// The protocol of docker-credential-helpers: the registry on standard input, JSON on standard output.
    private func ask(
        _ helper: String,
        _ registry: String,
        _ file: FilePath
    ) async throws -> RegistryCredential? {
        let server = registry == "docker.io" ? "https://index.docker.io/v1/" : registry
        let invocation = ToolInvocation("docker-credential-\(helper)", ["get"], input: Array(server.utf8))
        let output: ToolOutput
        do {
            output = try await runner.runUnchecked(invocation)
        } catch let error as ToolError {
            throw RegistryError(
                .credentials,
                "docker-credential-\(helper), which \(file) asks for logins, cannot be run",
                causes: error.diagnostics.map(\.message),
                hint: "install the helper, or take it out of credsStore and credHelpers of that file"
            )
        }
        guard output.status == .exited(0) else {
            // Its way to say that it has none, and the usual one to say that it can't.
            if output.text.contains("credentials not found") { return nil }
            throw RegistryError(
                .credentials,
                "docker-credential-\(helper) has no login for \(registry)",
                causes: [ToolError.lastLines(of: output.text + output.errorText, count: 3)],
                hint: "log in with the helper's own program, or take it out of credHelpers"
            )
        }
        struct Answer: Decodable {
            let user: String
            let secret: String

            enum CodingKeys: String, CodingKey {
                case user = "Username"
                case secret = "Secret"
            }
        }
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(output.standardOutput)) else {
            throw RegistryError(.credentials, "docker-credential-\(helper) answered with no login")
        }
        return answer.user == "<token>"
            ? .identityToken(answer.secret) : .password(user: answer.user, secret: answer.secret)
    }
}

private struct Configuration: Decodable {
    struct Entry: Decodable {
        let auth: String?
        let identitytoken: String?
        let username: String?
        let password: String?

        func credential(_ file: FilePath) throws -> RegistryCredential? {
            if let identitytoken, !identitytoken.isEmpty { return .identityToken(identitytoken) }
            if let username, let password { return .password(user: username, secret: password) }
            guard let auth, !auth.isEmpty else { return nil }
            guard let data = Data(base64Encoded: auth), let colon = data.firstIndex(of: UInt8(ascii: ":"))
            else {
                throw RegistryError(
                    .credentials,
                    "\(file) has a login that is not base64 of user:password",
                    hint: "log in again with: skopeo login REGISTRY"
                )
            }
            return .password(
                user: String(decoding: data[..<colon], as: UTF8.self),
                secret: String(decoding: data[data.index(after: colon)...], as: UTF8.self)
            )
        }
    }

    let auths: [String: Entry]?
    let credHelpers: [String: String]?
    let credsStore: String?
}
