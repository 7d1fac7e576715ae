/// The files of a layer have its short name: `<name>.erofs`, `<name>.json`, `<name>.index`, `.<name>.lock`.
enum LayerFile {
    /// The short name of the layer that a file is of.
    static func layer(of file: String) -> String {
        file.split(separator: ".").first.map(String.init) ?? file
    }
}
