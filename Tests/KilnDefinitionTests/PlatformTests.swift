import KilnDefinition
import KilnOCI
import OrderedCollections
import SystemPackage
import Testing

@Suite struct `Images for several platforms` {
    private static let arm = ImagePlatform(architecture: "arm64")
    private static let intel = ImagePlatform(architecture: "amd64")

    @Test func `are for what they say, else for what the nearest below says`() throws {
        let read = try definition(
            """
            kiln: 1
            images:
              base: {from: scratch, platforms: [linux/amd64, linux/arm64, linux/arm/v7]}
              app: {from: image:base, platforms: [linux/arm64, linux/amd64]}
              top: {from: image:app}
              here: {from: scratch}
            """
        )
        #expect(
            read.platforms(of: "base").map(\.description) == ["linux/amd64", "linux/arm64", "linux/arm/v7"]
        )
        #expect(read.platforms(of: "top") == [Self.arm, Self.intel])
        #expect(read.platforms(of: "here").isEmpty)
        #expect(read.variants(of: "top").map(\.description) == ["top@linux/arm64", "top@linux/amd64"])
        #expect(read.variants(of: "here") == ["here"])
    }

    @Test func `become an image for each, on that for the same platform and with what is meant for it`()
        throws
    {
        let read = try definition(
            """
            kiln: 1
            images:
              base: {from: scratch, platforms: [linux/amd64, linux/arm64]}
              app:
                from: image:base
                files:
                  - {source: both, target: /both}
                  - {source: arm, target: /own, platforms: [linux/arm64]}
                  - {source: intel, target: /own, platforms: [linux/amd64]}
                downloads:
                  - {url: "https://example.org/a", target: /a, platforms: [linux/arm64]}
            """
        )
        let split = read.perPlatform
        #expect(
            split.images.keys.map(\.description) == [
                "base@linux/amd64", "base@linux/arm64", "app@linux/amd64", "app@linux/arm64",
            ]
        )
        let arm = try #require(split.images[ImageName("app").on(Self.arm)])
        #expect(arm.origin == .image(ImageName("base").on(Self.arm)))
        #expect(arm.files.map(\.source) == ["both", "arm"] && arm.downloads.count == 1)
        let intel = try #require(split.images[ImageName("app").on(Self.intel)])
        #expect(intel.files.map(\.source) == ["both", "intel"] && intel.downloads.isEmpty)
        #expect(split.perPlatform.images == split.images)
    }

    @Test func `have names that can be taken apart again`() throws {
        let name = ImageName("shop").on(ImagePlatform(architecture: "arm", variant: "v7"))
        #expect(name.description == "shop@linux/arm/v7" && name.common == "shop")
        #expect(name.platform?.debianArchitecture == "armhf")
        #expect(try ImageName(parsingWithPlatform: "shop@linux/arm/v7") == name)
        #expect(ImageName("shop").platform == nil && ImageName("shop").common == "shop")
        for wrong in [
            "shop@", "shop@arm64", "shop@linux/pdp11", "@linux/arm64", "shop@linux/arm64@linux/arm64",
        ] {
            #expect(throws: NameSyntaxError.self) { try ImageName(parsingWithPlatform: wrong) }
        }
        #expect(throws: NameSyntaxError.self) { try ImageName(parsing: "shop@linux/arm64") }
    }

    @Test func `every platform has a word of dpkg's and the head of its programs`() {
        for name in ImagePlatform.names {
            let platform = ImagePlatform(parsing: name)
            #expect(platform?.description == name)
            #expect(platform?.programHeader?.count == 20)
            #expect(platform.flatMap { ImagePlatform(debianArchitecture: $0.debianArchitecture) } == platform)
        }
    }

    @Test(
        arguments: [
            (
                "{from: image:base, platforms: [linux/arm64]}",
                "the image \"base\" that it stands on is not baked",
                "add it to platforms: of image \"base\""
            ),
            ("{from: scratch, platforms: [arm64]}", "\"arm64\" is no platform", "write linux/arm64"),
            ("{from: scratch, platforms: [armhf]}", "\"armhf\" is no platform", "write linux/arm/v7"),
            ("{from: scratch, platforms: [vax]}", "\"vax\" is no platform", "one of linux/amd64"),
            ("{from: scratch, platforms: []}", "platforms", ""),
            (
                "{from: scratch, files: [{source: a, target: /a, platforms: [linux/arm64]}]}",
                "the image does not say which platforms", "add platforms: to the image"
            ),
            (
                "{from: scratch, platforms: [linux/amd64], files: [{source: a, target: /a, platforms: [linux/arm64]}]}",
                "the image is not baked for linux/arm64", "it has linux/amd64"
            ),
            (
                """
                {from: scratch, platforms: [linux/amd64, linux/arm64], files: [{source: a, target: /a}, \
                {source: b, target: /a, platforms: [linux/arm64]}]}
                """, "two files go to /a", "keep one of the two"
            ),
        ]
    )
    func `are refused where they cannot be`(image: String, message: String, hint: String) throws {
        let told = try #require(rendered("kiln: 1\nimages:\n  base: {from: scratch}\n  app: \(image)\n"))
        #expect(told.contains(message) && told.contains(hint), "\(told)")
        #expect(told.ranges(of: "error: ").count == 1)
        #expect(told.contains("--> kiln.yaml:4:"))
    }

    @Test func `one place may be taken once on each platform`() throws {
        let read = try definition(
            """
            kiln: 1
            images:
              app:
                from: scratch
                platforms: [linux/amd64, linux/arm64]
                files:
                  - {source: a, target: /a, platforms: [linux/amd64]}
                  - {source: b, target: /a, platforms: [linux/arm64]}
            """
        )
        #expect(read.images["app"]?.files.count == 2)
    }
}
