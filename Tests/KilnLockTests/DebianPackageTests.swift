import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnLock

@Suite struct `A package's build time` {
    @Test func `it is read from the first member's header`() async throws {
        try await Sandbox.with { sandbox in
            let archive = try await TestArchive.make(in: sandbox)
            let file = try await archive.add("foo", "1", built: 1_234_567_890)
            #expect(try DebianPackage.buildTime(of: file) == 1_234_567_890)
            let other = try sandbox.write("!<arch>\nno package at all", to: "other.deb")
            #expect(throws: LockError.self) { try DebianPackage.buildTime(of: other) }
        }
    }

    @Test func `any first bytes give a time or nothing`() {
        var generator = SeededGenerator(seed: 5)
        let good = Array("!<arch>\ndebian-binary   1234567890  0     0     100644  4         `\n".utf8)
        #expect(DebianPackage.buildTime(inHead: good) == 1_234_567_890)
        let late = Array("!<arch>\ndebian-binary   2534023008000     0     100644  4         `\n".utf8)
        #expect(late.count == 68 && DebianPackage.buildTime(inHead: late) == nil)
        for _ in 0..<2000 {
            var head = good
            head[Int.random(in: 0..<head.count, using: &generator)] = UInt8.random(
                in: 0...255,
                using: &generator
            )
            if let time = DebianPackage.buildTime(
                inHead: Array(head.prefix(Int.random(in: 60...68, using: &generator)))
            ) {
                #expect(time >= 0)
            }
        }
    }
}
