/// A JSON value with its place. Properties keep their order and may repeat (json/spec.md, "Blocks").
package struct JSONNode: Sendable, Hashable {
    package indirect enum Kind: Sendable, Hashable {
        case object([JSONProperty])
        case array([JSONNode])
        case string(String)
        case number(HCLNumber)
        case bool(Bool)
        case null
    }

    package let kind: Kind
    package let range: Range<Int>
}

package struct JSONProperty: Sendable, Hashable {
    package let name: String
    package let nameRange: Range<Int>
    package let value: JSONNode
}
