import Crypto

/// Digests that formats of old still ask for. They protect nothing any more: never a name for content of ours.
package enum FormerDigest {
    package static func sha1(_ bytes: [UInt8]) -> [UInt8] {
        Array(Insecure.SHA1.hash(data: bytes))
    }
}
