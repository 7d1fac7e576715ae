import KilnDefinition
import KilnDiagnostics
import KilnFleet
import KilnStore
import KilnSystem
import SystemPackage

/// One trial: instances of a fleet of its own.
struct TrialSession: Sendable {
    let platform: LocalPlatform
    let fleet: FleetName
    let content: ReleaseContent
    let stop: StopSignal
    let healthyWithin: Duration

    private static let token = FencingToken(1)

    func ask(
        _ checks: [CheckDefinition],
        startsProgram: Bool,
        _ answered: (CheckResult) -> Void
    ) async throws -> (results: [CheckResult], log: [String]) {
        try await platform.converge(FleetSettings(fleet: fleet, listen: nil), token: Self.token)
        var results: [CheckResult] = []
        func note(_ result: CheckResult) {
            results.append(result)
            answered(result)
        }
        var main: InstanceID?
        if startsProgram {
            let instance = try await create(command: nil)
            main = instance
            if let failure = try await waitForHealth(of: instance) { note(failure) }
        }
        if results.isEmpty {
            for check in checks {
                try checkStop()
                note(try await ask(check, main))
            }
        }
        guard let main, !results.allSatisfy(\.passed) else { return (results, []) }
        return (results, try await platform.logLines(main, of: fleet, last: 20))
    }

    private func checkStop() throws {
        if stop.isRequested { throw CancellationError() }
        try Task.checkCancellation()
    }

    private func create(command: [String]?) async throws -> InstanceID {
        let id = InstanceID("\(fleet)-1-\(ImageTrial.random(4))")
        let release = Release(
            fleet: fleet,
            number: ReleaseNumber(rawValue: 1),
            content: content,
            created: WallClock.now
        )
        try await platform.create(
            InstanceSpec(id: id, slot: 0, release: release, command: command),
            token: Self.token
        )
        return id
    }

    /// nil when it became healthy.
    private func waitForHealth(of instance: InstanceID) async throws -> CheckResult? {
        let start = BootInstant.now
        var passes = 0
        var seen = "nothing yet"
        while start.duration(to: .now) < healthyWithin {
            try checkStop()
            let look = try await observation(of: instance)
            if case .exited(let status) = look.process {
                return failure("it ended with \(status.map { "status \($0)" } ?? "no status")", since: start)
            }
            let answer = await platform.probe(look)
            switch answer {
            case .passed: passes += 1
            case .failed(let reason):
                passes = 0
                seen = reason
            }
            if passes >= max(1, content.health?.healthy ?? 1) { return nil }
            try await Task.sleep(for: min(content.health?.interval ?? .milliseconds(100), .seconds(1)))
        }
        return failure("\(seen), after \(healthyWithin.formattedForPeople)", since: start)
    }

    private func failure(_ seen: String, since start: BootInstant) -> CheckResult {
        CheckResult(
            check: "health",
            passed: false,
            expected: "a healthy instance",
            seen: seen,
            seconds: start.duration(to: .now).trialSeconds
        )
    }

    private func observation(of instance: InstanceID) async throws -> InstanceObservation {
        guard let look = try await platform.observe(fleet).first(where: { $0.spec.id == instance }) else {
            throw LocalPlatformError.unknown(instance)
        }
        return look
    }

    private func ask(_ check: CheckDefinition, _ main: InstanceID?) async throws -> CheckResult {
        let start = BootInstant.now
        let answer: CheckAnswer
        switch check.question {
        case .http(let port, let path, let status, let text):
            answer = try await reach(main, check, expected: CheckAnswer.expectation(status: status, text)) {
                address,
                limit in
                SocketProbe(address: address, port: port, limit: limit)
                    .exchange(path: path, host: "localhost")
                    .map { CheckAnswer.of(http: $0.status, $0.body, expecting: status, text) }
            }
        case .tcp(let port):
            answer = try await reach(main, check, expected: "a connection") { address, limit in
                switch SocketProbe(address: address, port: port, limit: limit).tcp() {
                case .passed:
                    .success(CheckAnswer(passed: true, expected: "a connection", seen: "a connection"))
                case .failed(let reason): .failure(SocketProbe.Failure(reason: reason))
                }
            }
        case .run(let words, let status, let text):
            answer = try await run(words, beside: main, within: check.timeout, status, text)
        case .file(let path, let exists, let mode):
            let facts = try await platform.facts(of: FilePath(path), in: content.image)
            answer = CheckAnswer.of(file: facts, exists: exists, mode: mode)
        }
        return CheckResult(
            check: check.title,
            passed: answer.passed,
            expected: answer.expected,
            seen: answer.seen,
            seconds: start.duration(to: .now).trialSeconds
        )
    }

