import KilnCatalog
import KilnDefinition
import KilnFleet
import KilnOCI
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite struct `What is known of patches` {
    private static func state(
        of image: String = "a",
        at time: Int64,
        _ behind: [(name: String, new: String)]
    ) -> PatchState {
        PatchState(
            image: Digest(of: image),
            archives: Digest(of: behind.map { $0.name + $0.new }.joined()),
            compared: 9,
            checked: time,
            behind: behind.map {
                PatchState.Package(
                    name: $0.name,
                    old: "1",
                    new: $0.new,
                    isSecurity: $0.name == "openssl",
                    first: time
                )
            }
        )
    }

    @Test func `counts from when the first of what is missed was seen, however often that is looked at`() {
        let first = Self.state(at: 100, [("tool", "2")])
        let second = Self.state(at: 200, [("openssl", "2"), ("tool", "3")]).following(first)
        #expect(second.summary == PatchSummary(behind: 2, security: 1, since: 100, checked: 200))
        #expect(second.summary.lag(now: 350) == 250)
        let third = Self.state(at: 300, [("openssl", "2")]).following(second)
        #expect(third.summary == PatchSummary(behind: 1, security: 1, since: 200, checked: 300))
        let fourth = Self.state(at: 400, []).following(third)
        #expect(fourth.summary == PatchSummary(behind: 0, security: 0, since: nil, checked: 400))
        #expect(fourth.summary.lag(now: 999) == 0)
        let other = Self.state(of: "b", at: 500, [("openssl", "2")]).following(second)
        #expect(other.summary.since == 500, "another image has another history")
    }

    @Test func `is kept for images that a release has, and for no others`() async throws {
        try await Sandbox.with { sandbox in
            let catalog = try Catalog(path: sandbox.path.appending("kiln.db"))
            let content = Stage.content("1")
            let request = LeaseRequest(
                fleet: "shop",
                holder: .current,
                reason: "test",
                now: .now,
                time: 0,
                isAlive: { _ in true }
            )
            guard case .granted(let lease) = try await catalog.acquireLease(request) else { return }
            let release = Release(
                fleet: "shop",
                number: ReleaseNumber(rawValue: 1),
                content: content,
                created: 0
            )
            try await catalog.commit(
                [.addRelease(ReleaseRecord(release: release, digest: try content.digest()))],
                under: lease
            )
            func state(_ image: Digest, _ time: Int64) -> PatchState {
                PatchState(
                    image: image,
                    archives: Digest(of: "x"),
                    compared: 1,
                    checked: time,
                    behind: [.init(name: "tool", old: "1", new: "2", isSecurity: false, first: time)]
                )
            }
            #expect(try await catalog.patchState(of: content.image) == nil)
            try await catalog.note(state(content.image, 10))
            try await catalog.note(state(content.image, 20))
            #expect(try await catalog.patchState(of: content.image)?.summary.since == 10)
            #expect(try await catalog.patchState(of: content.image)?.checked == 20)
            let gone = Digest(of: "gone")
            try await catalog.note(state(gone, 30))
            #expect(try await catalog.patchState(of: gone) == nil)
        }
    }
}
