import KilnSystem
import KilnTestSupport
import SystemPackage

/// A tree of some 200 paths with whatever layers must carry, and a change of it.
enum ManyFiles {
    static func make(at path: FilePath) async throws {
        let script = """
            umask 022; mkdir -p \(path); cd \(path)
            mkdir -p etc usr/bin usr/lib var/empty opt/replaced/deep opt/gone opt/opaque/sub opt/kept 'with space'
            for n in $(seq 1 90); do printf 'file %s\\n' $n > usr/lib/file-$n; done
            for n in $(seq 1 20); do printf 'gone\\n' > opt/gone/f$n; printf 'opaque\\n' > opt/opaque/sub/f$n; done
            for mode in 0000 0100 0444 0600 0711 0777 1644 2755 4711 6555 7777; do echo m > usr/bin/mode-$mode; chmod $mode usr/bin/mode-$mode; done
            for mode in 0500 0711 1777 2775 3770; do mkdir var/mode-$mode; chmod $mode var/mode-$mode; done
            for n in 1 2 3 4; do ln usr/lib/file-$n usr/bin/hard-$n; ln usr/lib/file-$n opt/kept/hard-$n; done
            for length in 99 100 101 155 156 200 254; do
              name=$(head -c $length /dev/zero | tr '\\0' n); echo long > opt/kept/$name; ln -s $name opt/kept/link-$length
            done
            deep=$(printf 'folder-of-some-length/%.0s' $(seq 1 14)); mkdir -p $deep; echo deep > $deep/file
            truncate -s 5M usr/lib/sparse; printf end >> usr/lib/sparse
            truncate -s 1M usr/lib/hole-only; printf 'a' | dd of=usr/lib/middle bs=1 seek=700000 status=none; truncate -s 2M usr/lib/middle
            : > usr/lib/empty; mkfifo -m 600 var/pipe
            ln -s ../usr/lib/file-1 etc/link; ln -s /absolute/place etc/absolute; ln -s nowhere etc/dangling
            printf x > 'with space/a file'; printf u > "$(printf 'gr\\303\\274n')"; printf n > "$(printf 'new\\nline')"; printf b > 'back\\slash'
            setfattr -n user.note -v 'some = text' usr/lib/file-5; setfattr -n user.binary -v 0x00ff0a3d usr/lib/file-6
            setfattr -n user.folder -v yes opt/kept
            setfattr -n security.capability -v 0x0100000200040000000000000000000000000000 usr/bin/mode-0711
            chown 1000:2000 usr/lib/file-8 var/empty; chown 3000000:3000001 usr/lib/file-9; chown -h 12:13 etc/link
            find . -exec touch -h -d @1600000000 {} +; touch -d @1 usr/lib/file-10; touch -d @4294967297 usr/lib/file-11
            touch -d @0 var/empty
            """
        try await shell(script)
    }

    /// What commands in the root would do: deletions, folders put in other folders' place, new links and modes.
    static func change(_ path: FilePath) async throws {
        let script = """
            umask 022; cd \(path)
            rm -r opt/gone usr/lib/file-20 usr/bin/mode-0444 etc/dangling
            rm -r opt/opaque; mkdir opt/opaque; echo new > opt/opaque/new
            rm -r opt/replaced; echo file > opt/replaced
            rm usr/lib/file-21; mkdir usr/lib/file-21; echo in > usr/lib/file-21/in
            rm etc/absolute; ln -s ../usr etc/absolute
            echo changed > usr/lib/file-30; chmod 600 usr/lib/file-31; chown 5:6 usr/lib/file-32
            setfattr -x user.note usr/lib/file-5; setfattr -n user.new -v 1 usr/lib/file-33
            mkdir -p opt/added/deep; for n in $(seq 1 15); do echo $n > opt/added/deep/a$n; done
            ln opt/added/deep/a1 opt/added/hard; chmod 1777 opt/added
            truncate -s 3M opt/added/sparse
            find opt/added opt/opaque opt/replaced usr/lib/file-21 usr/lib/file-30 -exec touch -h -d @1650000000 {} +
            touch -d @1650000000 . opt etc usr usr/lib usr/bin; touch -h -d @1650000000 etc/absolute
            """
        try await shell(script)
    }

    /// What `find` and friends say of a tree: everything but inode numbers and how much of a file is a hole.
    static func describe(_ path: FilePath) async throws -> [String] {
        let text = try await shell(
            """
            cd \(path)
            find . -mindepth 1 \\( -type d -printf '%p|%y|%m|%U|%G|%Ts\\n' \\) -o -printf '%p|%y|%m|%U|%G|%Ts|%l|%n|%s\\n' | LC_ALL=C sort
            find . -type f -exec sha256sum {} + | LC_ALL=C sort
            getfattr -R -h -d -e hex -m 'user|security' . 2>/dev/null || true
            """
        )
        return text.split(separator: "\n").map(String.init)
    }

    @discardableResult
    static func shell(_ script: String) async throws -> String {
        try await ToolRunner().run(ToolInvocation("bash", ["-euc", script])).text
    }
}
