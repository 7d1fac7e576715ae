/// A row or some of the table, by the name that the command line knows it by.
struct Case: Sendable {
    let name: String
    let rows: @Sendable (Workbench) throws -> [Row]

    /// In the order of the table.
    static let all = [
        Case(name: "no-op", rows: { try $0.noOpBake() }),
        Case(name: "no-op-10k", rows: { try $0.noOpBakeOfManyFiles() }),
        Case(name: "rebuild", rows: { try $0.rebuild() }),
        Case(name: "rebuild-10k", rows: { try $0.rebuildOfManyFiles() }),
        Case(name: "layer-zstd", rows: { try $0.largeLayer(compression: "zstd") }),
        Case(name: "layer-gzip", rows: { try $0.largeLayer(compression: "gzip") }),
        Case(name: "debian", rows: { try $0.debianRoot() }),
        Case(name: "re-lock", rows: { try $0.relock() }),
        Case(name: "lint", rows: { try $0.lintOfManyManifests() }),
        Case(name: "inventory", rows: { try $0.inventory() }),
        Case(name: "advisories", rows: { try $0.manyInventories() }),
        Case(name: "start", rows: { try $0.firstInstance() }),
    ]
}
