import KilnBake
import KilnDefinition
import KilnDiagnostics
import KilnLock
import KilnOCI
import OrderedCollections
import SystemPackage
import Testing

@Suite struct `A bake plan` {
    @Test func `has parents once and before their children`() throws {
        let plan = try Shop().plan()
        #expect(plan.images.map(\.name) == ["base", "runtime", "shop", "other"])
        #expect(plan.images.map(\.parent) == [nil, "base", "runtime", "base"])
    }

    @Test func `of one image holds its chain only`() throws {
        #expect(try Shop().plan(["shop"]).images.map(\.name) == ["base", "runtime", "shop"])
        #expect(try Shop().plan(["other"]).images.map(\.name) == ["base", "other"])
    }

    @Test func `has one layer for packages, one for users and files, and one for each step`() throws {
        let plan = try Shop().plan(["shop"])
        #expect(
            plan.images.map { $0.layers.map(\.kind) } == [[.packages], [.packages], [.files, .step, .step]]
        )
    }

    @Test func `counts an image as made at the newest epoch below it`() throws {
        #expect(try Shop().plan().images.map(\.created) == [1000, 2000, 2000, 1000])
    }

    @Test func `answers to debconf are part of a layer's key, and no layer without them has another`() throws
    {
        var shop = Shop()
        let before = try shop.plan()
        let answer = DebconfAnswer(
            package: "tzdata",
            question: "tzdata/Areas",
            kind: .select,
            value: "Europe"
        )
        shop.definition.images["runtime"]?.debconf = [answer]
        let answered = try shop.plan()
        #expect(Shop.moved(from: before, to: answered) == ["runtime/0", "shop/0", "shop/1", "shop/2"])
        shop.definition.images["runtime"]?.debconf[0].value = "Asia"
        #expect(Shop.moved(from: answered, to: try shop.plan()).contains("runtime/0"))
    }

    @Test func `a profile ends the images that add something, and those that go further`() throws {
        var shop = Shop()
        shop.definition.images["base"]?.profile = .hardened
        shop.definition.images["bare"] = ImageDefinition(origin: .image("shop"))
        var strict = ImageDefinition(origin: .image("shop"))
        strict.hardening = HardeningDefinition(packageManager: .remove)
        shop.definition.images["strict"] = strict
        let request = Digest(of: "request")
        shop.lock.images["bare"] = LockedImage(request: request)
        shop.lock.images["strict"] = LockedImage(request: request)
        let kinds = Dictionary(
            uniqueKeysWithValues: try shop.plan().images.map { ($0.name, $0.layers.map(\.kind)) }
        )
        #expect(kinds["base"] == [.packages, .hardening])
        #expect(kinds["runtime"] == [.packages, .hardening])
        #expect(kinds["shop"] == [.files, .step, .step, .hardening])
        #expect(kinds["bare"] == [])
        #expect(kinds["strict"] == [.hardening])
    }

    @Test func `is the same for the same input`() throws {
        #expect(try Shop().plan() == Shop().plan())
    }

    /// What moves, by `image/index` of the layer.
    @Test(arguments: Change.allCases)
    func `moves exactly the keys that stand on a change`(_ change: Change) throws {
        let before = try Shop().plan()
        var shop = Shop()
        change.apply(&shop)
        #expect(Shop.moved(from: before, to: try shop.plan()) == change.moves)
    }

    @Test func `refuses an image that stands on itself`() throws {
        var shop = Shop()
        shop.definition.images["base"]?.origin = .image("shop")
        #expect(throws: BakeError.self) { try shop.plan() }
    }

    @Test(arguments: [
        (["data", "data/l/x"], "data/l/x"), (["data/l/x", "data"], "data/l/x"), (["data", "./data"], "data"),
        (["x/../data/a", "data"], "x/../data/a"), ([".", "data"], "data"),
    ])
    func `refuses an input that another one brings already`(_ inputs: [String], _ named: String) throws {
        var shop = Shop()
        shop.definition.images["shop"]?.steps[0].inputs = inputs.map { FilePath($0) }
        let error = try #require(throws: BakeError.self) { try shop.plan() }
        #expect(error.diagnostic.code == "bake.overlapping-inputs")
        #expect(error.diagnostic.message.hasPrefix("the input \"\(named)\""))
        #expect(error.diagnostic.exitStatus == .usage)
    }

    @Test func `takes inputs that lie side by side`() throws {
        var shop = Shop()
        let inputs: [FilePath] = ["data", "data2", "more/data", "more/data.d"]
        for input in inputs { shop.inputs[input] = Digest(of: "data") }
        shop.definition.images["shop"]?.steps[0].inputs = inputs
        _ = try shop.plan()
    }

    @Test func `holds a layer against its own epoch and the newest below it`() throws {
        let layers = try Shop().plan(["shop"]).images.flatMap(\.layers)
        #expect(layers.map(\.epochs.own) == [1000, 2000, 0, 0, 0])
        #expect(layers.map(\.epochs.newest) == [1000, 2000, 2000, 2000, 2000])
    }

    @Test func `names an image that the definition lacks`() throws {
        let error = try #require(throws: BakeError.self) { try Shop().plan(["shp"]) }
        #expect(error.diagnostic.code == "bake.unknown-image")
        #expect(error.diagnostic.hint == #"did you mean "shop"?"#)
    }

    @Test func `refuses a lock without the image`() throws {
        var shop = Shop()
        shop.lock.images["runtime"] = nil
        let error = try #require(throws: BakeError.self) { try shop.plan() }
        #expect(error.diagnostic.code == "bake.not-locked")
    }
}

