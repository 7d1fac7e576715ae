import KilnSystem
import SystemPackage

/// From the moment at which a layer's making began, by each clock that programs may have seen.
struct BakeSpan: Sendable {
    /// On the file system that the layer is made on.
    let folder: FilePath
    let start: Int64
    /// Seconds that the programs' clock is off.
    let shift: Int64

    /// Up to now, in seconds since 1970.
    func untilNow() throws -> [ClosedRange<Int64>] {
        let made = start...max(start, try Self.now(in: folder))
        return shift == 0 ? [made] : [made, (made.lowerBound + shift)...(made.upperBound + shift)]
    }

    /// By the clock that gives files in the folder their times, which none of our own need agree with.
    static func now(in folder: FilePath) throws -> Int64 {
        let file = folder.appending("now")
        defer { try? Files.remove(file) }
        try Files.write("", to: file, synced: false)
        guard let facts = Files.facts(file) else { throw SystemError("read \(file)", .noSuchFileOrDirectory) }
        return facts.modified / 1_000_000_000
    }
}
