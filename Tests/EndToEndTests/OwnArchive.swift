import KilnSystem
import KilnTestSupport
import SystemPackage

/// A package archive of a test's own with two suites, whose packages make a small root that installs packages: the
/// machine's own dpkg and shell with the libraries that they need.
struct OwnArchive {
    enum Suite: String, CaseIterable {
        case main = "own"
        case security = "own-security"
    }

    private let root: FilePath
    private let key: FilePath
    private let gpgHome: FilePath

    static func make(in sandbox: Sandbox) async throws -> OwnArchive {
        let archive = OwnArchive(
            root: sandbox.path.appending("archive"),
            key: sandbox.path.appending("archive-key.gpg"),
            gpgHome: sandbox.path.appending("archive-gpg")
        )
        try Files.createDirectory(archive.root)
        try Files.createDirectory(archive.gpgHome, mode: 0o700)
        let home = archive.gpgHome.string
        sandbox.onExit {
            try await ToolRunner().run(
                ToolInvocation("gpgconf", ["--kill", "all"], environment: ["GNUPGHOME": home])
            )
        }
        try await archive.shell(
            "\(archive.gpg) --passphrase '' --quick-gen-key own@example.org ed25519 sign never && "
                + "\(archive.gpg) --export own@example.org > '\(archive.key)'"
        )
        try await archive.addRoot()
        return archive
    }

    /// As a definition names it.
    var definition: String {
        "{mirror: \"file://\(root)\", suites: [own, own-security], keyring: \(key)}"
    }

    /// The same without the suite for security.
    var mainOnly: String {
        "{mirror: \"file://\(root)\", suites: [own], keyring: \(key)}"
    }

    /// A package whose one file is its version, and whose changelog has an entry that names the CVE.
    func add(
        _ name: String,
        _ version: Int,
        fixing vulnerability: String = "",
        in suite: Suite = .main
    ) async throws {
        try await build(
            name,
            "\(version)",
            suite,
            fill: """
                mkdir -p "$tree/usr/share/doc/\(name)"
                echo \(version) > "$tree/usr/share/doc/\(name)/version"
                for entry in $(seq \(version) -1 1); do
                    printf '\(name) (%s) own; urgency=low\\n\\n  * Change %s. %s\\n\\n' $entry $entry "$([ $entry = \(version) ] && echo \(vulnerability))"
                    printf ' -- Own <own@example.org>  Fri, %02d Jan 2026 12:00:00 +0100\\n\\n' $((entry + 1))
                done | gzip -9n > "$tree/usr/share/doc/\(name)/changelog.Debian.gz"
                """
        )
    }

    /// Writes the indexes and signs them.
    func publish() async throws {
        for suite in Suite.allCases {
            let name = suite.rawValue
            try await shell(
                """
                cd '\(root)' && mkdir -p dists/\(name)/main/binary-amd64 pool/\(name)
                apt-ftparchive packages pool/\(name) > dists/\(name)/main/binary-amd64/Packages
                rm -f dists/\(name)/Release dists/\(name)/InRelease
                apt-ftparchive -o APT::FTPArchive::Release::Codename=\(name) -o APT::FTPArchive::Release::Suite=\(name) \\
                    -o APT::FTPArchive::Release::Architectures=amd64 -o APT::FTPArchive::Release::Components=main \\
                    release dists/\(name) > release-\(name) && mv release-\(name) dists/\(name)/Release
                \(gpg) --local-user own@example.org --clearsign --output dists/\(name)/InRelease dists/\(name)/Release
                """
            )
        }
    }

    private func addRoot() async throws {
        let programs = [
            "dpkg", "dpkg-deb", "dpkg-query", "dpkg-split", "diff", "tar", "rm", "sh", "cat", "sleep",
            "ldconfig",
            "start-stop-daemon",
        ]
        try await build(
            "base-files",
            "1",
            .main,
            fields: ["Essential: yes"],
            fill: "mkdir -p $tree/etc $tree/tmp"
        )
        try await build(
            "dpkg",
            "1:1",
            .main,
            fields: ["Essential: yes"],
            fill: """
                mkdir -p $tree/usr/bin $tree/usr/sbin $tree/usr/lib64
                for name in \(programs.joined(separator: " ")); do
                    found=$(readlink -f "$(command -v $name)")
                    case $found in */sbin/*) target=usr/sbin ;; *) target=usr/bin ;; esac
                    cp "$found" $tree/$target/$name
                    for library in $(ldd "$found" 2>/dev/null | grep -o '/[^ ]*' || true); do
                        case $library in /lib64/*) folder=usr/lib64 ;; *) folder=usr/lib/x86_64-linux-gnu ;; esac
                        mkdir -p $tree/$folder && cp -Ln "$library" $tree/$folder/
                    done
                done
                """
        )
        try await build("apt", "2", .main, fill: ":")
        try await build("usr-is-merged", "1", .main, fill: ":")
    }

    private func build(
        _ name: String,
        _ version: String,
        _ suite: Suite,
        fields: [String] = [],
        fill: String
    ) async throws {
        let control =
            [
                "Package: \(name)", "Version: \(version)", "Architecture: all", "Priority: optional",
                "Maintainer: Own <own@example.org>",
            ] + fields + ["Description: a package of a test"]
        try await shell(
            """
            export PATH=/usr/sbin:/usr/bin:/sbin:/bin tree='\(root.appending("tree"))' SOURCE_DATE_EPOCH=1767225600
            rm -rf "$tree" && mkdir -p "$tree/DEBIAN" '\(root)/pool/\(suite.rawValue)'
            \(fill)
            printf '%s\\n' \(control.map { "'\($0)'" }.joined(separator: " ")) > "$tree/DEBIAN/control"
            dpkg-deb -Znone --root-owner-group --build "$tree" \\
                '\(root)/pool/\(suite.rawValue)/\(name)_\(version.split(separator: ":").last ?? "")_all.deb' > /dev/null
            """
        )
    }

    private var gpg: String {
        "GNUPGHOME='\(gpgHome)' gpg --batch --yes --quiet --pinentry-mode loopback"
    }

    private func shell(_ script: String) async throws {
        try await ToolRunner().run(ToolInvocation("bash", ["-e", "-o", "pipefail", "-c", script]))
    }
}
