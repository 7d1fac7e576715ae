import KilnDiagnostics
import OrderedCollections

/// That whoever must have signed something has keys.
extension DefinitionChecks {
    func judgeSigners(_ reading: inout Reading) {
        for (name, fleet) in definition.fleets {
            judge(fleet.signedBy, at: ["fleets", name.description, "signed_by"], &reading)
        }
        for (name, image) in definition.images {
            judge(image.baseSignedBy, at: ["images", name.description, "base_signed_by"], &reading)
        }
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
