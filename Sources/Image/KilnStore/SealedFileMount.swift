package import KilnSystem
package import SystemPackage

/// One sealed file (EROFS), mounted so that nothing in it can be changed. Needs root.
package struct SealedFileMount: Sendable {
    package let file: FilePath
    /// A folder that exists.
    package let target: FilePath

    package init(_ file: FilePath, at target: FilePath) {
        self.file = file
        self.target = target
    }

    /// From the file itself where the kernel can (6.12), else through a loop device that goes with the mount.
    package func mount() async throws {
        do {
            try Mounts.mount(
                file.string,
                at: target,
                type: "erofs",
                flags: [.readOnly, .noDevices, .noSetUserID]
            )
        } catch let error as SystemError where error.errno == .notBlockDevice {
            try await ToolRunner().run(loopInvocation)
        }
    }

    package var loopInvocation: ToolInvocation {
        ToolInvocation("mount", ["-t", "erofs", "-o", "loop,ro,nodev,nosuid", file.string, target.string])
    }
}
