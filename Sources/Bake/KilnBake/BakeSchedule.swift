import KilnDefinition

/// Runs a plan's images, each once the one it stands on is done, two at a time at most: a bake is bound by the CPU.
struct BakeSchedule {
    private let plan: BakePlan
    private static let width = 2

    init(_ plan: BakePlan) {
        self.plan = plan
    }

    /// Results come in the order of the plan. The first error cancels what runs and is thrown.
    func run(
        _ bake: @escaping @Sendable (PlannedImage, _ parent: BakedImage?) async throws -> BakedImage
    ) async throws -> [BakedImage] {
        try await withThrowingTaskGroup(of: BakedImage.self) { group in
            var waiting = plan.images
            var done: [ImageName: BakedImage] = [:]
            var running = 0
            while !waiting.isEmpty || running > 0 {
                while running < Self.width,
                    let index = waiting.firstIndex(where: { $0.parent.map { done[$0] != nil } ?? true })
                {
                    let image = waiting.remove(at: index)
                    let parent = image.parent.flatMap { done[$0] }
                    group.addTask { try await bake(image, parent) }
                    running += 1
                }
                guard let baked = try await group.next() else { break }
                running -= 1
                done[baked.name] = baked
            }
            return plan.images.compactMap { done[$0.name] }
        }
    }
}
