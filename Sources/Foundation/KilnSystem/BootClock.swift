import Glibc
import SystemPackage

/// A moment on the clock that runs from boot, through suspend, and that nobody can set (CLOCK_BOOTTIME).
///
/// Moments of different boots don't compare: keep `bootID` beside a stored one.
package struct BootInstant: InstantProtocol, Hashable, Sendable, Codable {
    /// Nanoseconds since boot.
    package let nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    package static var now: BootInstant {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return BootInstant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    package func advanced(by duration: Duration) -> BootInstant {
        BootInstant(nanoseconds: nanoseconds + duration.inNanoseconds)
    }

    package func duration(to other: BootInstant) -> Duration {
        .nanoseconds(other.nanoseconds - nanoseconds)
    }

    package static func < (left: BootInstant, right: BootInstant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// Differs after every boot (`/proc/sys/kernel/random/boot_id`).
    package static let bootID: String = {
        let text = (try? Files.readText("/proc/sys/kernel/random/boot_id")) ?? ""
        return String(text.prefix { $0 != "\n" })
    }()
}

extension Duration {
    package var inNanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }

    package var inSeconds: Double {
        Double(inNanoseconds) / 1e9
    }
}

/// The wall clock, for events and expiry.
package enum WallClock {
    /// Whole seconds since 1970-01-01 UTC.
    package static var now: Int64 { Int64(time(nil)) }

    /// Milliseconds since then.
    package static var milliseconds: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }

    /// RFC 3339 in UTC with seconds, as OCI and the events show it.
    package static func format(_ seconds: Int64) -> String {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        var buffer = [CChar](repeating: 0, count: 32)
        let count = strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    /// The inverse of `format`; nil for what is no time of that form.
    package static func parse(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        let form = Array("0000-00-00T00:00:00Z".utf8)
        let isOfForm = zip(bytes, form).allSatisfy { byte, wanted in
            wanted == UInt8(ascii: "0") ? (48...57).contains(byte) : byte == wanted
        }
        guard bytes.count == form.count, isOfForm else { return nil }
        func number(_ range: Range<Int>) -> Int32 { bytes[range].reduce(0) { $0 * 10 + Int32($1 - 48) } }
        var parts = tm()
        parts.tm_year = number(0..<4) - 1900
        parts.tm_mon = number(5..<7) - 1
        parts.tm_mday = number(8..<10)
        (parts.tm_hour, parts.tm_min, parts.tm_sec) = (number(11..<13), number(14..<16), number(17..<19))
        let seconds = Int64(timegm(&parts))
        return format(seconds) == text ? seconds : nil
    }
}
