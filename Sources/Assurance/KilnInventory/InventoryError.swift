package import KilnDiagnostics

/// Why no inventory can be taken.
package struct InventoryError: DiagnosticError, Hashable {
    package enum Reason: Sendable, Hashable {
        case notADirectory
        case notALayout
        case notAnArchive
        case notATar
        /// Names of the images that it has.
        case severalImages([String])
        case noTag(String, [String])
        case noPlatform(String)
        /// What of it is missing or not what it should be.
        case damaged(String)
        /// Layers in the manifest, and in the configuration.
        case layerCount(Int, Int)
    }

    package let reason: Reason
    package let subject: String

    package init(_ reason: Reason, _ subject: String) {
        self.reason = reason
        self.subject = subject
    }

    package var diagnostics: [Diagnostic] {
        [Diagnostic(code: "inventory", "\(subject): \(message)", hint: hint)]
    }

    private var message: String {
        switch reason {
        case .notADirectory: "it is no folder"
        case .notALayout: "it is no OCI image layout"
        case .notAnArchive: "it is no archive of an image"
        case .notATar: "it is no tar, and so no archive of an image"
        case .severalImages: "it holds several images"
        case .noTag(let tag, _): "it has no image \(tag)"
        case .noPlatform(let platform): "it has no image for \(platform)"
        case .damaged(let what): "\(what) is missing, or not what it should be"
        case .layerCount(let manifest, let config):
            "its manifest has \(manifest) layers and its configuration \(config)"
        }
    }

    private var hint: String {
        switch reason {
        case .notADirectory: "name the folder that holds etc, usr, var"
        case .notALayout: "name the folder that holds oci-layout and index.json"
        case .notAnArchive, .notATar:
            "name what docker save, skopeo or podman wrote; a tar of a root is unpacked first"
        case .severalImages(let names), .noTag(_, let names):
            names.isEmpty
                ? "copy the one that is meant into a layout of its own: skopeo copy"
                : "name one of them: \(names.sorted().joined(separator: ", "))"
        case .noPlatform: "name another platform with --platform"
        case .damaged, .layerCount: "the image is damaged: fetch or bake it again"
        }
    }
}
