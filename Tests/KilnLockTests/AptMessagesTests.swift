import Testing

@testable import KilnLock

@Suite struct `Reading apt's messages` {
    typealias Failure = AptMessages.UpdateFailure

    @Test(
        arguments: [
            (
                "W: GPG error: http://h t InRelease: The following signatures couldn't be verified because the public key is not available: NO_PUBKEY 250B0078674B0C97\nE: The repository 'http://h t InRelease' is not signed.",
                .unknownKey("250B0078674B0C97")
            ),
            (
                "W: OpenPGP signature verification failed: http://h t InRelease: Sub-process /usr/bin/sqv returned an error code (1), error message is: Missing key 250B0078674B0C97250B0078674B0C97, which is needed to verify signature.\nE: The repository 'http://h t InRelease' is not signed.",
                .unknownKey("250B0078674B0C97250B0078674B0C97")
            ),
            (
                "W: GPG error: x: The following signatures were invalid: BADSIG 250B0078674B0C97 A <a@b>\nE: The repository 'x' is not signed.",
                .badSignature
            ),
            (
                "W: GPG error: x: The following signatures were invalid: EXPKEYSIG 250B A\nE: The repository 'x' is not signed.",
                .deadKey
            ),
            ("E: The repository 'file:/a t Release' is not signed.", .unsigned),
            ("E: The repository 'file:/a t Release' is no longer signed.", .unsigned),
            (
                "E: Failed to fetch http://h/InRelease  Clearsigned file isn't valid, got 'NOSPLIT' (does the network require authentication?)\nE: The repository 'x' is not signed.",
                .unsigned
            ),
            (
                "E: Release file for http://h/InRelease is expired (invalid since 1057d 6h 5min 37s). Updates for this repository will not be applied.",
                .expired
            ),
            (
                "E: Release file for http://h/InRelease is not valid yet (invalid for another 768d 17h 54min 57s). Updates",
                .notYetValid
            ),
            (
                "E: Failed to fetch http://h/Packages  Hash Sum mismatch\n   Hashes of expected file:\nE: Some index files failed to download.",
                .tampered
            ),
            (
                "E: Failed to fetch http://h/Packages.xz  File has unexpected size (3136 != 3129). Mirror sync in progress? [IP: 127.0.0.1 1]",
                .tampered
            ),
            ("E: The repository 'http://h nosuite Release' does not have a Release file.", .missingSuite),
            (
                "E: Failed to fetch http://h/InRelease  Could not connect to h:9 (127.0.0.1). - connect (111: Connection refused)\nE: Some index files failed",
                .unreachable
            ),
            ("E: Failed to fetch http://h/InRelease  Could not resolve 'h'", .unreachable),
            (
                "E: Failed to fetch http://h/InRelease  403  Forbidden [IP: 1.2.3.4 80]\nE: The repository 'http://h t InRelease' is not signed.",
                .unauthorized
            ),
            (
                "E: Failed to fetch http://h/InRelease  502  Bad Gateway\nE: The repository 'http://h t InRelease' is not signed.",
                .unreachable
            ),
            (
                "E: Failed to fetch http://h/d/Packages  404  Not Found [IP: 1.2.3.4 80]\nE: Some index files failed to download.",
                .incomplete
            ),
            (
                "E: Failed to fetch file:/a/Packages  File not found - /a/Packages (2: No such file or directory)",
                .incomplete
            ),
            ("E: Something new", .other), ("", .other),
        ] as [(String, Failure)]
    )
    func `an update's failure is the reason and not what follows from it`(text: String, failure: Failure) {
        #expect(AptMessages.updateFailure(text).failure == failure)
    }

    @Test func `passwords in URLs are left out`() {
        #expect(
            AptMessages.complaints(
                "E: Failed to fetch https://me:secret@h/x  broken, see http://h/@y\nE: again\nE: again"
            )
                == ["Failed to fetch https://h/x  broken, see http://h/@y", "again"]
        )
    }

    @Test func `unmet dependencies name both sides`() {
        let output = """
            Reading package lists...
            The following information may help to resolve the situation:

            The following packages have unmet dependencies:
             foo : Depends: libbar (>= 2) but 1 is to be installed
                   Conflicts: baz
             systemd-sysv : PreDepends: init but it is not installable
            E: Unable to correct problems, you have held broken packages.
            """
        #expect(
            AptMessages.solveFailure(
                output: output,
                errors: "E: Unable to correct problems, you have held broken packages."
            )
                == .unmet([
                    .init(
                        package: "foo",
                        relation: "Depends",
                        target: "libbar (>= 2)",
                        reason: "but 1 is to be installed"
                    ),
                    .init(package: "foo", relation: "Conflicts", target: "baz", reason: ""),
                    .init(
                        package: "systemd-sysv",
                        relation: "PreDepends",
                        target: "init",
                        reason: "but it is not installable"
                    ),
                ])
        )
    }

    @Test(
        arguments: [
            ("E: Unable to locate package nosuch", .unknownPackage("nosuch")),
            (
                "E: Package 'mta' has no installation candidate",
                .noCandidate("mta", providers: ["exim", "postfix"])
            ),
            ("E: Version '9' for 'apt' was not found", .unknownVersion(package: "apt", version: "9")),
            ("E: Unable to correct problems, you have held broken packages.", .unsolvable),
            ("E: Unable to satisfy dependencies. Reached two conflicting assignments:", .unsolvable),
            ("E: Could not open lock file", .other), ("E: Something new", .other),
        ] as [(String, AptMessages.SolveFailure)]
    )
    func `a solver's refusal is told apart`(errors: String, failure: AptMessages.SolveFailure) {
        let output =
            "Package mta is a virtual package provided by:\n  postfix 1\n  exim 1 (= 2)\nYou should\n"
        #expect(AptMessages.solveFailure(output: output, errors: errors) == failure)
    }

    @Test(
        arguments: [
            (
                "'http://h/d/pool/libc_2.36-9%2bdeb12_amd64.deb' libc_1%3a2.36-9+deb12_amd64.deb 12 SHA256:"
                    + hex, "libc 1:2.36-9+deb12 amd64 12"
            ),
            ("'http://h/x.deb' libc_1_amd64.deb 12 MD5Sum:00", nil),
            ("'http://h/x.deb' libc_amd64.deb 12 SHA256:" + hex, nil),
            ("'http://h/x.deb' libc_1_amd64.deb x SHA256:" + hex, nil),
            ("'http://h/x.deb", nil), ("'", nil), ("''", nil),
        ] as [(String, String?)]
    )
    func `a chosen package is read exactly`(line: String, expected: String?) {
        let choice = AptChoice(line[...])
        #expect(choice.map { "\($0.name) \($0.version) \($0.architecture) \($0.size)" } == expected)
    }

    private static let hex = String(repeating: "ab", count: 32)
}