/// One change of one input, and the layers whose keys it must move.
enum Change: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case basePackage, baseEpoch, runtimePackage, packageOrder, packagePath
    case source, sourcePath, fileMode, fileOwner, fileTarget, uid
    case script, stepEnvironment, stepInput, stepInputPath, secondScript, stepOrder
    case environment, entrypoint, ports, version, encoder, otherFile, request

    var testDescription: String { rawValue }

    private static let onBase: Set<String> = [
        "base/0", "runtime/0", "shop/0", "shop/1", "shop/2", "other/0",
    ]
    private static let onRuntime: Set<String> = ["runtime/0", "shop/0", "shop/1", "shop/2"]
    private static let onFiles: Set<String> = ["shop/0", "shop/1", "shop/2"]
    private static let onSteps: Set<String> = ["shop/1", "shop/2"]

    var moves: Set<String> {
        switch self {
        case .basePackage, .baseEpoch: Self.onBase
        case .runtimePackage: Self.onRuntime
        case .source, .fileMode, .fileOwner, .fileTarget, .uid: Self.onFiles
        case .script, .stepEnvironment, .stepInput, .stepInputPath, .stepOrder: Self.onSteps
        case .secondScript: ["shop/2"]
        case .otherFile: ["other/0"]
        case .packageOrder, .packagePath, .sourcePath, .environment, .entrypoint, .ports, .version, .encoder,
            .request:
            []
        }
    }

    func apply(_ shop: inout Shop) {
        switch self {
        case .basePackage: shop.lock.images["base"]?.packages[0].sha256 = Digest(of: "another")
        case .baseEpoch: shop.lock.images["base"]?.epoch = 1001
        case .runtimePackage: shop.lock.images["runtime"]?.packages[0].version = "2"
        case .packageOrder: shop.lock.images["base"]?.packages.reverse()
        case .packagePath: shop.lock.images["base"]?.packages[0].path = "elsewhere"
        case .source: shop.inputs["app.jar"] = Digest(of: "app 2")
        case .fileMode: shop.definition.images["shop"]?.files[0].mode = 0o600
        case .fileOwner: shop.definition.images["shop"]?.files[0].owner = "root"
        case .fileTarget: shop.definition.images["shop"]?.files[0].target = "/opt/app2.jar"
        case .uid: shop.definition.images["shop"]?.users[0].uid = 10002
        case .script: shop.inputs["install.sh"] = Digest(of: "install 2")
        case .stepEnvironment: shop.definition.images["shop"]?.steps[0].env["A"] = "2"
        case .stepInput: shop.inputs["data"] = Digest(of: "data 2")
        case .secondScript: shop.inputs["check.sh"] = Digest(of: "check 2")
        case .otherFile: shop.inputs["other.txt"] = Digest(of: "other 2")
        case .request: shop.lock.images["base"]?.request = Digest(of: "request 2")
        default: applyRest(&shop)
        }
    }

    private func applyRest(_ shop: inout Shop) {
        switch self {
        case .sourcePath:
            shop.definition.images["shop"]?.files[0].source = "build/app.jar"
            shop.inputs["build/app.jar"] = shop.inputs["app.jar"]
        case .stepInputPath:
            shop.definition.images["shop"]?.steps[0].inputs = ["moved"]
            shop.inputs["moved"] = shop.inputs["data"]
        case .stepOrder: shop.definition.images["shop"]?.steps.reverse()
        case .environment: shop.definition.images["shop"]?.env["NEW"] = "1"
        case .entrypoint: shop.definition.images["shop"]?.entrypoint = ["other"]
        case .ports: shop.definition.images["shop"]?.ports["http"] = 9090
        case .version: shop.definition.images["shop"]?.version = "2"
        default: shop.lock.encoder = EncoderName("gzip")
        }
    }
}

