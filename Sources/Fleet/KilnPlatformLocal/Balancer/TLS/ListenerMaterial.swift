import KilnDefinition
import KilnFleet
import KilnSystem
import SystemPackage

/// What a listener needs to speak TLS, as its files hold it now. It belongs into memory and nowhere else.
struct ListenerMaterial: Sendable, Hashable {
    /// The certificate, those that lead to its authority, and the key.
    let bundle: String
    /// Whose certificates are taken from clients.
    let clientCA: String?
    let dates: CertificateDates

    /// All of it, to know it again.
    var mark: String { bundle + (clientCA ?? "") }

    private static let longest = 64 << 10

    static func read(_ tls: ListenerTLS, for address: ListenAddress) throws -> ListenerMaterial {
        let reader = Reader(address: address)
        let chain = try reader.text(tls.certificate)
        let certificates = chain.blocks.filter(\.isCertificate)
        guard let first = certificates.first, let dates = CertificateDates(first) else {
            throw reader.refusal(
                "\(tls.certificate) has no certificate",
                hint: "a PEM file: the certificate, then the ones that lead to its authority"
            )
        }
        let keys = try (tls.key.map(reader.text) ?? chain).blocks.filter(\.isKey)
        guard let key = keys.first else {
            throw reader.refusal(
                "\(tls.key ?? tls.certificate) has no private key",
                hint: tls.key == nil
                    ? "say where it is: key: file:/PATH" : "a PEM file with BEGIN PRIVATE KEY in it"
            )
        }
        guard !key.isEncrypted else {
            throw reader.refusal(
                "the key in \(tls.key ?? tls.certificate) is encrypted, and nobody is there to say its passphrase",
                hint: "openssl pkey -in KEY -out PLAIN-KEY writes one without, for root alone to read"
            )
        }
        return ListenerMaterial(
            bundle: (certificates + [key]).map(\.text).joined(),
            clientCA: try tls.clientCA.map { try reader.authorities($0) },
            dates: dates
        )
    }

    /// Why nobody should be shown it at this time; nil when it is good.
    func fault(now: Int64) -> String? {
        if dates.end <= now { return "the certificate expired at \(WallClock.format(dates.end))" }
        if dates.begin > now { return "the certificate is not valid before \(WallClock.format(dates.begin))" }
        return nil
    }

    private struct Reader {
        let address: ListenAddress

        func text(_ file: String) throws -> PEMText {
            let path = FilePath(file)
            guard let facts = Files.facts(path, followingSymlinks: true), facts.kind == .file else {
                throw refusal("there is no file \(file)", hint: hint)
            }
            guard facts.size <= ListenerMaterial.longest else {
                throw refusal("\(file) has more than \(ListenerMaterial.longest >> 10) KiB", hint: hint)
            }
            do {
                return PEMText(try Files.read(path, limit: ListenerMaterial.longest))
            } catch let error as SystemError {
                throw refusal("\(file) cannot be read: \(error)", hint: hint)
            }
        }

        func authorities(_ file: String) throws -> String {
            let blocks = try text(file).blocks.filter(\.isCertificate)
            if blocks.isEmpty {
                throw refusal(
                    "\(file) has no certificate",
                    hint: "a PEM file with the authorities of clients"
                )
            }
            return blocks.map(\.text).joined()
        }

        private var hint: String { "tls: of the listener says which PEM files of this machine it uses" }

        func refusal(_ cause: String, hint: String) -> LocalPlatformError {
            .certificate(of: address, [cause], hint: hint)
        }
    }
}

extension LocalPlatformError {
    static func certificate(
        of address: ListenAddress,
        _ causes: [String],
        hint: String? = nil
    ) -> LocalPlatformError {
        LocalPlatformError(
            .certificate,
            "the certificate of \(address) cannot be used",
            causes: causes,
            hint: hint
        )
    }
}
