import KilnSystem
import KilnTestSupport
import SystemPackage

/// A tree with everything that layers must carry.
enum SampleTree {
    /// GNU tar, set to tell whatever is in an archive or a tree.
    static let gnuTar = "tar --xattrs --xattrs-include='*' --acls"

    /// Makes the tree at the path. `shuffled` makes the same content in another order and under another umask.
    static func make(at path: FilePath, shuffled: Bool = false) async throws {
        let steps = shuffled ? Array(files.reversed()) : files
        let script =
            ["set -e", shuffled ? "umask 077" : "umask 022", "mkdir -p \(path) && cd \(path)"]
            + ["mkdir -p a/deep/er opt/empty usr/bin var/tmp 'with space'"] + steps + links + metadata
        try await shell(script.joined(separator: "\n"))
    }

    @discardableResult
    static func shell(_ script: String) async throws -> String {
        try await ToolRunner().run(ToolInvocation("bash", ["-c", script])).text
    }

    static let longName = String(repeating: "n", count: 180)
    static let longFolder = Array(repeating: "folder-of-some-length", count: 8).joined(separator: "/")

    private static let files = [
        "printf hello > a/hello",
        "head -c 3000000 /dev/zero > a/deep/zeros",
        "seq 1 200000 > a/deep/er/numbers",
        ": > a/nothing",
        "printf x > usr/bin/tool",
        "printf 'sp' > 'with space/a file'",
        "printf 'uni' > \"$(printf 'gr\\303\\274n')\"",
        "printf 'nfd' > \"$(printf 'gru\\314\\210n')\"",
        "printf 'nl' > \"$(printf 'new\\nline')\"",
        "printf long > \(longName)",
        "mkdir -p \(longFolder) && printf deep > \(longFolder)/file-with-a-name",
        "mkfifo var/pipe",
    ]

    private static let links = [
        "ln a/hello usr/hello-again", "ln a/hello a/hello-too",
        "ln -s ../a/hello usr/link", "ln -s /absolute/target usr/absolute",
        "ln -s \(longName)/\(longName) usr/long-link",
    ]

    private static let metadata = [
        "chmod 4755 usr/bin/tool", "chmod 1777 var/tmp", "chmod 0000 a/nothing", "chmod 0711 opt/empty",
        "chmod 755 . a a/deep a/deep/er opt usr usr/bin var 'with space'",
        "find folder-of-some-length -type d -exec chmod 755 {} +",
        "find . -type f ! -path ./usr/bin/tool ! -path ./a/nothing -exec chmod 640 {} +",
        "chmod 600 var/pipe",
        "chown 1000:2000 a/deep/zeros", "chown 3000000:3000000 opt/empty", "chown -h 12:13 usr/link",
        "setfattr -n user.note -v 'some = text' a/hello",
        "setfattr -n user.binary -v 0x00ff0a3d a/deep",
        "setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 usr/bin/tool",
        "find . -exec touch -h -d @1600000000 {} +", "touch -d @1500000000 a/nothing",
        "touch -d @-5 a/deep/er/numbers", "touch -d @1900000000 a/hello",
    ]

    /// What `find` and friends say of a tree: everything but the times of creation and the inode numbers.
    static func describe(_ path: FilePath) async throws -> String {
        try await shell(
            """
            set -e; cd \(path)
            find . -printf '%p|%y|%m|%U|%G|%l|%n|' \\( -type d -printf '-|' -o -printf '%s|' \\) -printf '%Ts\\n' | LC_ALL=C sort
            find . -type f -exec sha256sum {} + | LC_ALL=C sort
            getfattr -R -h -d -m 'user|security|trusted' . 2>/dev/null | LC_ALL=C sort
            """
        )
    }
}
