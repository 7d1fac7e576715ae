import KilnDefinition
import KilnLock
import KilnSystem
import KilnTestSupport
import SystemPackage

/// An archive as Ubuntu lays its own out: three suites under one codename, security at a place of its own, several
/// components, phased updates, indexes by their hash, packages compressed with zstd, a merged /usr that `base-files`
/// brings, and no `usr-is-merged`. The packages are small ones, made of this machine's dpkg and busybox.
struct UbuntuArchive {
    let folder: FilePath

    var etc: FilePath { folder.appending("etc-apt") }
    var keyring: FilePath { folder.appending("ubuntu-archive-keyring.gpg") }

    var definition: ArchiveDefinition {
        ArchiveDefinition(
            suites: ["noble", "noble-updates", "noble-security"],
            components: ["main", "universe"],
            keyring: keyring
        )
    }

    static func make(in sandbox: Sandbox) async throws -> UbuntuArchive {
        let archive = UbuntuArchive(folder: sandbox.path.appending("ubuntu"))
        try Files.createDirectory(archive.folder)
        let environment: [String: String?] = [
            "GNUPGHOME": archive.folder.appending("gnupg").string, "SOURCE_DATE_EPOCH": "1700000000",
        ]
        sandbox.onExit {
            try await ToolRunner().run(
                ToolInvocation("gpgconf", ["--kill", "all"], environment: environment)
            )
        }
        try await ToolRunner().run(
            ToolInvocation(
                "bash",
                ["-euc", script],
                environment: environment,
                workingDirectory: archive.folder
            )
        )
        try Files.createDirectory(archive.etc.appending("apt.conf.d"))
        try Files.write(
            """
            Types: deb
            URIs: file://\(archive.folder)/archive
            Suites: noble noble-updates
            Components: main restricted universe
            Signed-By: \(archive.keyring)

            Types: deb
            URIs: file://\(archive.folder)/security
            Suites: noble-security
            Components: main universe
            Signed-By: \(archive.keyring)

            """,
            to: archive.folder.appending("ubuntu.sources")
        )
        try Files.createDirectory(archive.etc.appending("sources.list.d"))
        try Files.rename(
            archive.folder.appending("ubuntu.sources"),
            to: archive.etc.appending("sources.list.d").appending("ubuntu.sources")
        )
        return archive
    }

    private static let script = #"""
        mkdir -m 700 gnupg
        gpg --batch --quiet --passphrase '' --quick-gen-key ubuntu@example.org ed25519 sign never
        gpg --export ubuntu@example.org > ubuntu-archive-keyring.gpg

        # package PLACE NAME VERSION FIELD...: builds what is in tree/ into a pool, and empties tree/.
        package() {
          place=$1 name=$2 version=$3; shift 3
          mkdir -p tree/DEBIAN "$place"
          { printf 'Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: Test <test@example.org>\n' "$name" "$version"
            for field in "$@"; do printf '%s\n' "$field"; done
            printf 'Description: a package of a test\n'; } > tree/DEBIAN/control
          dpkg-deb -Zzstd --uniform-compression --root-owner-group --build tree "$place/${name}_${version}_amd64.deb" > /dev/null
          rm -rf tree
        }

        mkdir -p tree/usr/{bin,sbin,lib,lib64} tree/etc tree/var/lib tree/tmp
        for name in bin sbin lib lib64; do ln -s usr/$name tree/$name; done
        printf 'ID=ubuntu\nVERSION_CODENAME=noble\n' > tree/etc/os-release
        package archive/pool/main base-files 13 'Essential: yes' 'Priority: required'

        mkdir -p tree/usr/bin tree/usr/sbin
        cp /bin/busybox tree/usr/bin/busybox
        for name in cat mkdir ls diff; do ln -s busybox tree/usr/bin/$name; done
        ln -s ../bin/busybox tree/usr/sbin/start-stop-daemon
        printf '#!/bin/sh\n' > tree/usr/sbin/ldconfig; chmod 755 tree/usr/sbin/ldconfig
        package archive/pool/main busybox 1 'Essential: yes' 'Priority: required' 'Depends: base-files'

        mkdir -p tree/usr/bin
        for name in dpkg dpkg-deb dpkg-split dpkg-query dpkg-divert dpkg-trigger tar dash rm; do
          cp "$(readlink -f "$(type -P $name)")" tree/usr/bin/$name
        done
        for library in $(ldd tree/usr/bin/* | grep -o '/[^ ]*' | grep -v : | sort -u); do
          real=$(readlink -f "$library")
          case $library in
            /lib64/*) mkdir -p tree/usr/lib64; cp "$real" "tree/usr$library" ;;
            *) mkdir -p "tree/usr/lib/x86_64-linux-gnu"; cp "$real" "tree/usr/lib/x86_64-linux-gnu/${library##*/}" ;;
          esac
        done
        # busybox's own shell would take its own dpkg for dpkg.
        ln -s dash tree/usr/bin/sh
        package archive/pool/main dpkg 1.22 'Essential: yes' 'Priority: required' 'Depends: busybox'

        package archive/pool/main apt 2.8 'Priority: important' 'Depends: dpkg'
        package archive/pool/main tool 1.0
        package archive/pool/updates tool 1.1
        mkdir -p tree/usr/games tree/DEBIAN
        printf 'one\n' > tree/usr/games/game
        printf '#!/bin/sh\nset -e\nprintf configured > /usr/games/made\n' > tree/DEBIAN/postinst; chmod 755 tree/DEBIAN/postinst
        package archive/pool/universe game 1 'Depends: tool (>= 1.1), fixed'
        package security/pool/main fixed 2

        # index BASE SUITE COMPONENT POOL [FIELD]: found by its hash alone.
        index() {
          folder=$1/dists/$2/$3/binary-amd64
          mkdir -p "$folder/by-hash/SHA256"
          if [ -n "$4" ]; then (cd "$1"; apt-ftparchive packages "$4") > "$folder/Packages"; else : > "$folder/Packages"; fi
          if [ -n "${5:-}" ]; then sed -i "s/^Package:.*/&\n$5/" "$folder/Packages"; fi
        }
        release() {
          (cd "$1"; apt-ftparchive -o APT::FTPArchive::Release::Origin=Ubuntu -o APT::FTPArchive::Release::Label=Ubuntu \
            -o APT::FTPArchive::Release::Suite=$2 -o APT::FTPArchive::Release::Codename=noble \
            -o APT::FTPArchive::Release::Acquire-By-Hash=yes -o APT::FTPArchive::Release::Architectures=amd64 \
            -o "APT::FTPArchive::Release::Components=main restricted universe" release dists/$2) > release
          mv release "$1/dists/$2/Release"
          for index in "$1/dists/$2"/*/binary-amd64/Packages; do
            mv "$index" "${index%/*}/by-hash/SHA256/$(sha256sum < "$index" | cut -d' ' -f1)"
          done
          gpg --batch --quiet --clearsign --output "$1/dists/$2/InRelease" "$1/dists/$2/Release"
        }
        for component in main restricted universe; do
          index archive noble $component "$([ $component = restricted ] || echo pool/$component)"
          index archive noble-updates $component "$([ $component != main ] || echo pool/updates)" 'Phased-Update-Percentage: 10'
          index security noble-security $component "$([ $component != main ] || echo pool/main)"
        done
        release archive noble; release archive noble-updates; release security noble-security
        """#
}
