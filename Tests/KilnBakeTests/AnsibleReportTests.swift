import Testing

@testable import KilnBake

@Suite struct `What ansible says of a failure` {
    @Test func `is task, place and the module's words`() {
        let report = AnsibleReport([
            "TASK [Works] ***", "ok: [localhost]", "", "TASK [extra : Breaks] *******",
            "task path: /kiln/inputs/roles/extra/tasks/main.yml:7",
            #"fatal: [localhost]: FAILED! => {"changed": true, "msg": "non-zero", "stderr": "a\nb", "rc": 1}"#,
            "", "PLAY RECAP ****",
        ])
        #expect(report.task == "extra : Breaks")
        #expect(report.place == AnsibleReport.Place(file: "/kiln/inputs/roles/extra/tasks/main.yml", line: 7))
        #expect(report.message == ["non-zero", "a", "b"])
        #expect(!report.wantsPackages)
    }

    @Test func `is the place of what cannot be read`() {
        let report = AnsibleReport([
            "ERROR! conflicting action statements: copy, file", "",
            "The error appears to be in '/kiln/inputs/site.yml': line 3, column 7, but may",
        ])
        #expect(report.place == AnsibleReport.Place(file: "/kiln/inputs/site.yml", line: 3))
        #expect(report.task == nil)
        #expect(report.message == nil)
    }

    @Test(arguments: [
        #"{"msg": "No package matching 'hello' is available"}"#,
        #"{"msg": "Failed to update apt cache: unknown reason"}"#,
        #"{"msg": "python3-apt must be installed and visible"}"#,
    ])
    func `tells when an archive was wanted`(_ answer: String) {
        #expect(AnsibleReport(["fatal: [localhost]: FAILED! => " + answer]).wantsPackages)
    }

    @Test(arguments: [
        #"{"msg": "the adapter was captured"}"#, #"{"msg": "aptitude is no dpkgish word"}"#,
    ])
    func `sees no archive in words that hold the name of one`(_ answer: String) {
        #expect(!AnsibleReport(["fatal: [localhost]: FAILED! => " + answer]).wantsPackages)
    }

    @Test(arguments: [
        "", "fatal: [localhost]: FAILED! => {broken", "TASK [", "task path: :", "task path: /x:y",
    ])
    func `may be nothing that can be read`(_ line: String) {
        let report = AnsibleReport([line])
        #expect(report.place == nil)
        #expect(report.message == nil)
    }
}
