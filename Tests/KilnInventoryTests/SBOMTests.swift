import KilnAdvisories
import KilnInventory
import KilnOCI
import KilnSBOM
import KilnStore
import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

/// A small image of everything, and what is written about it.
@Suite struct `Bills of materials` {
    static let layers: [[String: SampleFile]] = [
        [
            "etc/os-release": .text(Samples.debian),
            "var/lib/dpkg/status": Samples.dpkg(("libc6", "2.36-9+deb12u9"), ("tar", "1.34+dfsg-1.2")),
            "usr/share/doc/tar/copyright": .text("License: GPL-3+\n\nLicense: GPL-2+ or Expat\n"),
            "usr/share/doc/libc6/copyright": .text("License: LGPL-2.1+\n\nLicense: odd thing\n"),
        ],
        [
            "app/node_modules/@s/a/package.json": .text(
                #"{"name": "@s/a", "version": "1.0.0", "license": "(MIT OR Apache-2.0)"}"#
            ),
            "opt/six-1.16.0.dist-info/METADATA": .text("Name: six\nVersion: 1.16.0\nLicense: MIT\n"),
            "app/run": .text("x"),
        ],
    ]

    private func inventory(_ sandbox: Sandbox, _ name: String = "shop:1") async throws -> Inventory {
        try await Samples.image(
            name,
            in: ImageStore(home: sandbox.home),
            made: ["packages libc6 tar", "files app"],
            layers: Self.layers
        )
        return try await Inventory.read(.image(name), home: sandbox.home)
    }

    @Test(arguments: BillFormat.allCases)
    func `the same image gives the same bytes, and another one others`(_ format: BillFormat) async throws {
        func bill(_ sandbox: Sandbox) async throws -> [UInt8] {
            try BillOfMaterials(try await inventory(sandbox), version: "1").encode(format)
        }
        let first = try await Sandbox.with { sandbox in
            let cold = try await bill(sandbox)
            #expect(try await bill(sandbox) == cold)
            return cold
        }
        #expect(try await Sandbox.with { try await bill($0) } == first)
        let text = String(decoding: first, as: UTF8.self)
        #expect(text.contains("2026-03-01T00:00:00Z"))
        let other = try await Sandbox.with { sandbox in
            var inventory = try await inventory(sandbox)
            inventory.entries.removeLast()
            return try BillOfMaterials(inventory, version: "1").encode(format)
        }
        func identity(_ bytes: [UInt8]) -> Substring? {
            String(decoding: bytes, as: UTF8.self).split(separator: "\n")
                .first { $0.contains("serialNumber") || $0.contains("documentNamespace") }
        }
        #expect(identity(first) != nil && identity(first) != identity(other))
    }

    @Test(arguments: BillFormat.allCases)
    func `what is written is what was agreed`(_ format: BillFormat) async throws {
        let bytes = try await Sandbox.with { sandbox in
            try BillOfMaterials(try await inventory(sandbox), version: "1").encode(format, files: true)
        }
        try Golden.expect(
            String(decoding: bytes, as: UTF8.self) + "\n",
            matches: Golden.directory().appending("bill.\(format.rawValue).json")
        )
    }

    @Test(
        .enabled(if: Peers.python("pyspdxtools") != nil, "needs cyclonedx-python-lib and spdx-tools of PyPI"),
        .timeLimit(.minutes(3))
    )
    func `independent validators accept both formats`() async throws {
        let tools = try #require(Peers.python("pyspdxtools"))
        try await Sandbox.with { sandbox in
            let bill = BillOfMaterials(try await inventory(sandbox), version: "1")
            let check = """
                import sys
                from cyclonedx.schema import SchemaVersion
                from cyclonedx.validation.json import JsonStrictValidator
                error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())
                print(error or "valid")
                """
            let cyclonedx = sandbox.path.appending("bill.cdx.json")
            try Files.write(try bill.encode(.cyclonedx, files: true), to: cyclonedx)
            let said = try await ToolRunner().run(
                ToolInvocation("\(tools)/bin/python", ["-c", check, cyclonedx.string])
            )
            #expect(said.text == "valid\n")
            // By its name the tool tells the format.
            let spdx = sandbox.path.appending("bill.spdx.json")
            try Files.write(try bill.encode(.spdx), to: spdx)
            let output = try await ToolRunner().runUnchecked(
                ToolInvocation("\(tools)/bin/pyspdxtools", ["-i", spdx.string])
            )
            #expect(output.status == .exited(0), "\(output.text)\(output.errorText)")
        }
    }
}
