/// The shell script that installs packages with the image's own dpkg, run in the sandbox. Pure.
struct InstallScript: Sendable {
    /// In the sandbox: the packages' files, named `<package>.deb`.
    static let folder = BakeContainer.folder + "/packages"
    /// In the sandbox: the answers for debconf.
    static let answers = BakeContainer.folder + "/debconf"

    /// No write is synced: a bake that dies is thrown away. Of conffiles that the definition put in place, the
    /// definition's are kept.
    private static let dpkg = "dpkg --force-unsafe-io --force-confdef --force-confold --log=/dev/null"

    let steps: [InstallStep]

    static let environment = [
        "DEBIAN_FRONTEND": "noninteractive",
        "DEBCONF_NONINTERACTIVE_SEEN": "true",
        "DEBCONF_NOWARNINGS": "yes",
    ]

    /// Both outputs go to one pipe, since runc's two lose the order of lines.
    var text: String {
        let lines =
            ["exec 2>&1", "set -e", "cd \(Self.folder)"] + steps.map(Self.line) + [
                "problems=$(dpkg --audit)",
                #"if [ -n "$problems" ]; then printf '%s\n' "$problems"; exit 1; fi"#,
            ]
        return lines.joined(separator: "\n") + "\n"
    }

    private static func line(_ step: InstallStep) -> String {
        switch step {
        case .unpack(let names, let ignoringDependencies):
            let options = ignoringDependencies ? ["--force-depends", "--unpack"] : ["--unpack"]
            return ([dpkg] + options + names.map { "./\($0).deb" }).joined(separator: " ")
        case .configure(let names): return ([dpkg, "--configure"] + names).joined(separator: " ")
        case .configurePending: return dpkg + " --configure --pending"
        case .preseed: return "debconf-set-selections \(answers)"
        }
    }
}
