import KilnSecrets
import Testing

@Suite struct `Tokens of services` {
    /// Prefix, what follows, and one that only looks like it.
    static let forms: [(SecretKind, String, String)] = [
        (.awsAccessKey, "AK" + "IA" + "Q3EGW7KJ2M5TZX4R", "AKIA" + "Q3EGW7KJ2M5TZX4"),
        (.awsAccessKey, "AS" + "IA" + "Q3EGW7KJ2M5TZX4R", "AKIAIOSFODNN7" + "EXAMPLE"),
        (.githubToken, "gh" + "p_" + Tokens.checked(), "ghp_" + Tokens.body(36)),
        (.githubToken, "gh" + "s_" + Tokens.checked(seed: 3), "ghs_" + Tokens.checked() + "x"),
        // The checksum of this one is published.
        (
            .githubToken, "gh" + "p_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ" + "0mLq17",
            "ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18"
        ),
        (
            .githubToken, "github" + "_pat_" + Tokens.body(22) + "_" + Tokens.body(59, seed: 5),
            "github_pat_" + Tokens.body(40)
        ),
        (.gitlabToken, "gl" + "pat-" + Tokens.body(20), "glpat-" + Tokens.body(12)),
        (.gitlabToken, "gl" + "ptt-" + Tokens.body(40, Tokens.hex), "glptt-" + Tokens.body(39, Tokens.hex)),
        (.npmToken, "np" + "m_" + Tokens.checked(seed: 9), "npm_" + Tokens.body(36, seed: 2)),
        (.pypiToken, "py" + "pi-AgEIcHlwaS5vcmc" + Tokens.body(120), "pypi-AgEIcHlwaS5vcmc"),
        (.dockerHubToken, "dckr" + "_pat_" + Tokens.body(27), "dckr_pat_" + Tokens.body(20)),
        (
            .azureStorageKey, "Account" + "Key=" + Tokens.body(86) + "==",
            "AccountKey=" + Tokens.body(40) + "=="
        ),
        (.googleAPIKey, "AI" + "za" + Tokens.body(35), "AIza" + Tokens.body(36)),
        (.googleClientSecret, "GOCS" + "PX-" + Tokens.body(28), "GOCSPX-" + Tokens.body(20)),
        (
            .digitalOceanToken, "do" + "p_v1_" + Tokens.body(64, Tokens.hex),
            "dop_v1_" + Tokens.body(63, Tokens.hex)
        ),
        (.slackToken, "xo" + "xb-123456789012-1234567890123-" + Tokens.body(24), "xoxb-not-a-token"),
        (
            .slackWebhook, "https://hooks.slack" + ".com/services/T0AB12CD3/B0AB12CD3/" + Tokens.body(24),
            "https://hooks.slack.com/services/T000"
        ),
        (.stripeKey, "sk" + "_live_" + Tokens.body(24), "sk_test_" + Tokens.body(24)),
        (.sendGridKey, "S" + "G." + Tokens.body(22) + "." + Tokens.body(43), "SG." + Tokens.body(66)),
        (.shopifyToken, "shp" + "at_" + Tokens.body(32, Tokens.hex), "shpat_" + Tokens.body(31, Tokens.hex)),
        (
            .huggingFaceToken, "h" + "f_" + Tokens.body(34, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ"),
            "hf_" + Tokens.body(34)
        ),
        (.anthropicKey, "sk-" + "ant-api03-" + Tokens.body(95), "sk-ant-api03"),
        (
            .openAIKey, "sk-" + "proj-" + Tokens.body(40) + "T3Blbk" + "FJ" + Tokens.body(40),
            "sk-proj-" + Tokens.body(80)
        ),
        (.vaultToken, "hv" + "s." + Tokens.body(92), "hvs." + Tokens.body(24)),
        (
            .grafanaToken, "gl" + "sa_" + Tokens.body(32) + "_" + Tokens.body(8, Tokens.hex),
            "glsa_" + Tokens.body(41)
        ),
        (.tailscaleKey, "ts" + "key-auth-" + Tokens.body(12) + "-" + Tokens.body(32), "tskey-auth-x"),
        (.databricksToken, "da" + "pi" + Tokens.body(32, Tokens.hex), "dapi" + Tokens.body(31, Tokens.hex)),
        (
            .ageKey, "AGE-SECRET-" + "KEY-1RT4P0L39MNDF88FDNM93L0P4TRAEHHEART4P0L39MNDF88FDNM9SALPMV3",
            "AGE-SECRET-" + "KEY-1RT4P0L39MNDF88FDNM93L0P4TRAEHHEART4P0L39MNDF88FDNM9SALPMVQ"
        ),
        (
            .awsSecretKey, "aws_secret" + "_access_key = " + Tokens.body(40),
            "aws_secret_access_key = ${SECRET}"
        ),
        (
            .awsSecretKey, "AWS_SECRET" + "_ACCESS_KEY=\"" + Tokens.body(40, seed: 4) + "\"",
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY"
        ),
    ]

    @Test(arguments: forms)
    func `are known by their documented form, and what only looks so is none`(
        _ kind: SecretKind,
        _ good: String,
        _ bad: String
    ) {
        let found = Tokens.found("first line\nkey = '\(good)'\n")
        #expect(found.map(\.kind) == [kind])
        #expect(found.first?.line == 2)
        #expect(Tokens.found("first line\nkey = '\(bad)'\n") == [])
        // In the middle of a word it is no token's beginning.
        #expect(Tokens.found("x\(good)").isEmpty)
    }

    @Test(arguments: forms)
    func `are never shown, only fingerprinted, the same wherever they stand`(
        _ kind: SecretKind,
        _ good: String,
        _: String
    ) throws {
        let first = try #require(Tokens.found(good).first)
        let second = try #require(Tokens.found("a\nb\n\(good)\n", at: "srv/other").first)
        #expect(first.fingerprint == second.fingerprint && first.fingerprint.count == 16)
        #expect(!"\(first)".contains(good.suffix(12)))
    }

    @Test func `that repeat a few characters are placeholders`() {
        #expect(Tokens.found("glpat-" + String(repeating: "x", count: 20)).isEmpty)
        #expect(Tokens.found("AKIA" + String(repeating: "A", count: 16)).isEmpty)
    }

    @Test func `every kind that has a form is tried here`() {
        let tried = Set(Self.forms.map(\.0))
        let byFile: Set<SecretKind> = [
            .privateKey, .puttyKey, .pgpKey, .passwordHash, .emptyPassword, .netrcPassword, .registryLogin,
            .kubeconfigCredential, .databasePassword, .gitCredential, .packageRegistryLogin,
            .environmentSecret,
        ]
        #expect(tried.union(byFile) == Set(SecretKind.allCases))
    }
}
