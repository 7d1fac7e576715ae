import KilnDefinition
import OrderedCollections
import Testing

@Suite struct `Images that stand on images` {
    @Test func `the chain starts at the bottom`() throws {
        let full = try `Reading a definition`.full()
        #expect(full.chain(of: "blue") == ["base", "runtime", "shop", "blue"])
        #expect(full.chain(of: "bare") == ["bare"])
        #expect(full.chain(of: "nothing").isEmpty)
        #expect(full.archive(of: "blue") == "debian" && full.archive(of: "old") == nil)
    }

    @Test func `how to run is inherited, what is added is not`() throws {
        let full = try `Reading a definition`.full()
        let blue = full.resolvedImage("blue")
        #expect(blue.entrypoint == ["java", "-jar", "/opt/shop/shop.jar"])
        #expect(blue.workingDirectory == "/opt/shop" && blue.user == "shop")
        #expect(blue.state.count == 3 && blue.stop.grace == .seconds(60))
        #expect(blue.files.isEmpty && blue.packages == ["curl"] && blue.users.isEmpty && blue.steps.isEmpty)
        #expect(blue.version == nil && blue.origin == .image("shop"))
    }

    @Test func `variables are merged, the nearer ones win`() throws {
        let full = try `Reading a definition`.full()
        #expect(full.resolvedImage("blue").env["LANG"] == "C.UTF-8")
        #expect(full.resolvedImage("blue").env["MODE"] == "no")
        #expect(full.resolvedImage("runtime").env == ["LANG": "C.UTF-8", "MODE": "base"])
    }

    @Test func `a key is taken as a whole`() throws {
        let full = try `Reading a definition`.full()
        #expect(full.resolvedImage("runtime").stop.signal == "QUIT")
        #expect(full.resolvedImage("shop").stop.signal == "TERM")
        #expect(full.resolvedImage("blue").ports == ["http": 8081])
    }

    @Test func `health follows the ports of the image that brings others`() throws {
        let blue = try `Reading a definition`.full().resolvedImage("blue")
        #expect(blue.health?.probe == .http(port: 8081, path: "/healthz"))
        #expect(blue.health?.unhealthy == 5)
    }

    @Test func `what is said twice is said, even when it is the default`() throws {
        let read = try definition(
            """
            kiln: 1
            images:
              base: {from: scratch, stop: {signal: QUIT}, ports: {http: 80}, state: [{path: /a, tmpfs: 1MiB}]}
              app: {from: image:base, stop: {signal: TERM}, ports: {}, state: []}
              top: {from: image:app}
            """
        )
        for name: ImageName in ["app", "top"] {
            let image = read.resolvedImage(name)
            #expect(image.stop == StopDefinition() && image.ports.isEmpty && image.state.isEmpty)
        }
    }

    @Test func `definitions made in memory inherit by what they hold`() {
        var base = ImageDefinition(origin: .scratch)
        base.entrypoint = ["/app"]
        base.stop = StopDefinition(signal: "INT")
        var app = ImageDefinition(origin: .image("base"))
        app.env = ["A": "1"]
        let definition = Definition(images: ["base": base, "app": app])
        let resolved = definition.resolvedImage("app")
        #expect(
            resolved.entrypoint == ["/app"] && resolved.stop.signal == "INT" && resolved.env == ["A": "1"]
        )
        #expect(definition.resolvedImage("gone").entrypoint.isEmpty)
    }

    @Test func `a circle ends`() {
        let definition = Definition(images: [
            "a": ImageDefinition(origin: .image("b")), "b": ImageDefinition(origin: .image("a")),
        ])
        #expect(definition.chain(of: "a") == ["b", "a"])
        #expect(definition.resolvedImage("a").entrypoint.isEmpty)
    }
}
