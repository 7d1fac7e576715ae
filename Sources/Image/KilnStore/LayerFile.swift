/// The files of a layer have its short name: `<name>.erofs`, `<name>.json`, `<name>.index`, `<name>.inventory`, `.<name>.lock`.
package enum LayerFile {
    /// Of what was found in a layer, which is found again where the file is gone.
    package static let inventorySuffix = ".inventory"

    /// The short name of the layer that a file is of.
    static func layer(of file: String) -> String {
        file.split(separator: ".").first.map(String.init) ?? file
    }
}
