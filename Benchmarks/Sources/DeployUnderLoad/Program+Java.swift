extension Program {
    /// The JDK's own HTTP server in the orders service of `examples/`, which says 200 instead of 201 when an order comes twice.
    static let java = Program(
        name: "java",
        port: 18_483,
        project: """
            mkdir -p service
            cp -r "$KILN_PROJECT/examples/java-service/." service
            sh service/build.sh
            """,
        packages: ["openjdk-17-jre-headless"],
        image: """
            files: [{source: service/build/orders.jar, target: /srv/orders.jar, mode: "0644"}]
            env:
              ORDERS_STATE: /var/lib/app
              JAVA_TOOL_OPTIONS: >-
                -XX:MaxRAMPercentage=60 -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData
                -Dsun.net.httpserver.nodelay=true
            entrypoint: [/usr/bin/java, -jar, /srv/orders.jar]
            stop: {signal: TERM, grace: 10s}
            """,
        broken: (name: "ORDERS_STATE", value: "/nonexistent"),
        mix: Mix(rate: 0, path: "/healthz", post: ("PUT", "/orders/#", 201)),
        posts: nil,
        memory: "192MiB",
        healthyDeadline: "10s"
    )
}
