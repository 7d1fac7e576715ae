import KilnOCI
import KilnSystem

/// Whether programs of another platform run on this machine: by the CPU itself, or by qemu-user in its place.
enum ForeignPrograms {
    static func canRun(_ platform: ImagePlatform, on host: ImagePlatform = .host) async throws -> Bool {
        if host.canStart(platform) { return true }
        guard let header = platform.programHeader, let formats = try await BinaryFormats.registered() else {
            return false
        }
        return formats.format(of: header)?.isThereInEveryRoot ?? false
    }
}
