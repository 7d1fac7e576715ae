import FoundationEssentials
package import KilnDefinition
import KilnDiagnostics
import KilnOCI
package import KilnRegistry
import KilnSystem
package import SystemPackage

/// Reads from etcd by the JSON gateway of its version 3 API.
package struct EtcdClient: Sendable {
    package enum Question: Sendable, Hashable {
        case key(String)
        /// All keys that begin with it, by what follows.
        case prefix(String)
    }

    private static let answerLimit: Int64 = 16 << 20
    private static let passwordLimit = 4 << 10

    private let transport: any HTTPTransport

    package init(transport: any HTTPTransport) {
        self.transport = transport
    }

    package func snapshot(
        of question: Question,
        at endpoint: EtcdEndpoint,
        _ directory: FilePath
    ) async throws -> ConfigSnapshot {
        let files = HTTPCertificates(
            authority: try endpoint.authority.map { try readable($0, in: directory) },
            certificate: try endpoint.certificate.map { try readable($0, in: directory) },
            privateKey: try endpoint.privateKey.map { try readable($0, in: directory) }
        )
        let token = try await token(at: endpoint, files, directory)
        let body = try await ask(endpoint, "kv/range", Self.range(question), files, token)
        do {
            let answer = try EtcdAnswer(body)
            return ConfigSnapshot(values: Self.named(answer.values, question), version: answer.revision)
        } catch {
            throw failed(endpoint, "it gives \(error.words)")
        }
    }

    private static func named(_ values: [String: [UInt8]], _ question: Question) -> [String: [UInt8]] {
        guard case .prefix(let prefix) = question else { return values }
        return Dictionary(
            uniqueKeysWithValues: values.compactMap { key, value in
                key.hasPrefix(prefix) && key != prefix ? (String(key.dropFirst(prefix.count)), value) : nil
            }
        )
    }

    private func token(
        at endpoint: EtcdEndpoint,
        _ files: HTTPCertificates,
        _ directory: FilePath
    ) async throws -> String? {
        guard let user = endpoint.user, let file = endpoint.passwordFile else { return nil }
        let path = try readable(file, in: directory)
        let text = String(decoding: try Files.read(path, limit: Self.passwordLimit), as: UTF8.self)
        let password = text.hasSuffix("\n") ? String(text.dropLast()) : text
        let question = ["name": user, "password": password]
        let answer = try await ask(endpoint, "auth/authenticate", question, files, nil)
        guard let token = try? CanonicalJSON.decode(Login.self, from: answer).token, !token.isEmpty else {
            throw failed(endpoint, "it gives no token to \(user)")
        }
        return token
    }

    private struct Login: Decodable {
        let token: String
    }

    private func ask(
        _ endpoint: EtcdEndpoint,
        _ call: String,
        _ question: [String: String],
        _ files: HTTPCertificates,
        _ token: String?
    ) async throws -> [UInt8] {
        var request = HTTPRequest(
            .post,
            "\(endpoint.url)/v3/\(call)",
            headers: ["Content-Type": "application/json"],
            body: .bytes(try CanonicalJSON.encode(question)),
            destination: .memory(limit: Self.answerLimit)
        )
        if let token { request.headers["Authorization"] = token }
        request.certificates = files
        do {
            let response = try await transport.send(request)
            if response.isSuccess { return response.body }
            throw failed(
                endpoint,
                EtcdRefusal.words(response.body).map { "it says: \(ShownText.line($0))" }
                    ?? "it answers with status \(response.status)"
            )
        } catch let failure as TransportFailure {
            throw failed(endpoint, failure.words)
        }
    }

    /// Keys are bytes, in base64; the end of a prefix is the next text of its length.
    package static func range(_ question: Question) -> [String: String] {
        switch question {
        case .key(let key): ["key": base64(Array(key.utf8))]
        case .prefix(let prefix):
            [
                "key": base64(Array(prefix.utf8)), "range_end": base64(end(of: Array(prefix.utf8))),
                "limit": String(EtcdAnswer.keyLimit + 1),
            ]
        }
    }

    private static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

    private static func end(of prefix: [UInt8]) -> [UInt8] {
        var end = prefix
        while let last = end.last {
            if last < 0xff {
                end[end.count - 1] = last + 1
                return end
            }
            end.removeLast()
        }
        // All keys from there on (etcd API reference, `range_end`).
        return [0]
    }

    private func readable(_ file: FilePath, in directory: FilePath) throws -> FilePath {
        let path = file.isAbsolute ? file : directory.pushing(file)
        guard Files.facts(path, followingSymlinks: true)?.kind == .file else {
            throw FleetError(
                .config,
                "there is no file \(path), which is needed to ask etcd",
                status: .usage
            )
        }
        return path
    }

    private func failed(_ endpoint: EtcdEndpoint, _ cause: String) -> FleetError {
        FleetError(
            .config,
            "etcd at \(endpoint.url) cannot be asked for configuration",
            causes: [cause],
            hint: "no release is made, and what runs goes on; see whether it answers: etcdctl endpoint health"
        )
    }
}
