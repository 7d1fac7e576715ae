import KilnSystem
import KilnTestSupport
import SystemPackage

/// A signed Debian-style archive whose packages install in a moment: this machine's own dpkg with what it needs, and
/// little else.
struct TinyArchive {
    /// Holds `dists/` and `pool/`.
    let root: FilePath
    let keyring: FilePath

    static let isPossible = ["/usr/bin/apt-ftparchive", "/usr/bin/gpg", "/usr/bin/dpkg-deb", "/bin/busybox"]
        .allSatisfy { Files.exists(FilePath($0)) }

    static func make(in sandbox: Sandbox) async throws -> TinyArchive {
        let archive = TinyArchive(
            root: sandbox.path.appending("archive"),
            keyring: sandbox.path.appending("archive-key.gpg")
        )
        let work = sandbox.path.appending("archive-work")
        try Files.createDirectory(work)
        try await ToolRunner().run(
            ToolInvocation(
                "bash",
                ["-c", script, "bash", archive.root.string, archive.keyring.string],
                workingDirectory: work
            )
        )
        return archive
    }

    /// As after a point release: every file that a lock may name is gone.
    func dropAll() throws {
        for name in ["pool", "dists"] { try Files.remove(root.appending(name)) }
    }

    private static let script = """
        set -e
        root=$1 key=$2
        mkdir -p $root/pool build
        deb() {
          tree=build/$1
          mkdir -p $tree/DEBIAN $tree/usr/share/doc/$1
          echo "$1 $2" > $tree/usr/share/doc/$1/about
          printf 'Package: %s\\nVersion: %s\\nArchitecture: amd64\\nMaintainer: Test <test@example.org>\\n%sDescription: of a test\\n' \\
            $1 $2 "$3" > $tree/DEBIAN/control
          SOURCE_DATE_EPOCH=1700000000 dpkg-deb -Znone --root-owner-group --build $tree $root/pool/$1_$2_amd64.deb > /dev/null
        }
        own=build/dpkg/usr
        tools="dpkg dpkg-deb dpkg-query dpkg-split tar rm diff"
        mkdir -p $own/bin $own/lib $own/lib64 $own/sbin
        for tool in $tools; do cp /usr/bin/$tool $own/bin/; done
        cp /usr/bin/dash $own/bin/sh
        cp /bin/busybox $own/bin/
        for tool in ldconfig start-stop-daemon; do ln -s ../bin/busybox $own/sbin/$tool; done
        for library in $(cd /usr/bin; ldd $tools dash | grep -o '/[^ ]*\\.so[^ ]*' | sort -u); do
          case $library in
            */ld-linux*) cp -L $library $own/lib64/ ;;
            *) cp -L $library $own/lib/ ;;
          esac
        done
        deb dpkg 1.21 $'Essential: yes\\nPriority: required\\n'
        deb base-files 1 $'Essential: yes\\n'
        deb apt 2.6
        deb usr-is-merged 1
        deb greeting 1.0
        export GNUPGHOME=$PWD/gpg
        mkdir -m 700 gpg
        gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-gen-key a@example.org ed25519 sign never
        gpg --batch --quiet --export a@example.org > $key
        index=$root/dists/test/main/binary-amd64
        mkdir -p $index
        (cd $root && apt-ftparchive packages pool) > $index/Packages
        fields=
        for field in Codename=test Suite=test Architectures=amd64 Components=main; do
          fields="$fields -o APT::FTPArchive::Release::$field"
        done
        (cd $root && apt-ftparchive $fields release dists/test) > Release
        mv Release $root/dists/test/Release
        gpg --batch --quiet --clearsign --output $root/dists/test/InRelease $root/dists/test/Release
        gpgconf --kill all
        """
}
