import KilnDefinition
import KilnDiagnostics
import KilnSystem

extension AptArchives {
    /// What an update's failure is called, what it says and what to do.
    private struct Explanation {
        let code: LockError.Code
        /// Goes on after `archive "name"`.
        let message: String
        let hint: String
    }

    func updateError(_ text: String, _ invocation: ToolInvocation) -> LockError {
        let (failure, words) = AptMessages.updateFailure(text)
        let archive = culprit(words)
        let explanation = trustFailure(failure, archive ?? first) ?? otherFailure(failure, invocation)
        let subject = archive.map { "archive \"\($0.name)\"" } ?? oneOfThem
        return error(
            explanation.code,
            "\(subject) \(explanation.message)",
            about: archive,
            causes: words,
            hint: explanation.hint
        )
    }

    /// The archive that apt speaks of, by the place that it names; nil where that may be several.
    private func culprit(_ words: [String]) -> AptArchive? {
        guard members.count > 1 else { return first }
        let named = members.filter { archive in
            archive.sources.contains { source in
                let place = AptMessages.withoutPasswords(source.uri)
                return words.contains { line in
                    [" \(source.suite) ", "/dists/\(source.suite)/"].contains(where: line.contains)
                        && line.contains(place)
                }
            }
        }
        return named.count == 1 ? named[0] : nil
    }

    private func trustFailure(
        _ failure: AptMessages.UpdateFailure,
        _ archive: AptArchive
    ) -> Explanation? {
        switch failure {
        case .unknownKey(let key):
            Explanation(
                code: .signature,
                message:
                    "is signed by \(key.isEmpty ? "a key" : "key \(key)"), which its keyring does not hold",
                hint:
                    "if you trust that key, add it to \(archive.definition.keyring); if not, use another mirror"
            )
        case .badSignature:
            Explanation(
                code: .signature,
                message: "has a Release file that does not fit its signature",
                hint: "the mirror, or something on the way to it, changed the file: use another mirror"
            )
        case .deadKey:
            Explanation(
                code: .signature,
                message: "is signed by a key that has expired or was revoked",
                hint: "install the distribution's newest keyring package, or set keyring: to newer keys"
            )
        case .unsigned:
            Explanation(
                code: .unsigned,
                message: "is not signed",
                hint: "kiln locks signed archives only: sign the Release file, or use another mirror"
            )
        case .tampered:
            Explanation(
                code: .tampered,
                message: "has an index that is not the one its signed Release file names",
                hint: "the mirror may be in the middle of an update: try again later, or use another mirror"
            )
        default: nil
        }
    }

    private func otherFailure(
        _ failure: AptMessages.UpdateFailure,
        _ invocation: ToolInvocation
    ) -> Explanation {
        switch failure {
        case .expired:
            Explanation(
                code: .expired,
                message: "has expired: this mirror no longer gets updates",
                hint: "check this machine's clock; if it is right, use another mirror"
            )
        case .notYetValid:
            Explanation(
                code: .notYetValid,
                message: "is dated in the future",
                hint: "check this machine's clock"
            )
        case .missingSuite:
            Explanation(
                code: .missingSuite,
                message: "lacks one of its suites at this mirror",
                hint: "check suites: and mirror: of the archive; a mirror URL holds dists/ and pool/"
            )
        case .incomplete:
            Explanation(
                code: .incomplete,
                message: "lacks an index that its Release file names",
                hint: "the mirror may be in the middle of an update: try again later, or use another mirror"
            )
        case .unreachable:
            Explanation(
                code: .unreachable,
                message: "cannot be reached",
                hint: "check the network and apt's proxy settings; the lock was left as it is"
            )
        case .unauthorized:
            Explanation(
                code: .unauthorized,
                message: "wants a login that this machine does not have",
                hint: AptCredentials.hint
            )
        default:
            Explanation(
                code: .apt,
                message: "has indexes that apt could not update",
                hint: "the command was: \(invocation.commandLine)"
            )
        }
    }
}
