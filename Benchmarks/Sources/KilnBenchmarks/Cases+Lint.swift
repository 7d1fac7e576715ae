import BenchmarkCommands

/// What it costs to look at a large repository of manifests.
extension Workbench {
    /// 10,000 Deployments of about 40 lines, each in a file of its own; goal: at most 2 CPU-s.
    func lintOfManyManifests() throws -> [Row] {
        try project(
            "manifests",
            #"""
            python3 - <<'END'
            import os
            text = """
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: web-NUMBER
              labels:
                app: web-NUMBER
            spec:
              replicas: 3
              selector:
                matchLabels:
                  app: web-NUMBER
              template:
                metadata:
                  labels:
                    app: web-NUMBER
                spec:
                  containers:
                    - name: web
                      image: registry.example.org/shop/web:1.4.NUMBER
                      args: ["--listen=:8080", "--workers", "4"]
                      ports:
                        - name: http
                          containerPort: 8080
                      env:
                        - name: LOG_LEVEL
                          value: info
                        - name: DB_PASSWORD
                          valueFrom:
                            secretKeyRef:
                              name: db
                              key: password
                      readinessProbe:
                        httpGet:
                          path: /ready
                          port: http
                      securityContext:
                        readOnlyRootFilesystem: true
                        allowPrivilegeEscalation: false
                      volumeMounts:
                        - name: scratch
                          mountPath: /tmp
                  volumes:
                    - name: scratch
                      emptyDir:
                        sizeLimit: 64Mi
            """
            for number in range(10000):
                folder = "team-%02d" % (number // 100)
                os.makedirs(folder, exist_ok=True)
                open("%s/web-%d.yaml" % (folder, number), "w").write(text.replace("NUMBER", str(number)).lstrip())
            END
            """#
        )
        return try Comparison(
            title: "10,000 manifests linted, all rules",
            rounds: rounds ?? 3,
            ours: Comparison.Side(
                name: "kiln",
                timed: kiln("lint --profile all --fail-on never --format json . > /dev/null", in: "manifests")
            )
        ).run()
    }
}
