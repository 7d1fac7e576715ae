import Glibc

/// A folder for one run of the benchmarks, with the project that is measured in it.
struct Workbench {
    let folder: String
    let kiln: String

    /// Makes the folder and what the cases share: an image of four layers, and the same as a Dockerfile.
    init(folder: String, kiln: String) throws {
        self.folder = folder
        self.kiln = kiln
        try shell(
            """
            rm -rf '\(folder)'; mkdir -p '\(folder)/app/site' '\(folder)/app/root/bin' '\(folder)/app/root/etc' '\(folder)/base'
            cd '\(folder)/app'
            cp /bin/busybox root/bin/busybox; ln -sf busybox root/bin/sh
            printf 'root:x:0:0:root:/root:/bin/sh\\n' > root/etc/passwd; printf 'root:x:0:\\n' > root/etc/group
            tar -C root -cf root.tar .
            head -c 1048576 /dev/zero > site/data; echo 1 > site/index.html; echo 1 > one; echo 1 > two
            cat > kiln.yaml <<'END'
            kiln: 1
            images:
              root: {from: "tar:root.tar"}
              first: {from: "image:root", files: [{source: one, target: /one}]}
              second: {from: "image:first", files: [{source: two, target: /two}]}
              app: {from: "image:second", files: [{source: site, target: /www}], entrypoint: [/bin/busybox, sleep, "60"]}
            fleets:
              app: {image: app, instances: 1, rollout: {min_healthy: 0s, healthy_deadline: 5s, bake: 0s}}
            END
            cat > Dockerfile <<'END'
            FROM scratch
            ADD root.tar /
            COPY one /one
            COPY two /two
            COPY site /www
            END
            cd ../base
            cat > kiln.yaml <<'END'
            kiln: 1
            archives:
              debian: {mirror: host, suites: [bookworm, bookworm-updates, bookworm-security]}
            images:
              base: {from: "archive:debian"}
            END
            """
        )
    }

    /// A `kiln` line in one of the projects.
    func kiln(_ arguments: String, in project: String, home: String = "home") -> BenchmarkCommand {
        command("KILN_HOME='\(folder)/\(home)' '\(kiln)' \(arguments)", in: project)
    }

    func command(_ line: String, in project: String) -> BenchmarkCommand {
        BenchmarkCommand(line: line, folder: "\(folder)/\(project)")
    }

    func has(_ tool: String) -> Bool {
        (try? BenchmarkCommand(line: "command -v \(tool)", folder: "/").run()) != nil
    }

    private func shell(_ script: String) throws {
        try BenchmarkCommand(line: script, folder: "/").run()
    }
}
