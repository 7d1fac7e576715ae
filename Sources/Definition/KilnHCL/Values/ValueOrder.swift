/// A total order of values, by kind and then content: how sets lie.
enum ValueOrder {
    static func isBefore(_ left: HCLValue, _ right: HCLValue) -> Bool { compare(left, right) < 0 }

    private static func compare(_ left: HCLValue, _ right: HCLValue) -> Int {
        switch (left.content, right.content) {
        case (.bool(let a), .bool(let b)): return (a ? 1 : 0) - (b ? 1 : 0)
        case (.number(let a), .number(let b)): return a < b ? -1 : (a == b ? 0 : 1)
        case (.string(let a), .string(let b)): return order(a, b)
        case (.elements(let a), .elements(let b)):
            for (x, y) in zip(a, b) {
                let result = compare(x, y)
                if result != 0 { return result }
            }
            return a.count - b.count
        case (.attributes(let a), .attributes(let b)):
            let (left, right) = (a.sorted { $0.key < $1.key }, b.sorted { $0.key < $1.key })
            for (x, y) in zip(left, right) {
                let result = order(x.key, y.key)
                if result != 0 { return result }
                let inner = compare(x.value, y.value)
                if inner != 0 { return inner }
            }
            return a.count - b.count
        default:
            return rank(left.content) - rank(right.content)
        }
    }

    private static func order(_ left: String, _ right: String) -> Int {
        left < right ? -1 : (left == right ? 0 : 1)
    }

    private static func rank(_ content: HCLValue.Content) -> Int {
        switch content {
        case .null: 0
        case .unknown: 1
        case .bool: 2
        case .number: 3
        case .string: 4
        case .elements: 5
        case .attributes: 6
        }
    }
}
