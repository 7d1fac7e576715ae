import Glibc
import KilnDrift
import KilnOCI
import KilnSystem
import SystemPackage

/// What an instance's first process was started with, kept beside the instance once it has settled: an entrypoint may run other
/// programs in its own place at first.
struct ProcessStart: Sendable {
    let paths: InstancePaths

    var file: FilePath { paths.directory.appending("settled.json") }

    /// As it was when it had settled. Takes note of it when that is now.
    func settled(
        _ now: StartFacts?,
        known: StartFacts?,
        of process: ProcessIdentity,
        after settling: Duration
    ) throws -> StartFacts? {
        if let known { return known }
        guard let now, Self.age(ofTicks: process.startTicks) >= settling else { return nil }
        try Record.write(now, to: file)
        return now
    }

    static func facts(of pid: Int32) -> StartFacts? {
        guard let stat = ProcessStat(of: pid), let image = stat.image,
            let limits = try? Files.read(FilePath("/proc/\(pid)/limits"), limit: 1 << 16),
            let environment = try? Files.read(FilePath("/proc/\(pid)/environ"), limit: 4 << 20)
        else { return nil }
        return StartFacts(
            image: image,
            arguments: ProcessIdentity.arguments(of: pid),
            variables: variables(environment),
            limits: Self.limits(limits)
        )
    }

    static func variables(_ environment: [UInt8]) -> [String: String] {
        var variables: [String: String] = [:]
        for entry in environment.split(separator: 0) {
            guard let equals = entry.firstIndex(of: UInt8(ascii: "=")) else { continue }
            variables[String(decoding: entry[..<equals], as: UTF8.self)] =
                Digest(of: Array(entry[equals...])).short
        }
        return variables
    }

    /// The names are in a column of 26 (proc(5)).
    static func limits(_ table: [UInt8]) -> [String: [String]] {
        var limits: [String: [String]] = [:]
        for line in table.split(separator: UInt8(ascii: "\n")).dropFirst() {
            let space = UInt8(ascii: " ")
            let values = line.dropFirst(26).split(separator: space).prefix(2)
            guard let end = line.prefix(26).lastIndex(where: { $0 != space }), values.count == 2 else {
                continue
            }
            limits[String(decoding: line[...end], as: UTF8.self)] = values.map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        return limits
    }

    /// Seconds since 1970.
    static func time(ofTicks ticks: UInt64) -> Int64 {
        WallClock.now - age(ofTicks: ticks).components.seconds
    }

    private static func age(ofTicks ticks: UInt64) -> Duration {
        let perSecond = Int64(max(1, sysconf(Int32(_SC_CLK_TCK))))
        let started = Duration.milliseconds(Int64(ticks) * 1000 / perSecond)
        return .nanoseconds(BootInstant.now.nanoseconds) - started
    }
}
