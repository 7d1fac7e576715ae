/// Archives and programs, which compilers and their tools make.
extension SyftSample {
    static let java: SyftSample = {
        var sample = script(
            "Java",
            needs: ["jar"],
            """
            mkdir -p a/META-INF/maven/org.acme/core b c/WEB-INF/lib root/opt
            printf 'groupId=org.acme\\nartifactId=core\\nversion=1.2.3\\n' > a/META-INF/maven/org.acme/core/pom.properties
            printf 'Bundle-SymbolicName: com.example.tool\\nBundle-License: MIT\\n' > tool.mf
            printf 'Implementation-Version: 4.0\\n' > none.mf
            printf 'Implementation-Version: 1.2.3\\n' > own.mf
            jar cfm core.jar own.mf -C a META-INF
            jar cfm c/WEB-INF/lib/tool-4.5.jar tool.mf -C b .
            jar cfm root/opt/lone-2.0.jar none.mf -C b .
            jar cf root/opt/plain.jar -C b .
            cp core.jar c/WEB-INF/lib/other-1.2.3.jar; cp core.jar c/WEB-INF/lib/core-1.2.3.jar
            jar cf root/opt/app.war -C c WEB-INF
            """
        )
        sample.ours = ["pkg:maven/lone@2.0", "pkg:maven/com.example/tool@4.5"]
        sample.theirs = [
            "pkg:maven/app/app", "pkg:maven/plain/plain", "pkg:maven/lone/lone@2.0",
            "pkg:maven/com.example.tool/tool@4.5", "pkg:maven/other/other@1.2.3",
        ]
        sample.rows = [
            "a jar without a group", "a jar that only the name of its bundle", "a jar whose properties",
        ]
        return sample
    }()

    /// A module with one dependency, which comes from a module proxy that is a folder.
    private static let goScript = """
        mkdir -p proxy/example.com/dep/@v example.com/dep@v1.2.3 src root/usr/bin
        printf 'module example.com/dep\\n\\ngo 1.20\\n' | tee example.com/dep@v1.2.3/go.mod > proxy/example.com/dep/@v/v1.2.3.mod
        printf 'package dep\\n\\nfunc Say() { println("hi") }\\n' > example.com/dep@v1.2.3/dep.go
        printf '{"Version":"v1.2.3"}' > proxy/example.com/dep/@v/v1.2.3.info
        zip -q proxy/example.com/dep/@v/v1.2.3.zip example.com/dep@v1.2.3/*
        printf 'module example.com/hello\\n\\ngo 1.20\\n\\nrequire example.com/dep v1.2.3\\n' > src/go.mod
        printf 'package main\\n\\nimport "example.com/dep"\\n\\nfunc main() { dep.Say() }\\n' > src/main.go
        export GOFLAGS='-mod=mod -modcacherw' GOPROXY=file://$PWD/proxy GONOSUMDB='*' GOSUMDB=off CGO_ENABLED=0

        """

    static let go = script(
        "Go",
        needs: ["zip"],
        goScript + "cd src; $GO build -buildvcs=false -ldflags='-s -w' -o ../root/usr/bin/hello ."
    )

    static let goWithoutModules: SyftSample = {
        var sample = script(
            "Go without modules",
            needs: [],
            """
            mkdir -p path/src/example.org/old root/usr/bin; export CGO_ENABLED=0 GO111MODULE=off GOPATH=$PWD/path
            printf 'package main\\n\\nfunc main() { println("hi") }\\n' > path/src/example.org/old/main.go
            $GO build -o root/usr/bin/old example.org/old
            """
        )
        sample.theirs = ["pkg:golang/example.org/old@(devel)"]
        sample.rows = ["the main module of a Go program"]
        return sample
    }()

    static let rust = script(
        "Rust",
        needs: ["cc", "objcopy"],
        """
        mkdir -p root/usr/bin; echo 'int main(void) { return 0; }' > main.c; cc main.c -o plain
        python3 - <<'END'
        import json, zlib
        crates = [{"name": "shop", "version": "0.1.0", "source": "local", "root": True, "dependencies": [1]},
            {"name": "serde", "version": "1.0.200", "source": "crates.io"},
            {"name": "cc", "version": "1.0.1", "source": "crates.io", "kind": "build"}]
        open("list", "wb").write(zlib.compress(json.dumps({"packages": crates}).encode()))
        END
        objcopy --add-section .dep-v0=list plain root/usr/bin/shop
        """
    )

    static let program: SyftSample = {
        var sample = script(
            "A program of the distribution",
            needs: ["bash"],
            """
            mkdir -p root/bin root/etc root/var/lib/dpkg; cp /bin/bash root/bin
            printf 'ID=debian\nVERSION_ID="12"\n' > root/etc/os-release
            printf 'Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5\n\n' > root/var/lib/dpkg/status
            """
        )
        sample.theirs = ["pkg:generic/bash"]
        sample.rows = ["no `pkg:generic`"]
        return sample
    }()
}
