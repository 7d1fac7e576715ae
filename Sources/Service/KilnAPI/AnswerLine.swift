package import KilnDiagnostics
package import KilnFleet
import KilnOCI

/// One line of the answer to a change: first its request, then facts as they happen, at last how it ended.
package enum AnswerLine: Sendable, Equatable {
    /// The change is begun, or waits for its turn; it goes on whether anybody listens or not.
    case request(RequestID)
    case progress(ProgressFact)
    /// The last line, unless it is a failure.
    case outcome(DeployOutcome)
    case failure([Diagnostic])

    package var isLast: Bool {
        switch self {
        case .request, .progress: false
        case .outcome, .failure: true
        }
    }
}

extension AnswerLine: Codable {
    private enum CodingKeys: CodingKey {
        case request
        case progress
        case outcome
        case failure
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .request(let id): try container.encode(id, forKey: .request)
        case .progress(let fact): try container.encode(ProgressForm(fact), forKey: .progress)
        case .outcome(let outcome): try container.encode(OutcomeForm(outcome), forKey: .outcome)
        case .failure(let diagnostics):
            try container.encode(diagnostics.map { DiagnosticForm($0) }, forKey: .failure)
        }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        guard container.allKeys.count == 1, let key = container.allKeys.first else {
            throw Self.corrupted(decoder, "a line says one thing")
        }
        switch key {
        case .request: self = .request(try container.decode(RequestID.self, forKey: .request))
        case .progress:
            guard let fact = try container.decode(ProgressForm.self, forKey: .progress).fact else {
                throw Self.corrupted(decoder, "an incomplete fact")
            }
            self = .progress(fact)
        case .outcome:
            guard let outcome = try container.decode(OutcomeForm.self, forKey: .outcome).result else {
                throw Self.corrupted(decoder, "an incomplete outcome")
            }
            self = .outcome(outcome)
        case .failure:
            let forms = try container.decode([DiagnosticForm].self, forKey: .failure)
            guard !forms.isEmpty else { throw Self.corrupted(decoder, "a failure without a reason") }
            self = .failure(forms.map(\.diagnostic))
        }
    }

    private static func corrupted(_ decoder: any Decoder, _ why: String) -> DecodingError {
        .dataCorrupted(DecodingError.Context(codingPath: decoder.codingPath, debugDescription: why))
    }

    /// As it is sent, with its line feed.
    package var bytes: [UInt8] {
        get throws { try CanonicalJSON.encode(self) + [UInt8(ascii: "\n")] }
    }
}
