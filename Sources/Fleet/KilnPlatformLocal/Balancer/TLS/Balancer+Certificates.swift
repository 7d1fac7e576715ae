import KilnDefinition
import KilnFleet
import KilnSystem
import SystemPackage

// Certificates of listeners: read from the machine's files, tried, and shown.
extension Balancer {
    private static func secure(_ settings: FleetSettings) -> [(address: ListenAddress, tls: ListenerTLS)] {
        (settings.listen?.all ?? []).compactMap { listener in listener.tls.map { (listener.address, $0) } }
    }

    /// Refuses what could not be shown to anybody.
    func checkCertificates(_ settings: FleetSettings, now: Int64) async throws {
        let listeners = Self.secure(settings)
        if listeners.isEmpty { return }
        try paths.home.makeRuntime()
        try await locked {
            for (address, tls) in listeners {
                let material = try ListenerMaterial.read(tls, for: address)
                if let fault = material.fault(now: now) {
                    throw LocalPlatformError.certificate(of: address, [fault])
                }
                try await tryOut(material, tls, address)
            }
        }
    }

    /// The same before the settings are those of the fleet.
    func prepareCertificatesAlone(_ settings: FleetSettings) async throws {
        if Self.secure(settings).isEmpty { return }
        try await locked { try await prepareCertificates(settings) }
    }

    private func prepareCertificates(_ settings: FleetSettings) async throws {
        for (listener, tls) in unprepared(settings) { try await prepare(listener, tls) }
    }

    /// The same where what holds is to be brought back: after a reboot, one whose files are gone or spoilt meanwhile stays closed
    /// until they are good again, and the others open.
    func prepareUsableCertificates(_ settings: FleetSettings) async throws {
        for (listener, tls) in unprepared(settings) {
            do {
                try await prepare(listener, tls)
            } catch let error as LocalPlatformError where error.code == .certificate {
                continue
            }
        }
    }

    private func unprepared(_ settings: FleetSettings) -> [(listener: Listener, tls: ListenerTLS)] {
        (settings.listen?.all ?? []).compactMap { listener in
            guard let tls = listener.tls, !folder.holds(listener) else { return nil }
            return (listener, tls)
        }
    }

    /// Gives a listener something to show before it is opened. What it has already stays until it is renewed; one that expired
    /// is better than none, since clients that care refuse it and everything else goes on.
    private func prepare(_ listener: Listener, _ tls: ListenerTLS) async throws {
        let material = try ListenerMaterial.read(tls, for: listener.address)
        try await tryOut(material, tls, listener.address)
        try folder.make()
        try folder.write(material, for: listener.address)
    }

    /// Whether there is something else to show now, and nobody refused it yet.
    func hasNewCertificates(_ settings: FleetSettings, now: Int64) -> Bool {
        guard Files.exists(folder.path) else { return false }
        return Self.secure(settings).contains { address, tls in
            let read = Self.read(tls, address)
            if case .success(let material) = read, folder.holds(material, for: address) { return false }
            return !folder.wasRefused(Self.mark(read, now), for: address)
        }
    }

    /// What is refused is known again by what it is and why it is no good: what is not valid yet will be.
    private static func mark(_ read: Result<ListenerMaterial, LocalPlatformError>, _ now: Int64) -> String {
        switch read {
        case .success(let material): material.mark + (material.fault(now: now) ?? "")
        case .failure(let error): words(error)
        }
    }

    /// Shows what the files hold now to those who connect from now on; what is no good is left.
    func renewCertificates(_ settings: FleetSettings, now: Int64) async throws -> [CertificateNews] {
        let listeners = Self.secure(settings)
        if listeners.isEmpty { return [] }
        return try await locked {
            var news: [CertificateNews] = []
            for (address, tls) in listeners {
                if let one = try await renew(address, tls, now) { news.append(one) }
            }
            return news
        }
    }

    private func renew(
        _ address: ListenAddress,
        _ tls: ListenerTLS,
        _ now: Int64
    ) async throws -> CertificateNews? {
        let read = Self.read(tls, address)
        let mark = Self.mark(read, now)
        if folder.wasRefused(mark, for: address) { return nil }
        do {
            let material = try read.get()
            if folder.holds(material, for: address) { return nil }
            if let fault = material.fault(now: now) {
                throw LocalPlatformError.certificate(of: address, [fault])
            }
            try await tryOut(material, tls, address)
            try await show(material, address)
            return CertificateNews(address, .renewed(expires: material.dates.end))
        } catch let error as LocalPlatformError where error.code == .certificate {
            try folder.make()
            try folder.refuse(mark, for: address)
            let reason = Self.reason(error)
            let hasOne = Files.exists(folder.certificate(of: address))
            return CertificateNews(address, hasOne ? .refused(reason: reason) : .closed(reason: reason))
        }
    }

