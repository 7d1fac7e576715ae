package import KilnOCI

/// An image of several platforms is several images; each has the common name with its platform behind it.
extension ImageName {
    /// The image of this name for a platform.
    package func on(_ platform: ImagePlatform) -> ImageName {
        ImageName(trusted: "\(common)@\(platform)")
    }

    /// What was written; the same for all platforms.
    package var common: ImageName {
        description.firstIndex(of: "@").map { ImageName(trusted: String(description[..<$0])) } ?? self
    }

    /// nil for an image of this machine's own platform.
    package var platform: ImagePlatform? {
        description.firstIndex(of: "@").flatMap {
            ImagePlatform(parsing: String(description[description.index(after: $0)...]))
        }
    }

    /// A name with or without a platform, as a command or a lock has it.
    package init(parsingWithPlatform text: String) throws(NameSyntaxError) {
        guard let at = text.firstIndex(of: "@") else {
            try self.init(parsing: text)
            return
        }
        let name = try ImageName(parsing: String(text[..<at]))
        guard let platform = ImagePlatform(parsing: String(text[text.index(after: at)...])) else {
            throw NameSyntaxError(text: text)
        }
        self = name.on(platform)
    }
}
