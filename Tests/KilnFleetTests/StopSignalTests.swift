import KilnFleet
import KilnTestSupport
import Testing

@Suite struct `A signal to stop` {
    @Test func `reaches its branches, with who sent it`() async throws {
        let signal = StopSignal()
        try await signal.branch { branch in
            #expect(!branch.isRequested)
            signal.request(.leaving, by: "kiln abort")
            try await eventually("the branch is asked") { branch.isRequested }
            #expect(branch.manner == .leaving)
            #expect(branch.requester == "kiln abort")
        }
    }

    @Test func `of a branch reaches neither the whole nor another branch`() async {
        let signal = StopSignal()
        await signal.branch { first in
            await signal.branch { second in
                first.request(.leaving, by: "kiln abort")
                #expect(!second.isRequested)
            }
        }
        #expect(!signal.isRequested)
    }

    @Test func `keeps its first sender`() {
        let signal = StopSignal()
        signal.request()
        signal.request(.leaving, by: "kiln abort")
        #expect(signal.manner == .pausing)
        #expect(signal.requester == nil)
    }
}
