import CDeflate
import CZstd
package import KilnOCI

/// How a layer's tar is compressed. The same tar and encoding give the same blob with the same library version, whatever the machine's cores.
package enum LayerEncoding: Sendable, Hashable {
    case zstd(level: Int32 = 3)
    case gzip(level: Int32 = 5)

    package static let standard = LayerEncoding.zstd()

    /// Library, version and parameters: everything that the blob's bytes depend on beside the tar.
    ///
    /// `-mt` says that zstd cuts its input into jobs, which it does for one worker and for many alike, and never without workers;
    /// `-1m` that gzip's members hold 1 MiB each. libdeflate is linked statically: its header's version is what runs.
    package var encoderName: String {
        switch self {
        case .zstd(let level): "zstd-\(String(cString: ZSTD_versionString()))-level\(level)-mt"
        case .gzip(let level): "gzip-libdeflate\(LIBDEFLATE_VERSION_STRING)-level\(level)-1m"
        }
    }

    package var mediaType: MediaType {
        switch self {
        case .zstd: .layerZstd
        case .gzip: .layerGzip
        }
    }

    func makeCompressor() throws(ArchiveError) -> any Compressor {
        switch self {
        case .zstd(let level): try ZstdCompressor(level: level)
        case .gzip(let level): try GzipCompressor(level: level)
        }
    }
}
