import Glibc
import KilnOCI
package import KilnSystem
import SystemPackage

extension LocalPlatform {
    /// Examines the machine; needs no root, but finds more with it.
    package static func doctor(runner: ToolRunner = ToolRunner()) async -> [DoctorFinding] {
        var findings: [DoctorFinding] = []
        for tool in NeededTool.all { findings.append(await tool.examine(runner)) }
        findings.append(falseClock())
        findings.append(await foreignPrograms())
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

    /// What runs programs of other CPUs when images for those are baked.
    private static func foreignPrograms() async -> DoctorFinding {
        let purpose = "baking packages and steps of images for other CPUs"
        guard let formats = try? await BinaryFormats.registered() else {
            return DoctorFinding(
                .kernel,
                "qemu-user",
                .unknown,
                neededFor: purpose,
                remedy: "ask again as root"
            )
        }
        let runnable = ImagePlatform.names.compactMap(ImagePlatform.init(parsing:)).filter { platform in
            platform != .host
                && platform.programHeader.flatMap(formats.format)?.isThereInEveryRoot ?? false
        }
        return DoctorFinding(
            .kernel,
            "qemu-user",
            runnable.isEmpty ? .optional : .present,
            detail: runnable.map(\.description).joined(separator: ", "),
            neededFor: purpose,
            remedy: runnable.isEmpty ? "apt-get install qemu-user-static binfmt-support" : nil
        )
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
