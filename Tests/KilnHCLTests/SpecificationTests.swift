import FoundationEssentials
import Testing

@Suite struct SpecificationTests {
    private static let folder = ProcessInfo.processInfo.environment["KILN_HCL_SPECSUITE"]

    /// A copy of hashicorp/hcl's `specsuite/tests`, which is not part of this project.
    @Test(.enabled(if: folder != nil, "KILN_HCL_SPECSUITE names no copy of the suite"))
    func `HCL's specification suite passes`() throws {
        let folder = try #require(Self.folder)
        let files = try FileManager.default.subpathsOfDirectory(atPath: folder).filter { $0.hasSuffix(".t") }
            .sorted()
        #expect(!files.isEmpty)
        var passed = 0
        for file in files {
            let differences = try SpecificationSuite(base: folder + "/" + file.dropLast(2)).run()
            passed += differences.isEmpty ? 1 : 0
            #expect(differences.isEmpty, "\(file): \(differences)")
        }
        print("KilnHCL specification suite: \(passed) of \(files.count)")
    }
}
