import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@testable import KilnBake

@Suite struct `The machine's ansible` {
    @Test func `is another one with another version, and with other collections`() async throws {
        try await Sandbox.with { sandbox in
            let folder = sandbox.path.appending("packages")
            #expect(AnsibleHost.identity(in: folder) == nil)
            try sandbox.write("# ansible\n__version__ = '2.14.18'\n", to: "packages/ansible/release.py")
            #expect(AnsibleHost.identity(in: folder) == "2.14.18")
            var seen: Set<String?> = ["2.14.18"]
            let changes = [
                ("community/general/MANIFEST.json", #"{"version": "6.6.2"}"#),
                ("community/general/MANIFEST.json", #"{"version": "6.6.3"}"#),
                ("ansible/posix/MANIFEST.json", "{}"), ("own/tools/galaxy.yml", "version: 1"),
                ("bare/one/plugins/x.py", ""),
            ]
            for (file, text) in changes {
                try sandbox.write(text, to: "packages/ansible_collections/\(file)")
                let identity = AnsibleHost.identity(in: folder)
                #expect(identity?.hasPrefix("2.14.18+") == true && seen.insert(identity).inserted)
                #expect(AnsibleHost.identity(in: folder) == identity)
            }
            // What lies beside the collections is none.
            try sandbox.write("", to: "packages/ansible_collections/ansible_release.py")
            try sandbox.write("", to: "packages/ansible_collections/community/__init__.py")
            #expect(seen.contains(AnsibleHost.identity(in: folder)))
        }
    }
}
