import CDeflate
import Dispatch
import Glibc
import Synchronization

/// Gzip members with no name and no time, one after another (RFC 1952, section 2.2), each of `memberSize` bytes of input
/// but the last. Where they are cut depends on the input alone: the bytes are the same on one core and on many.
///
/// A class: it is fed bit by bit, and holds the lanes that are not full yet.
final class GzipCompressor: Compressor {
    static let memberSize = 1 << 20
    /// Each costs about 4 MiB of memory.
    private static let lanesLimit = 8

    private let lanes: [GzipLane]
    /// How many lanes, from the first on, have input; all of them but the last of these are full.
    private var used = 0
    private var hasMembers = false

    init(level: Int32, lanes count: Int = GzipCompressor.cores) throws(ArchiveError) {
        var lanes: [GzipLane] = []
        for _ in 0..<count { lanes.append(try GzipLane(level: level)) }
        self.lanes = lanes
    }

    private static var cores: Int { max(1, min(lanesLimit, sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    func compress(
        _ input: UnsafeRawBufferPointer,
        isLast: Bool,
        _ sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var rest = input
        while !rest.isEmpty {
            if used == 0 || lanes[used - 1].space == 0 {
                if used == lanes.count { try flush(sink) }
                used += 1
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[lanes[used - 1].fill(from: rest)...])
        }
        guard isLast else { return }
        // Even no input at all is one member.
        if used == 0, !hasMembers { used = 1 }
        try flush(sink)
    }

    /// Compresses what the lanes hold, all at once, and hands it on in order.
    private func flush(_ sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        let full = lanes[..<used]
        if full.count == 1 {
            full[0].compress()
        } else {
            DispatchQueue.concurrentPerform(iterations: full.count) { full[$0].compress() }
        }
        for lane in full {
            let (bytes, count) = lane.output
            guard count > 0 else { throw ArchiveError(.compression("libdeflate made nothing")) }
            try bytes.withUnsafeBytes { try sink(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
        hasMembers = hasMembers || used > 0
        used = 0
    }
}

/// One member in the making, with its own compressor and buffers. A class: threads share it.
private final class GzipLane: Sendable {
    private struct State: ~Copyable {
        let compressor: OpaquePointer
        var input: [UInt8] = []
        /// As long as a member can become; kept from one to the next.
        var output: [UInt8]
        var outputCount = 0

        init(_ compressor: OpaquePointer) {
            self.compressor = compressor
            input.reserveCapacity(GzipCompressor.memberSize)
            let bound = libdeflate_gzip_compress_bound(compressor, GzipCompressor.memberSize)
            output = [UInt8](repeating: 0, count: bound)
        }

        deinit { libdeflate_free_compressor(compressor) }
    }

    private let state: Mutex<State>

    init(level: Int32) throws(ArchiveError) {
        guard let compressor = libdeflate_alloc_compressor(level) else {
            throw ArchiveError(.compression("out of memory, or no gzip level \(level)"))
        }
        state = Mutex(State(compressor))
    }

    /// How many more bytes fit into the member.
    var space: Int { state.withLock { GzipCompressor.memberSize - $0.input.count } }

    /// Takes what fits, and says how much that was.
    func fill(from bytes: UnsafeRawBufferPointer) -> Int {
        state.withLock { state in
            let count = min(bytes.count, GzipCompressor.memberSize - state.input.count)
            state.input.append(contentsOf: bytes[..<count])
            return count
        }
    }

    /// Makes the member, and is empty again.
    func compress() {
        state.withLock { state in
            let compressor = state.compressor
            let made = state.input.withUnsafeBytes { input in
                state.output.withUnsafeMutableBytes { output in
                    libdeflate_gzip_compress(
                        compressor,
                        input.baseAddress,
                        input.count,
                        output.baseAddress,
                        output.count
                    )
                }
            }
            state.outputCount = made
            state.input.removeAll(keepingCapacity: true)
        }
    }

    /// The member of the last `compress`: so many of the first of these bytes.
    var output: (bytes: [UInt8], count: Int) { state.withLock { ($0.output, $0.outputCount) } }
}
