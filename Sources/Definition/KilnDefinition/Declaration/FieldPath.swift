/// Where a value belongs: the keys and list positions that lead to it, such as `images`, `shop`, `files`, `0`.
struct FieldPath: Sendable, Hashable, ExpressibleByArrayLiteral {
    let steps: [String]

    init(_ steps: [String]) {
        self.steps = steps
    }

    init(arrayLiteral elements: String...) {
        steps = elements
    }

    static func + (path: FieldPath, step: String) -> FieldPath { FieldPath(path.steps + [step]) }
    static func + (path: FieldPath, index: Int) -> FieldPath { path + String(index) }

    var parent: FieldPath { FieldPath(Array(steps.dropLast())) }
    var name: String { steps.last ?? "the definition" }
}
