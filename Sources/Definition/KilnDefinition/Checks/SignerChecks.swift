import KilnDiagnostics
import OrderedCollections

/// That whoever must have signed something has keys, and that there is something to sign.
extension DefinitionChecks {
    func judgeSigners(_ reading: inout Reading) {
        for (name, fleet) in definition.fleets {
            judge(fleet.signedBy, at: ["fleets", name.description, "signed_by"], &reading)
        }
        for (name, image) in definition.images {
            let path: FieldPath = ["images", name.description, "base_signed_by"]
            judge(image.baseSignedBy, at: path, &reading)
            judgeBase(of: image, at: path, &reading)
            let signature: FieldPath = ["images", name.description, "gate", "signature"]
            judge(image.gate?.signature ?? [], at: signature, &reading)
        }
    }

    /// Elsewhere it would be looked at by nobody, and whoever wrote it would think himself safe.
    private func judgeBase(of image: ImageDefinition, at path: FieldPath, _ reading: inout Reading) {
        let from = FieldPath(path.steps.dropLast() + ["from"])
        guard !image.baseSignedBy.isEmpty, reading.isSound(path), reading.isSound(from) else { return }
        if case .oci = image.origin { return }
        reading.report(
            "no-base-to-sign",
            "base_signed_by is for an image that stands on one of a registry",
            at: reading.span(path),
            hint: "put it where from: is oci:…; a fleet's signed_by is about images made here"
        )
    }

    private func judge(_ signers: [SignerName], at path: FieldPath, _ reading: inout Reading) {
        guard reading.isSound(path), reading.isUsable(["trust"]) else { return }
        let known = reading.names(at: ["trust"])
        for (index, signer) in signers.enumerated() where !known.contains(signer.description) {
            reading.report(
                "unknown-signer",
                "nobody is called \"\(signer)\" in trust",
                at: reading.span(path + index),
                hint: Spelling.hint(for: signer.description, in: known)
                    ?? "add the public key to the definition: trust: {\(signer): [keys/\(signer).pub]}"
            )
        }
    }
}
