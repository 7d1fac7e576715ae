import KilnDefinition
import KilnLock
import KilnOCI
import KilnRegistry
import OrderedCollections

extension Lock {
    static var sample: Lock {
        var lock = Lock(encoder: EncoderName("zstd-1.5.4-level3-mt"))
        var base = LockedImage(request: Digest(trustedHex: String(repeating: "1", count: 64)))
        base.asked = ["ca-certificates", "g++"]
        base.epoch = 1_700_000_000
        base.packages = [
            LockedPackage(
                name: "apt",
                version: "2.6.1",
                architecture: "amd64",
                archive: "debian",
                path: "pool/main/a/apt_2.6.1_amd64.deb",
                size: 1_443_024,
                sha256: Digest(trustedHex: "2" + String(repeating: "a", count: 63))
            ),
            LockedPackage(
                name: "libc6",
                version: "2.36-9+deb12u4",
                architecture: "amd64",
                archive: "debian",
                path: "pool/main/g/glibc/libc6_2.36-9+deb12u4_amd64.deb",
                size: 2_756_000,
                sha256: Digest(trustedHex: String(repeating: "3", count: 64))
            ),
            LockedPackage(
                name: "tzdata",
                version: "1:2.0",
                architecture: "all",
                archive: "debian",
                path: "pool/main/t/tzdata/tzdata_2.0_all.deb",
                size: 300_000,
                sha256: Digest(trustedHex: "4e" + String(repeating: "5", count: 62))
            ),
        ]
        lock.images["base"] = base
        lock.images["app"] = LockedImage(request: Digest(trustedHex: String(repeating: "6", count: 64)))
        lock.images["vendor"] = LockedImage(
            request: Digest(trustedHex: String(repeating: "7", count: 64)),
            tar: LockedTar(
                path: "vendor/root file.tar",
                size: 10,
                sha256: Digest(trustedHex: String(repeating: "b", count: 64))
            )
        )
        lock.images["bought"] = LockedImage(
            request: Digest(trustedHex: String(repeating: "8", count: 64)),
            base: LockedBase(
                image: ImageReference(
                    Repository(registry: "registry.example.org:5000", path: "vendor/app"),
                    tag: "2.1",
                    digest: nil
                ),
                index: Digest(trustedHex: String(repeating: "c", count: 64)),
                digest: Digest(trustedHex: String(repeating: "9", count: 64)),
                size: 1234
            )
        )
        return lock
    }

    static func random(using generator: inout SeededGenerator) -> Lock {
        var lock = Lock(encoder: EncoderName("gzip-libdeflate1.\(generator.next() % 30)-level5-1m"))
        for number in 0..<Int.random(in: 0...3, using: &generator) {
            var image = LockedImage(request: Digest(of: "\(generator.next())"))
            image.epoch = Int64.random(in: 0...4_000_000_000, using: &generator)
            let names = Set(
                (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                    String.random(2...9, "abcdefghijklmnopqrstuvwxyz0123456789", using: &generator)
                }
            )
            image.packages = names.sorted().map { .random(named: $0, using: &generator) }
            image.asked = Array(names.sorted().prefix(2))
            if image.packages.isEmpty {
                image.tar = LockedTar(
                    path: .random(
                        1...12,
                        "aZ09 ./:#{}[],'\"\\\t\u{E9}\u{1F600}\u{85}\u{2028}-",
                        using: &generator
                    ),
                    size: Int64.random(in: 0...1 << 40, using: &generator),
                    sha256: Digest(of: "\(generator.next())")
                )
            }
            lock.images[ImageName(trusted: ["on", "base", "y", "n1"][number])] = image
        }
        return lock
    }
}

extension LockedPackage {
    static func random(named name: String, using generator: inout SeededGenerator) -> LockedPackage {
        LockedPackage(
            name: name,
            version: .random(1...1, "0123456789", using: &generator)
                + .random(0...9, "0123456789.:~+-eExX_".filter { $0 != "_" }, using: &generator),
            architecture: ["all", "amd64", "arm64"].randomElement(using: &generator) ?? "all",
            archive: "debian",
            path: "pool/" + .random(1...20, "abcXYZ019+~%_,:{}\"'#&", using: &generator) + ".deb",
            size: Int64.random(in: 1...1 << 40, using: &generator),
            sha256: Digest(of: "\(generator.next())")
        )
    }
}

extension String {
    static func random(
        _ count: ClosedRange<Int>,
        _ alphabet: String,
        using generator: inout SeededGenerator
    ) -> String {
        let letters = Array(alphabet)
        return String(
            (0..<Int.random(in: count, using: &generator)).map { _ in
                letters.randomElement(using: &generator) ?? "a"
            }
        )
    }

    func replacingCharacters(in range: Range<String.Index>, with text: String) -> String {
        String(self[..<range.lowerBound]) + text + String(self[range.upperBound...])
    }
}
