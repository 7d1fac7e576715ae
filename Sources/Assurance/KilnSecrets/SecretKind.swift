/// The kinds of secrets that are looked for. The raw values stand in reports and ignore lists.
package enum SecretKind: String, Sendable, Hashable, Codable, CaseIterable {
    case privateKey = "private-key"
    case puttyKey = "putty-key"
    case ageKey = "age-key"
    case pgpKey = "pgp-private-key"
    case awsAccessKey = "aws-access-key"
    case awsSecretKey = "aws-secret-key"
    case azureStorageKey = "azure-storage-key"
    case googleAPIKey = "google-api-key"
    case googleClientSecret = "google-client-secret"
    case digitalOceanToken = "digitalocean-token"
    case githubToken = "github-token"
    case gitlabToken = "gitlab-token"
    case npmToken = "npm-token"
    case pypiToken = "pypi-token"
    case dockerHubToken = "docker-hub-token"
    case slackToken = "slack-token"
    case slackWebhook = "slack-webhook"
    case stripeKey = "stripe-key"
    case sendGridKey = "sendgrid-key"
    case shopifyToken = "shopify-token"
    case huggingFaceToken = "hugging-face-token"
    case anthropicKey = "anthropic-key"
    case openAIKey = "openai-key"
    case vaultToken = "vault-token"
    case grafanaToken = "grafana-token"
    case tailscaleKey = "tailscale-key"
    case databricksToken = "databricks-token"
    case passwordHash = "password-hash"
    case emptyPassword = "empty-password"
    case netrcPassword = "netrc-password"
    case registryLogin = "registry-login"
    case kubeconfigCredential = "kubeconfig-credential"
    case databasePassword = "database-password"
    case gitCredential = "git-credential"
    case packageRegistryLogin = "package-registry-login"
    case environmentSecret = "environment-secret"

    /// What it is, for people: `a private key`.
    package var words: String {
        switch self {
        case .privateKey: "a private key"
        case .puttyKey: "a private key of PuTTY"
        case .ageKey: "a secret key of age"
        case .pgpKey: "a private PGP key"
        case .awsAccessKey: "an access key of AWS"
        case .awsSecretKey: "a secret access key of AWS"
        case .azureStorageKey: "an account key of Azure storage"
        case .googleAPIKey: "an API key of Google"
        case .googleClientSecret: "a client secret of Google"
        case .digitalOceanToken: "a token of DigitalOcean"
        case .githubToken: "a token of GitHub"
        case .gitlabToken: "a token of GitLab"
        case .npmToken: "a token of npm"
        case .pypiToken: "a token of PyPI"
        case .dockerHubToken: "a token of Docker Hub"
        case .slackToken: "a token of Slack"
        case .slackWebhook: "a webhook of Slack"
        case .stripeKey: "a live key of Stripe"
        case .sendGridKey: "a key of SendGrid"
        case .shopifyToken: "a token of Shopify"
        case .huggingFaceToken: "a token of Hugging Face"
        case .anthropicKey: "a key of Anthropic"
        case .openAIKey: "a key of OpenAI"
        case .vaultToken: "a token of Vault"
        case .grafanaToken: "a token of Grafana"
        case .tailscaleKey: "a key of Tailscale"
        case .databricksToken: "a token of Databricks"
        case .passwordHash: "the hash of a password that is not locked"
        case .emptyPassword: "an account without a password"
        case .netrcPassword: "a password in .netrc"
        case .registryLogin: "a login to an image registry"
        case .kubeconfigCredential: "a credential in a kubeconfig"
        case .databasePassword: "a password to a database"
        case .gitCredential: "a login to a git server"
        case .packageRegistryLogin: "a login to a package registry"
        case .environmentSecret: "a credential among variables"
        }
    }

    /// Whether a person may have thought it up, so that its digest would tell it to whoever tries words.
    var isGuessable: Bool {
        switch self {
        case .netrcPassword, .databasePassword, .gitCredential, .registryLogin, .packageRegistryLogin,
            .environmentSecret, .emptyPassword, .kubeconfigCredential:
            true
        default: false
        }
    }
}