/// Four images: `base`, `runtime` on it, `shop` on that, and `other` on `base`.
struct Shop: Sendable {
    var definition: Definition
    var lock: Lock
    var inputs: [FilePath: Digest] = [
        "app.jar": Digest(of: "app"), "install.sh": Digest(of: "install"), "check.sh": Digest(of: "check"),
        "data": Digest(of: "data"), "other.txt": Digest(of: "other"),
    ]

    init() {
        var runtime = ImageDefinition(origin: .image("base"))
        runtime.packages = ["python3"]
        var shop = ImageDefinition(origin: .image("runtime"))
        shop.users = [UserDefinition(name: "shop", uid: 10001)]
        shop.files = [FileDefinition(source: "app.jar", target: "/opt/app.jar", owner: "shop")]
        shop.steps = [
            StepDefinition(run: "install.sh", inputs: ["data"], env: ["A": "1"]),
            StepDefinition(run: "check.sh"),
        ]
        shop.ports = ["http": 8080]
        var other = ImageDefinition(origin: .image("base"))
        other.files = [FileDefinition(source: "other.txt", target: "/other.txt")]
        definition = Definition(images: [
            "base": ImageDefinition(origin: .archive("debian")), "runtime": runtime, "shop": shop,
            "other": other,
        ])
        let request = Digest(of: "request")
        lock = Lock(
            encoder: EncoderName("zstd"),
            images: [
                "base": LockedImage(
                    request: request,
                    epoch: 1000,
                    packages: [.sample("libc6"), .sample("base-files")]
                ),
                "runtime": LockedImage(request: request, epoch: 2000, packages: [.sample("python3")]),
                "shop": LockedImage(request: request), "other": LockedImage(request: request),
            ]
        )
    }

    func plan(_ names: [ImageName] = []) throws -> BakePlan {
        try BakePlanner(definition: definition, lock: lock, inputs: inputs).plan(names)
    }

    static func moved(from before: BakePlan, to after: BakePlan) -> Set<String> {
        let old = keys(before)
        let new = keys(after)
        return Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }
    }

    private static func keys(_ plan: BakePlan) -> [String: CacheKey] {
        var keys: [String: CacheKey] = [:]
        for image in plan.images {
            for (index, layer) in image.layers.enumerated() { keys["\(image.name)/\(index)"] = layer.key }
        }
        return keys
    }
}

extension LockedPackage {
    static func sample(_ name: String) -> LockedPackage {
        LockedPackage(
            name: name,
            version: "1",
            architecture: "amd64",
            archive: "debian",
            path: "pool/\(name).deb",
            size: 1,
            sha256: Digest(of: name)
        )
    }
}
