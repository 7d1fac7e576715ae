import Glibc
package import KilnSystem
import SystemPackage

extension LocalPlatform {
    /// Examines the machine; needs no root, but finds more with it.
    package static func doctor(runner: ToolRunner = ToolRunner()) async -> [DoctorFinding] {
        var findings: [DoctorFinding] = []
        for tool in NeededTool.all { findings.append(await tool.examine(runner)) }
        findings.append(falseClock())
        findings += NeededTool.plugins.map(NeededTool.examinePlugin)
        findings += await KernelExamination(runner: runner).findings()
        let isRoot = geteuid() == 0
        findings.append(
            DoctorFinding(
                .permission,
                "root",
                isRoot ? .present : .missing,
                neededFor: "steps, packages and instances; check, lock and image commands work without",
                remedy: isRoot ? nil : "run kiln as root"
            )
        )
        return findings
    }

    /// What tells the programs of a bake another time, to see whether it shows.
    private static func falseClock() -> DoctorFinding {
        let folders = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
            .map { FilePath("/usr/lib").appending($0).pushing("faketime/libfaketime.so.1") }
        let found = folders.first { Files.exists($0) }
        return DoctorFinding(
            .tool,
            "libfaketime",
            found == nil ? .optional : .present,
            detail: found?.string ?? "",
            neededFor: "verifying images under another clock",
            remedy: found == nil ? "apt-get install libfaketime" : nil
        )
    }
}