    /// What clients are shown, and what is wrong with what the files hold.
    func certificates(_ settings: FleetSettings, now: Int64) -> [ListenerCertificate] {
        Self.secure(settings).map { address, tls in
            ListenerCertificate(
                address: "\(address)",
                expires: folder.dates(of: address)?.end,
                trouble: trouble(tls, address, now)
            )
        }
    }

    /// nil where what the files hold is shown, or was not tried yet and may be good.
    private func trouble(_ tls: ListenerTLS, _ address: ListenAddress, _ now: Int64) -> String? {
        switch Self.read(tls, address) {
        case .failure(let error): return Self.reason(error)
        case .success(let material):
            if folder.holds(material, for: address) { return nil }
            if let fault = material.fault(now: now) { return fault }
            return folder.wasRefused(material.mark, for: address)
                ? "the balancer does not take it: is the key that of the certificate?" : nil
        }
    }

    private static func read(
        _ tls: ListenerTLS,
        _ address: ListenAddress
    ) -> Result<ListenerMaterial, LocalPlatformError> {
        do {
            return .success(try ListenerMaterial.read(tls, for: address))
        } catch let error as LocalPlatformError {
            return .failure(error)
        } catch {
            return .failure(.certificate(of: address, ["\(error)"]))
        }
    }

    private static func reason(_ error: LocalPlatformError) -> String { error.causes.joined(separator: "; ") }
    private static func words(_ error: LocalPlatformError) -> String {
        ([error.message] + error.causes).joined(separator: "\n")
    }

    /// HAProxy itself says whether it would take them: the key must be the certificate's.
    private func tryOut(
        _ material: ListenerMaterial,
        _ tls: ListenerTLS,
        _ address: ListenAddress
    ) async throws {
        try folder.make()
        defer { try? folder.endTrial() }
        let (certificate, authorities) = (folder.trial("pem"), folder.trial("ca"))
        try folder.write(material.bundle, to: certificate)
        if let text = material.clientCA { try folder.write(text, to: authorities) }
        let front = BalancerConfig.Front(
            Listener(ListenAddress(address: "127.0.0.1", port: 1), mode: .tcp, tls: tls),
            certificate: certificate,
            clientCA: material.clientCA == nil ? nil : authorities
        )
        let config = folder.trial("cfg")
        try folder.write(file.text(BalancerConfig(fronts: [front])), to: config)
        let output = try await runner.runUnchecked(ToolInvocation("haproxy", ["-c", "-f", config.string]))
        if output.status == .exited(0) { return }
        // Cut off, it said nothing of them.
        guard case .exited = output.status else {
            let cause = "haproxy: \(output.status)"
            throw process.failed("cannot try out the certificate of \(address)", [cause])
        }
        throw LocalPlatformError.certificate(
            of: address,
            HAProxyAlerts.reasons(output.errorText, without: "'\(certificate)'"),
            hint:
                "openssl x509 -noout -pubkey -in CERTIFICATE and openssl pkey -pubout -in KEY say the same of a pair"
        )
    }

    /// The running process takes it over between two connections, and the file is for the next one. Where the process would not,
    /// a new worker is started on the file; the old one finishes what it has.
    private func show(_ material: ListenerMaterial, _ address: ListenAddress) async throws {
        try folder.make()
        var isTaken = try await take(material.bundle, "cert", folder.certificate(of: address))
        if isTaken, let authorities = material.clientCA {
            isTaken = try await take(authorities, "ca-file", folder.clientCA(of: address))
        }
        try folder.write(material, for: address)
        if !isTaken, let master = try await process.running() { try await process.renew(master) }
    }

    /// Both commands are HAProxy's (management guide, "set ssl cert"); a command and its text fit into one buffer of 16 KiB.
    private func take(_ text: String, _ kind: String, _ file: FilePath) async throws -> Bool {
        guard text.utf8.count < 15_000,
            let answer = try? await process.tell("set ssl \(kind) \(file) <<\n\(text)\n"),
            answer.contains("ransaction created") || answer.contains("ransaction updated"),
            let end = try? await process.tell("commit ssl \(kind) \(file)"), end.contains("Success")
        else {
            _ = try? await process.tell("abort ssl \(kind) \(file)")
            return false
        }
        return true
    }
}

/// What HAProxy says against a configuration, for people.
enum HAProxyAlerts {
    /// Each once, without the place in a file that is gone by then.
    static func reasons(_ output: String, without path: String) -> [String] {
        var reasons: [String] = []
        for line in output.split(separator: "\n") where line.hasPrefix("[ALERT]") {
            guard let end = line.firstRange(of: "section 'frontend' : ") else { continue }
            let reason = line[end.upperBound...].replacing(" " + path, with: "").replacing(path, with: "it")
            let trimmed = String(reason).trimmed
            if !reasons.contains(trimmed) { reasons.append(trimmed) }
        }
        return reasons.isEmpty ? ["HAProxy does not take it"] : reasons
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while let last = text.last, last == "." || last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
