/// A release of the fleet, by its number: a greater one was made later.
package struct ReleaseKey: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    package let number: Int

    package init(_ number: Int) {
        self.number = number
    }

    package var description: String { String(number) }

    package static func < (left: ReleaseKey, right: ReleaseKey) -> Bool { left.number < right.number }
}

/// An instance, by a number that whoever drives the planner has given it and never gives to another.
package struct InstanceKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let number: Int

    package init(_ number: Int) {
        self.number = number
    }

    package var description: String { "#\(number)" }

    package static func < (left: InstanceKey, right: InstanceKey) -> Bool { left.number < right.number }
}
