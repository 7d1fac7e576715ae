import KilnArchive
import KilnDefinition
import KilnDiagnostics
import KilnLock
import KilnStore
import KilnSystem
import SystemPackage

/// A kept download as files that a layer takes: itself, or what the archive that it is holds. Blocks.
struct DownloadTree {
    let download: PlannedDownload
    let store: PackageStore
    /// An empty folder for what is unpacked.
    let spool: FilePath

    private var definition: DownloadDefinition { download.definition }

    func input() throws -> InputTree {
        let file = store.path(download.locked.sha256)
        guard definition.unpack else {
            let content = InputTree.Entry.Content.file(
                download.locked.sha256,
                size: download.locked.size,
                isExecutable: false
            )
            return InputTree(location: file, entries: [.init(path: "", content: content)])
        }
        do {
            // Nothing of it lands outside of the folder, and no device is made.
            try LayerExtractor(form: .plain, keepsOwners: false).extract(blob: file, into: spool)
        } catch let error as ArchiveError {
            throw BakeError.badDownload(definition, error.diagnostics.map(\.message))
        }
        var digester = InputDigester(now: 0)
        return try digester.digest(try top(), written: FilePath(definition.target), span: definition.span)
    }

    /// Below the folders that are left out.
    private func top() throws -> FilePath {
        var folder = spool
        for _ in 0..<definition.strip {
            let names = try Files.list(folder)
            guard names.count == 1, let name = names.first,
                Files.facts(folder.appending(name))?.kind == .directory
            else {
                let found = names.prefix(5).joined(separator: ", ")
                throw BakeError.badDownload(
                    definition,
                    ["strip: \(definition.strip) needs a single folder at the top; found \(found)"]
                )
            }
            folder.append(name)
        }
        return folder
    }
}
