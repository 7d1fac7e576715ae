/// Reads NVD's JSON 2.0 (feeds and answers of its API): how bad vulnerabilities are, and nothing else. A year's feed is some 200 MB; one vulnerability at a time is in memory.
enum NVDFeed {
    /// The newest version of CVSS goes first; of one version NVD's own assessment, before others'.
    private static let metrics = ["cvssMetricV40", "cvssMetricV31", "cvssMetricV30", "cvssMetricV2"]

    static func read(
        _ reader: inout RecordReader,
        _ report: inout ImportReport,
        into builder: inout DatabaseBuilder
    ) throws {
        try reader.members(streaming: "vulnerabilities") { name, bytes in
            guard name == "vulnerabilities" else { return }
            report.read += 1
            do {
                take(try JSONValue(parsing: bytes[...]), &report, into: &builder)
            } catch let error as JSONSyntaxError {
                let number = report.read
                report.skip(.malformed, "record \(number): \(error.reason.rawValue) at byte \(error.offset)")
            }
        }
    }

    private static func take(
        _ value: JSONValue,
        _ report: inout ImportReport,
        into builder: inout DatabaseBuilder
    ) {
        let number = report.read
        guard let cve = value["cve"], let id = cve["id"]?.text, id.hasPrefix("CVE-"),
            id.utf8.count <= AdvisoryLimits.identifier
        else { return report.skip(.malformed, "record \(number) has no CVE") }
        if cve["vulnStatus"]?.text == "Rejected" { return report.skip(.withdrawn, id) }
        guard let rating = rating(cve["metrics"]) else { return }
        report.taken += 1
        builder.rate(id, rating)
    }

    private static func rating(_ value: JSONValue?) -> DatabaseBuilder.Rating? {
        for name in metrics {
            let items = value?[name]?.items ?? []
            let ordered =
                items.filter { $0["type"]?.text == "Primary" }
                + items.filter { $0["type"]?.text != "Primary" }
            for item in ordered {
                let data = item["cvssData"]
                let vector = data?["vectorString"]?.text
                // Version 2 keeps the word beside the vector, and has none for the worst.
                let word = data?["baseSeverity"]?.text ?? item["baseSeverity"]?.text
                let severity =
                    vector.flatMap { CVSS.severity(of: $0) } ?? word.flatMap { Severity(parsing: $0) }
                if let severity, severity != .unknown { return .init(severity: severity, vector: vector) }
            }
        }
        return nil
    }
}
