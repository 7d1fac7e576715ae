import KilnAPI
import KilnFleet
import KilnOCI
import KilnServer
import Testing

/// splitmix64: the same inputs in every run.
private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}

/// They give way to tests that wait for a server's answer.
@Suite struct `Requests that nobody would send` {
    /// A few bytes changed, taken away, doubled or put in.
    private func mutated(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0...Int.random(in: 0...4, using: &generator) {
            guard !bytes.isEmpty else { return bytes }
            let place = Int.random(in: bytes.indices, using: &generator)
            let end = min(bytes.count, place + Int.random(in: 1...20, using: &generator))
            switch Int.random(in: 0...3, using: &generator) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
            case 1: bytes.removeSubrange(place..<end)
            case 2: bytes.insert(contentsOf: bytes[place..<end], at: place)
            default: bytes.insert(contentsOf: Array(#"{[":,"#.utf8).shuffled(using: &generator), at: place)
            }
        }
        return bytes
    }

    @Test func `have bodies that are understood or refused`() async throws {
        var generator = SeededGenerator(state: 11)
        let bodies = try Samples.changes.map {
            (
                $0.verb,
                try CanonicalJSON.encode(ChangeRequest($0, isExamined: true, options: .init(force: true)))
            )
        }
        var refused = 0
        for round in 0..<3000 {
            if round.isMultiple(of: 100) { await Task.yield() }
            let (verb, body) = bodies[round % bodies.count]
            let bytes = mutated(body, &generator)
            do throws(APIError) {
                let request = try StrictJSON.decode(ChangeRequest.self, from: bytes)
                _ = try request.driverOptions()
                _ = try request.change(verb)
            } catch {
                #expect(error.code == .badBody, "round \(round)")
                refused += 1
            }
        }
        #expect(refused > 1000)
    }

    @Test func `are nested deeply, and refused`() {
        let deep = String(repeating: #"{"content":"#, count: 100_000)
        #expect(throws: APIError.self) { try StrictJSON.decode(ChangeRequest.self, from: Array(deep.utf8)) }
        let list = String(repeating: "[", count: 100_000)
        #expect(throws: APIError.self) { try StrictJSON.decode(ChangeRequest.self, from: Array(list.utf8)) }
    }

    @Test func `have paths that are known or refused`() async {
        var generator = SeededGenerator(state: 12)
        let targets = `A request`.routes.map(\.target)
        for round in 0..<20_000 {
            if round.isMultiple(of: 100) { await Task.yield() }
            let bytes = mutated(Array(targets[round % targets.count].utf8), &generator)
            let target = String(decoding: bytes, as: UTF8.self)
            do {
                _ = try Route(method: round.isMultiple(of: 2) ? "GET" : "POST", target: target)
            } catch {
                #expect(error.httpStatus < 500)
            }
        }
    }

    @Test func `get answers that are read or refused, in whatever pieces`() async {
        var generator = SeededGenerator(state: 13)
        let answers = `An answer`.answers.map { Array($0.text.utf8) }
        for round in 0..<5000 {
            if round.isMultiple(of: 100) { await Task.yield() }
            let bytes = mutated(answers[round % answers.count], &generator)
            let whole = read(bytes, piece: bytes.count + 1)
            let pieces = read(bytes, piece: Int.random(in: 1...9, using: &generator))
            #expect(whole == pieces, "round \(round)")
        }
    }

    /// The body, or nil for no answer.
    private func read(_ bytes: [UInt8], piece: Int) -> [UInt8]? {
        var parser = AnswerParser(limit: 200)
        var body: [UInt8] = []
        do {
            var rest = bytes[...]
            while !rest.isEmpty {
                body += try parser.take(Array(rest.prefix(piece)))
                rest = rest.dropFirst(piece)
            }
            try parser.end()
            return body
        } catch { return nil }
    }
}
