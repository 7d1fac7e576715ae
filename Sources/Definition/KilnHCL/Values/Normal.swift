@_spi(_Unicode) import Swift

/// Unicode normalisation form C, which all strings of HCL are in (spec.md, "String Type").
enum Normal {
    /// The text itself when it is ASCII, which is the common case.
    static func form(of text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text }
        var scalars = String.UnicodeScalarView()
        for scalar in text._nfc { scalars.append(scalar) }
        return String(scalars)
    }
}
