import Glibc
package import KilnSystem
import SystemPackage

extension LocalPlatform {
    /// Examines the machine; needs no root, but finds more with it.
    package static func doctor(runner: ToolRunner = ToolRunner()) async -> [DoctorFinding] {
        var findings: [DoctorFinding] = []
        for tool in NeededTool.all { findings.append(await tool.examine(runner)) }
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
}
