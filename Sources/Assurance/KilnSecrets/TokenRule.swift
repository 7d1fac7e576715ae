/// How tokens of one kind look: what they begin with, what follows, and what of that can be checked.
struct TokenRule: Sendable {
    let kind: SecretKind
    let prefix: [UInt8]
    let alphabet: Alphabet
    /// Of what follows the prefix.
    let length: ClosedRange<Int>
    /// Whether what follows the prefix is a token's; checksums are here.
    let check: @Sendable (ArraySlice<UInt8>) -> Bool

    init(
        _ kind: SecretKind,
        _ prefix: String,
        _ alphabet: Alphabet,
        _ length: ClosedRange<Int>,
        _ check: @escaping @Sendable (ArraySlice<UInt8>) -> Bool = { _ in true }
    ) {
        self.kind = kind
        self.prefix = Array(prefix.utf8)
        self.alphabet = alphabet
        self.length = length
        self.check = check
    }

    /// The documented forms of those who give tokens out.
    static let all: [TokenRule] =
        ["AKIA", "ASIA"].map { TokenRule(.awsAccessKey, $0, .upperBase36, 16...16, isNoExample) }
        + ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"].map {
            TokenRule(.githubToken, $0, .base62, 36...36, TokenChecksum.isCRC)
        }
        + [
            TokenRule(.githubToken, "github_pat_", .word, 82...82) { $0[$0.startIndex + 22] == 0x5F },
            TokenRule(.gitlabToken, "glpat-", .dotted, 20...320),
            TokenRule(.gitlabToken, "gldt-", .dotted, 20...320),
            TokenRule(.gitlabToken, "glrt-", .dotted, 20...320),
            TokenRule(.gitlabToken, "glcbt-", .dotted, 20...320),
            TokenRule(.gitlabToken, "glptt-", .hex, 40...40),
            TokenRule(.npmToken, "npm_", .base62, 36...36, TokenChecksum.isCRC),
            TokenRule(.pypiToken, "pypi-AgE", .url, 80...600),
            TokenRule(.dockerHubToken, "dckr_pat_", .url, 27...27),
            TokenRule(.azureStorageKey, "AccountKey=", .base64, 88...88) { $0.suffix(2) == [0x3D, 0x3D] },
            TokenRule(.googleAPIKey, "AIza", .url, 35...35),
            TokenRule(.googleClientSecret, "GOCSPX-", .url, 28...28),
            TokenRule(.digitalOceanToken, "dop_v1_", .hex, 64...64),
            TokenRule(.digitalOceanToken, "doo_v1_", .hex, 64...64),
            TokenRule(.digitalOceanToken, "dor_v1_", .hex, 64...64),
            TokenRule(.slackToken, "xoxb-", .url, 30...255, hasParts),
            TokenRule(.slackToken, "xoxp-", .url, 30...255, hasParts),
            TokenRule(.slackToken, "xoxa-", .url, 30...255, hasParts),
            TokenRule(.slackToken, "xoxr-", .url, 30...255, hasParts),
            TokenRule(.slackToken, "xapp-", .url, 30...255, hasParts),
            TokenRule(.slackWebhook, "https://hooks.slack.com/services/T", .path, 30...80),
            TokenRule(.stripeKey, "sk_live_", .base62, 24...247),
            TokenRule(.stripeKey, "rk_live_", .base62, 24...247),
            TokenRule(.sendGridKey, "SG.", .dotted, 66...66) { $0[$0.startIndex + 22] == 0x2E },
            TokenRule(.shopifyToken, "shpat_", .hex, 32...32),
            TokenRule(.shopifyToken, "shpss_", .hex, 32...32),
            TokenRule(.huggingFaceToken, "hf_", .letters, 34...34),
            TokenRule(.anthropicKey, "sk-ant-", .url, 80...200),
            TokenRule(.openAIKey, "sk-proj-", .url, 40...255) { contains($0, "T3BlbkFJ") },
            TokenRule(.vaultToken, "hvs.", .url, 90...250),
            TokenRule(.vaultToken, "hvb.", .url, 90...400),
            TokenRule(.grafanaToken, "glsa_", .word, 41...41) { $0[$0.startIndex + 32] == 0x5F },
            TokenRule(.tailscaleKey, "tskey-auth-", .url, 20...120),
            TokenRule(.tailscaleKey, "tskey-api-", .url, 20...120),
            TokenRule(.databricksToken, "dapi", .hex, 32...32),
            TokenRule(.ageKey, "AGE-SECRET-KEY-1", .upperBase36, 58...58, TokenChecksum.isAge),
        ]

    /// Documentation's own keys end so.
    private static func isNoExample(_ body: ArraySlice<UInt8>) -> Bool {
        !body.suffix(7).elementsEqual("EXAMPLE".utf8)
    }

    private static func hasParts(_ body: ArraySlice<UInt8>) -> Bool {
        body.split(separator: 0x2D).count >= 3 && body.contains { $0 >= 0x30 && $0 <= 0x39 }
    }

    private static func contains(_ body: ArraySlice<UInt8>, _ word: String) -> Bool {
        String(decoding: body, as: UTF8.self).contains(word)
    }
}
