extension Array where Element: Sendable {
    /// Transforms the elements at most `width` at a time, starting them in order; gives the results in order. The
    /// first error cancels what runs and is thrown.
    package func map<Result: Sendable>(
        atOnce width: Int,
        _ transform: @escaping @Sendable (Element) async throws -> Result
    ) async throws -> [Result] {
        try await withThrowingTaskGroup(of: (Int, Result).self) { group in
            var results: [Int: Result] = [:]
            for (index, element) in enumerated() {
                if index >= width, let (done, result) = try await group.next() { results[done] = result }
                group.addTask { (index, try await transform(element)) }
            }
            for try await (done, result) in group { results[done] = result }
            return indices.compactMap { results[$0] }
        }
    }
}