    /// Asks until there is an answer or the time is up: without a health nobody knows when a program listens.
    private func reach(
        _ main: InstanceID?,
        _ check: CheckDefinition,
        expected: String,
        _ question:
            @escaping @Sendable (_ address: String, _ limit: Duration) -> Result<
                CheckAnswer, SocketProbe.Failure
            >
    ) async throws -> CheckAnswer {
        guard let main else {
            return CheckAnswer(passed: false, expected: expected, seen: "an image without entrypoint")
        }
        let deadline = BootInstant.now.advanced(by: check.timeout)
        var seen = "nothing"
        while BootInstant.now < deadline {
            try checkStop()
            let look = try await observation(of: main)
            guard case .running = look.process, let address = look.address else {
                return CheckAnswer(passed: false, expected: expected, seen: "an instance that has ended")
            }
            let left = BootInstant.now.duration(to: deadline)
            switch try await Blocking.wait({ question(address, left) }) {
            case .success(let answer): return answer
            case .failure(let failure): seen = failure.reason
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        return CheckAnswer(passed: false, expected: expected, seen: seen)
    }

    private func run(
        _ words: [String],
        beside main: InstanceID?,
        within limit: Duration,
        _ status: Int,
        _ text: String?
    ) async throws -> CheckAnswer {
        let expected = CheckAnswer.expectation(exit: status, text)
        let late = CheckAnswer(
            passed: false,
            expected: expected,
            seen: "no end within \(limit.formattedForPeople)"
        )
        if let main {
            let start = BootInstant.now
            guard let output = try await platform.execute(words, in: main, of: fleet, within: limit) else {
                return late
            }
            // What is ended for its time may still be seen to end.
            if start.duration(to: .now) >= limit, output.status != .exited(0) { return late }
            guard case .exited(let code) = output.status else {
                return CheckAnswer(passed: false, expected: expected, seen: output.status.description)
            }
            return CheckAnswer.of(exit: code, output.text + output.errorText, expecting: status, text)
        }
        let instance: InstanceID
        do {
            instance = try await create(command: words)
        } catch let error as LocalPlatformError where error.code == .program {
            let words = error.asDiagnostics.first?.causes.first ?? ""
            return CheckAnswer(
                passed: false,
                expected: expected,
                seen: CheckAnswer.missingProgram(words) ?? "a program that cannot be started"
            )
        }
        var code: Int32?
        func hasEnded() async throws -> Bool {
            guard case .exited(let status) = try await observation(of: instance).process else { return false }
            code = status
            return true
        }
        guard try await Waiting.until(limit, every: .milliseconds(20), hasEnded) else { return late }
        // The supervisor writes down how it ended once it has written down all that was said (conmon(8)).
        _ = try await Waiting.until(.seconds(5), every: .milliseconds(20)) {
            if code != nil { return true }
            _ = try await hasEnded()
            return code != nil
        }
        // All that is kept of it (`ContainerCommands.logLimit`): what is looked for may come early.
        let output = try await platform.logLines(instance, of: fleet, last: .max).joined(separator: "\n")
        return CheckAnswer.of(exit: code ?? -1, output, expecting: status, text)
    }
}

extension Duration {
    var trialSeconds: Double { Double(inNanoseconds / 1_000_000) / 1000 }
}
