import KilnSystem
import KilnTestSupport
import SystemPackage
import Testing

@Suite(.enabled(if: Files.exists("/usr/bin/ansible-playbook") && WebApp.isPossible, "needs ansible-core"))
struct `A playbook` {
    @Test func `shapes the image and leaves nothing else in its layer`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try await Self.project(sandbox)
            try kiln.write(
                """
                - hosts: all
                  tasks:
                    - name: Copy
                      copy: {dest: /etc/motd, content: "{{ greeting }} on {{ ansible_hostname }}\\n", mode: "0640"}
                    - name: Template
                      template: {src: shop.conf.j2, dest: /etc/shop.conf}
                    - name: Line
                      lineinfile: {path: /etc/shop.conf, line: "last"}
                    - include_role: {name: extra}

                """,
                to: "playbooks/site.yml"
            )
            try kiln.write("greeting={{ greeting }}\n", to: "playbooks/templates/shop.conf.j2")
            try kiln.write(
                "- file: {path: /srv/extra, state: directory}\n",
                to: "playbooks/roles/extra/tasks/main.yml"
            )
            try await kiln.succeed("lock")
            try await kiln.succeed("bake")
            let index = try await kiln.succeed("image", "show", "app", "--format", "json").output
            #expect(index.contains("kiln ansible playbooks/site.yml"))
            try await kiln.succeed("image", "show", "app")
            let layer = try await Self.topLayer(kiln)
            #expect(
                layer.listing == [
                    "etc/", "etc/motd", "etc/shop.conf", "srv/", "srv/extra/",
                ]
            )
            #expect(layer.motd == "hello on kiln\n")
            // The same again is the same, and needs no ansible.
            let again = try await kiln.succeed("bake", "--rebuild-from", "playbooks/site.yml")
            #expect(!again.messages.contains("not reproducible"), "\(again.messages)")
            let definition = try Files.readText(kiln.project.appending("kiln.yaml"))
            try kiln.write(definition.replacing("greeting: hello", with: "greeting: bye"), to: "kiln.yaml")
            #expect(try await kiln.succeed("bake").messages.contains("1 layer made"))
        }
    }

    @Test func `that fails shows task, line and message`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try await Self.project(sandbox)
            try kiln.write(
                """
                - hosts: all
                  gather_facts: false
                  tasks:
                    - name: It breaks
                      shell: "echo words >&2; exit 3"

                """,
                to: "playbooks/site.yml"
            )
            try await kiln.succeed("lock")
            let failed = try await kiln.run("bake")
            #expect(failed.code == 1)
            #expect(
                failed.messages.contains(
                    "playbook playbooks/site.yml of image \"app\": task \"It breaks\" failed: exit status 2"
                )
            )
            #expect(failed.messages.contains("--> playbooks/site.yml:4:"))
            #expect(failed.messages.contains("non-zero return code\n       words"))

            try kiln.write(
                "- hosts: all\n  gather_facts: false\n  tasks:\n    - apt: {name: hello, update_cache: true}\n",
                to: "playbooks/site.yml"
            )
            let offline = try await kiln.run("bake")
            #expect(offline.messages.contains("belongs in the image's packages:"), "\(offline.messages)")

            try kiln.write("- hosts: all\n  tasks:\n    - nosuch: {}\n", to: "playbooks/site.yml")
            let wrong = try await kiln.run("bake")
            #expect(wrong.messages.contains("--> playbooks/site.yml:3:"), "\(wrong.messages)")
        }
    }

    @Test func `needs python in the image`() async throws {
        try await Sandbox.with { sandbox in
            let kiln = try await WebApp(KilnProcess(sandbox), port: 8571).kiln
            try kiln.write("- hosts: all\n  tasks: []\n", to: "site.yml")
            try kiln.write(
                """
                kiln: 1
                images:
                  app:
                    from: tar:root.tar
                    steps: [{ansible: site.yml}]

                """,
                to: "kiln.yaml"
            )
            try await kiln.succeed("lock")
            let failed = try await kiln.run("bake")
            #expect(failed.code == 2)
            #expect(failed.messages.contains("packages: [python3]"))
        }
    }

    /// `root`: busybox and this machine's python; `app` on it with a playbook.
    private static func project(_ sandbox: Sandbox) async throws -> KilnProcess {
        let kiln = try await WebApp(KilnProcess(sandbox), port: 8572).kiln
        let script = """
            set -e; mkdir root; tar -C root -xf root.tar
            for applet in $(busybox --list); do [ $applet = busybox ] || ln -sf busybox root/bin/$applet; done
            python=$(readlink -f /usr/bin/python3); version=$(basename $python)
            mkdir -p root/usr/bin root/usr/lib root/srv; cp $python root/usr/bin/python3
            tar -C /usr/lib --exclude __pycache__ --exclude test --exclude 'config-*' --exclude idlelib \\
                --exclude lib2to3 --exclude ensurepip -cf - $version | tar -C root/usr/lib -xf -
            for file in $(ldd $python /usr/lib/$version/lib-dynload/*.so | grep -o '/[^ :]*' | sort -u); do
                case $file in *dynload*|$python) continue;; esac
                mkdir -p root$(dirname $file); cp -L $file root$file
            done
            tar -C root -cf root.tar .; rm -rf root
            """
        try await ToolRunner().run(
            ToolInvocation("bash", ["-c", script], workingDirectory: kiln.project)
        )
        try kiln.write(
            """
            kiln: 1
            images:
              root: {from: tar:root.tar}
              app:
                from: image:root
                steps: [{ansible: playbooks/site.yml, inputs: [playbooks], vars: {greeting: hello}}]

            """,
            to: "kiln.yaml"
        )
        return kiln
    }

    private static func topLayer(_ kiln: KilnProcess) async throws -> (listing: [String], motd: String) {
        let script = """
            set -e; cd $1; manifest=$(jq -r '.manifests[] | select(.annotations["org.opencontainers.image.ref.name"] == "app").digest' index.json)
            layer=$(jq -r '.layers[-1].digest' blobs/sha256/${manifest#sha256:})
            zstd -qdc blobs/sha256/${layer#sha256:} > $2; tar -tf $2
            """
        let tar = kiln.project.appending("layer.tar").string
        let list = try await ToolRunner().run(
            ToolInvocation("bash", ["-c", script, "sh", kiln.home.images.string, tar])
        )
        let motd = try await ToolRunner().run(ToolInvocation("tar", ["-xOf", tar, "etc/motd"]))
        return (list.text.split(separator: "\n").map(String.init), motd.text)
    }
}
