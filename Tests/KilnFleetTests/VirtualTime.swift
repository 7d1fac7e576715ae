import Dispatch
import KilnFleet
import KilnSystem
import Synchronization

/// Runs tasks one job at a time and moves its clock only when all of them wait: hours pass in milliseconds, and the
/// machine's load changes nothing.
final class VirtualTime: TaskExecutor, FleetClock {  // a class: it is an executor
    private struct Sleeper {
        let due: BootInstant
        let order: Int
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var now = BootInstant(nanoseconds: 1_000_000_000_000)
        var jobs: [UnownedJob] = []
        var sleepers: [Int: Sleeper] = [:]
        var cancelled: Set<Int> = []
        var nextOrder = 0
        /// Calls that are at work outside, such as on a database's thread: time stands still meanwhile.
        var outside = 0
        var isDone = false
        var sleeps = 0
        /// Jobs that ran since the clock moved last: a task that never waits would run for ever.
        var jobsNow = 0
    }

    struct Stuck: Error {}

    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)

    var sleeps: Int { state.withLock { $0.sleeps } }
    var now: BootInstant { state.withLock { $0.now } }
    var time: Int64 { 1_800_000_000 + now.nanoseconds / 1_000_000_000 }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        wake.signal()
    }

    func outside<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        state.withLock { $0.outside += 1 }
        defer { state.withLock { $0.outside -= 1 } }
        return try await body()
    }

    func sleep(until deadline: BootInstant) async throws {
        let order = state.withLock { state in
            state.nextOrder += 1
            state.sleeps += 1
            return state.nextOrder
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.cancelled.remove(order) != nil || deadline <= state.now { return true }
                    state.sleepers[order] = Sleeper(due: deadline, order: order, continuation: continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                let sleeper = state.sleepers.removeValue(forKey: order)
                if sleeper == nil { state.cancelled.insert(order) }
                return sleeper
            }
            sleeper?.continuation.resume()
            wake.signal()
        }
        try Task.checkCancellation()
    }

    /// Runs the body, and everything it starts, to its end.
    func run<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        let task = Task(executorPreference: self) {
            defer {
                self.state.withLock { $0.isDone = true }
                self.wake.signal()
            }
            return try await body()
        }
        state.withLock { $0.isDone = false }
        try await Blocking.wait { try self.loop() }
        return try await task.value
    }

    private enum Turn {
        case job(UnownedJob)
        case woken(Sleeper)
        case wait
        case done
        case stuck
    }

    private func loop() throws {
        while true {
            switch nextTurn() {
            case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
            case .woken(let sleeper): sleeper.continuation.resume()
            case .wait: guard wake.wait(timeout: .now() + 60) == .success else { throw Stuck() }
            case .done: return
            case .stuck: throw Stuck()
            }
        }
    }

    private func nextTurn() -> Turn {
        state.withLock { state in
            state.jobsNow += 1
            if state.jobsNow > 200_000 { return .stuck }
            if !state.jobs.isEmpty { return .job(state.jobs.removeFirst()) }
            if state.isDone { return .done }
            guard state.outside == 0,
                let next = state.sleepers.values.min(by: { ($0.due, $0.order) < ($1.due, $1.order) })
            else { return .wait }
            if next.due > state.now { state.jobsNow = 0 }
            state.now = max(state.now, next.due)
            state.sleepers[next.order] = nil
            return .woken(next)
        }
    }
}
