package import KilnDiagnostics

/// Why no inventory can be taken.
package struct InventoryError: DiagnosticError, Hashable {
    package enum Reason: Sendable, Hashable {
        case notADirectory
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
        case .layerCount(let manifest, let config):
            "its manifest has \(manifest) layers and its configuration \(config)"
        }
    }

    private var hint: String {
        switch reason {
        case .notADirectory: "name the folder that holds etc, usr, var"
        case .layerCount: "the image is damaged: fetch or bake it again"
        }
    }
}
