import KilnAPI
import KilnDiagnostics
import KilnFleet
import KilnOCI

/// The reference page of the API, from the code that reads and answers it.
package enum APIReference {
    package static func page() throws -> String {
        """
        # The API of kiln serve

        Made from the code: `KILN_UPDATE_GOLDEN=1 swift test --filter "The documentation"` writes it anew.

        `kiln serve` speaks HTTP/1.1 on the Unix socket `serve.sock` in the runtime folder of its home: `/run/kiln` for the default home,
        `/run/kiln/<id>` for any other. Only root can open it. The commands use it by themselves; for scripts:

        ```sh
        curl --unix-socket /run/kiln/serve.sock http://kiln/v1/fleets/shop
        curl --unix-socket /run/kiln/serve.sock --data '{"instances": 5}' http://kiln/v1/fleets/shop/scale
        ```

        | request | answer |
        |---|---|
        \(table(reads))

        ## Changes

        `POST /v1/fleets/{fleet}/{verb}` with a JSON body of at most \(APIResponder.longestBody >> 20) MiB. A field that the verb does not know is refused.

        | verb | does | fields |
        |---|---|---|
        \(ChangeVerb.allCases.map(row).joined(separator: "\n"))

        Each takes `options` besides:

        | field | means |
        |---|---|
        \(table(options))

        The answer has one JSON object in each line, as things happen: the request's id at once, facts, and at last how it ended.

        ```json
        \(try answer())
        ```

        Outcomes are those of `--format json`. What was refused or failed ends with a failure instead, which says all that the command
        would show:

        ```json
        \(try text(.failure(failure)))
        ```

        A change goes on when its client has gone. `POST /v1/requests/{id}/stop` asks it for a good end, as Ctrl-C does in a command: the
        action under way finishes, and the rollout is left paused.

        A request that cannot be understood is answered with a failure and a status of 400, 404, 405 or 413; 503 while `kiln serve` ends.
        A request may say the protocol that it is written in, `\(ServerIdentity.protocolHeader): \(ServerIdentity.currentProtocol)`; another one than the server's is refused. A change may say until when it may begin, in nanoseconds since boot (`CLOCK_BOOTTIME`), by `\(ServerIdentity.deadlineHeader)`; later it is refused, and nothing is changed.

        ## Metrics

        In Prometheus' text format, version 0.0.4, on the socket and, with `kiln serve --metrics 127.0.0.1:9464`, over TCP. Counters begin
        with the process or with the balancer's worker, but for rollouts, which the catalog remembers.

        | metric | kind | labels | means |
        |---|---|---|---|
        \(Metric.all.map(row).joined(separator: "\n"))

        """
    }

    private static let reads = [
        ("GET /v1/version", "the program's version, its protocol and process"),
        ("GET /v1/fleets", "all fleets, as `kiln status --format json` shows them"),
        ("GET /v1/fleets/{fleet}", "one of them"),
        (
            "GET /v1/events?after=N&fleet=NAME&limit=N",
            "the oldest events after a sequence, at most \(Route.eventLimit)"
        ), ("GET /metrics", "metrics"), ("GET /healthz", "`ok`"),
        ("POST /v1/fleets/{fleet}/{verb}", "a change, see below"),
        ("POST /v1/requests/{id}/stop", "a good end of a change that is under way"),
    ]

    private static let options = [
        ("force", "Take a release again that failed before."),
        ("wait", "Seconds to wait while somebody else changes the fleet; 900 without."),
        ("environment", "Whose values a deploy has."),
        ("remark", "Kept with a release that the deploy makes."),
        ("origin", "The path of the definition that the fleet belongs to from now on."),
        ("origins", "What stores the content's configuration was taken from, with their versions."),
        ("author", "Who asks for the change; kept with its events."),
        ("message", "Why; kept with its events and with the rollout that it begins."),
        ("repeatsUnseen", "Run again what cannot be undone and was begun, though nobody saw how it ended."),
        ("takesOver", "Whether the fleet may belong to another definition that is still there."),
        (
            "expected",
            "The `origin`, `release` and `pending` release that were seen; refused where they have moved."
        ),
    ]

    private static func table(_ rows: [(String, String)]) -> String {
        rows.map { "| `\($0)` | \($1) |" }.joined(separator: "\n")
    }

    private static func row(_ verb: ChangeVerb) -> String {
        let fields = verb.fields.map { field in
            "`\(field.name)`\(field.isRequired ? "" : " (may be left out)"): \(field.help)"
        }
        return "| `\(verb.rawValue)` | \(verb.help) | \(fields.joined(separator: " ")) |"
    }

    private static func row(_ metric: Metric) -> String {
        "| `\(metric.name)` | \(metric.kind.rawValue) | \(metric.labels.joined(separator: ", ")) | \(metric.help) |"
    }

    private static func answer() throws -> String {
        let work = WorkID("fleet/shop")
        let lines: [AnswerLine] = [
            .request(RequestID("4f0c…")), .progress(.started(work, label: "scale shop", total: nil)),
            .progress(.output(work, line: "the fleet's policy is changed: 5 instances instead of 3")),
            .progress(.finished(work, cached: false, detail: nil)),
            .outcome(.stable(ReleaseNumber(rawValue: 7))),
        ]
        return try lines.map(text).joined(separator: "\n")
    }

    private static var failure: [Diagnostic] {
        [
            Diagnostic(
                code: "fleet.unknown",
                "there is no fleet shpo",
                hint: "did you mean \"shop\"?",
                exitStatus: .usage
            )
        ]
    }

    private static func text(_ line: AnswerLine) throws -> String {
        String(decoding: try CanonicalJSON.encode(line), as: UTF8.self)
    }
}
