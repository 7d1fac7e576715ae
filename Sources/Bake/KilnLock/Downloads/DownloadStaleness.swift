import KilnDefinition
import KilnDiagnostics

extension LockedImage {
    /// Why these downloads are not those of the definition, and where it says so; nil when they are.
    func mismatch(of downloads: [DownloadDefinition]) -> (causes: [String], span: SourceSpan?)? {
        let locked = Dictionary(self.downloads.map { ($0.url, $0) }, uniquingKeysWith: { first, _ in first })
        let urls = Set(downloads.map(\.url))
        var causes: [String] = []
        var span: SourceSpan?
        for download in downloads {
            guard let pin = locked[download.url] else {
                causes.append("download added: \(download.url)")
                span = span ?? download.span
                continue
            }
            guard let wanted = download.sha256, wanted != pin.sha256 else { continue }
            causes += ["\(download.url) is to be \(wanted)", "the lock says \(pin.sha256)"]
            span = span ?? download.span
        }
        causes += self.downloads.map(\.url).filter { !urls.contains($0) }.map { "download removed: \($0)" }
        return causes.isEmpty ? nil : (causes, span)
    }
}
