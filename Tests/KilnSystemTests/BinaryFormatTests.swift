import SystemPackage
import Testing

@testable import KilnSystem

@Suite struct `Programs that the kernel does not start by itself` {
    private static let arm = """
        enabled
        interpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P
        flags: POCF
        offset 0
        magic 7f454c460201010000000000000000000200b700
        mask ffffffffffffff00fffffffffffffffffeffffff

        """
    private static let header: [UInt8] =
        [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0] + [UInt8](repeating: 0, count: 8) + [2, 0, 0xB7, 0]

    @Test func `are known by the kernel's list`() throws {
        let format = try #require(BinaryFormats.Format(name: "qemu-aarch64", parsing: Self.arm))
        #expect(format.isEnabled && format.isThereInEveryRoot)
        #expect(format.interpreter == "/usr/libexec/qemu-binfmt/aarch64-binfmt-P")
        let formats = BinaryFormats(formats: [format])
        #expect(formats.format(of: Self.header)?.name == "qemu-aarch64")
        var shared = Self.header
        shared[16] = 3
        #expect(formats.format(of: shared) != nil)
        var intel = Self.header
        intel[18] = 0x3E
        #expect(formats.format(of: intel) == nil)
        #expect(formats.format(of: Array(Self.header.prefix(19))) == nil)
    }

    @Test func `do not run by what is switched off`() throws {
        let text = Self.arm.replacing("enabled", with: "disabled").replacing("POCF", with: "P")
        let format = try #require(BinaryFormats.Format(name: "qemu-aarch64", parsing: text))
        #expect(!format.isEnabled && !format.isThereInEveryRoot)
        #expect(BinaryFormats(formats: [format]).format(of: Self.header) == nil)
    }

    @Test(
        arguments: [
            "", "enabled\ninterpreter /bin/x\nflags: \nextension .jar\n",
            "enabled\ninterpreter /bin/x\nmagic 7f4\n", "enabled\ninterpreter /bin/x\nmagic 7f45\nmask ff\n",
            "enabled\nmagic 7f45\n", "enabled\ninterpreter /bin/x\nmagic zz\n",
        ]
    )
    func `go by a file's beginning, or are left out`(text: String) {
        #expect(BinaryFormats.Format(name: "x", parsing: text) == nil)
    }
}
