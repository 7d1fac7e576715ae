import KilnDefinition
package import KilnOCI
package import KilnStore
import SystemPackage

extension LockedImage {
    /// Every file that a bake of this image takes from elsewhere by its digest. What lies beside the definition is kept
    /// with it.
    package var files: [SourceFile] {
        packages.map { package in
            SourceFile(
                title: FilePath(package.path).lastComponent?.string ?? package.name,
                mediaType: .debianPackage,
                digest: package.sha256,
                size: package.size
            )
        }
            + downloads.map { download in
                SourceFile(
                    title: download.url.split(separator: "/").last.map(String.init) ?? download.url,
                    mediaType: .download,
                    digest: download.sha256,
                    size: download.size
                )
            } + (base.map { [SourceFile.ofBase("manifest", $0.digest, size: $0.size)] } ?? [])
    }
}

extension SourceFile {
    /// A part of a base image that is no layer: those are the image's own, and kept with it.
    package static func ofBase(_ part: String, _ digest: Digest, size: Int64) -> SourceFile {
        SourceFile(title: "\(part)-\(digest.short).json", mediaType: .json, digest: digest, size: size)
    }
}
