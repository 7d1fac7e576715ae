extension HCLValue {
    /// Equal as HCL sees it: of one type and of equal content; unknown (nil) when an unknown part could decide otherwise.
    package func equals(_ other: HCLValue) -> Bool? {
        if isNull && other.isNull { return true }
        if isUnknown || other.isUnknown {
            if isUnknown && other.isUnknown { return nil }
            let types = (type, other.type)
            return types.0.isWhollyKnown && types.1.isWhollyKnown && types.0 != types.1 ? false : nil
        }
        if isNull || other.isNull { return false }
        switch (content, other.content) {
        case (.elements(let left), .elements(let right)):
            return equalElements(left, right, other.type)
        case (.attributes(let left), .attributes(let right)):
            guard left.keys == right.keys, kind == other.kind else { return false }
            return Self.all(left.map { ($0.value, right[$0.key] ?? .null()) })
        default:
            return content == other.content
        }
    }

    private func equalElements(_ left: [HCLValue], _ right: [HCLValue], _ otherType: HCLType) -> Bool? {
        guard kind == HCLValue.unknown(otherType).kind else { return false }
        if case .list = type, left.isEmpty || right.isEmpty, type != otherType, type.isWhollyKnown,
            otherType.isWhollyKnown
        {
            return false
        }
        if case .set = type {
            guard isWhollyKnown, right.allSatisfy(\.isWhollyKnown) else { return nil }
        }
        guard left.count == right.count else { return false }
        return Self.all(Array(zip(left, right)))
    }

    private static func all(_ pairs: [(HCLValue, HCLValue)]) -> Bool? {
        var result: Bool? = true
        for (left, right) in pairs {
            switch left.equals(right) {
            case false?: return false
            case nil: result = nil
            case true?: break
            }
        }
        return result
    }

    private var kind: Int {
        switch type {
        case .list: 1
        case .set: 2
        case .tuple: 3
        case .map: 4
        case .object: 5
        default: 0
        }
    }
}
