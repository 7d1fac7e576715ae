extension AdvisoryDatabase {
    /// Those of the names that no advisory goes by, in the order given. A CVE is also known where a distribution prefixes it, as
    /// in `DEBIAN-CVE-2024-1`.
    package func unknown(among names: [String]) throws(DatabaseError) -> [String] {
        defer { withExtendedLifetime(bytes) {} }
        let asked = names.map { Array($0.utf8) }
        // First which texts of the pool are one of them, then whether any of those is a name of an advisory.
        var texts: [Int: Set<Int>] = [:]
        for text in 0..<max(0, rows(of: .offsets) - 1) {
            guard let found = try poolBytes(text) else { continue }
            for (index, name) in asked.enumerated() where Self.says(found, name) {
                texts[text, default: []].insert(index)
            }
        }
        var known: Set<Int> = []
        for advisory in 0..<(texts.isEmpty ? 0 : rows(of: .advisories)) {
            for text in try textsNaming(advisory) { known.formUnion(texts[text] ?? []) }
        }
        return names.indices.filter { !known.contains($0) }.map { names[$0] }
    }

    /// The texts of its id and its aliases, by their numbers.
    private func textsNaming(_ advisory: Int) throws(DatabaseError) -> [Int] {
        let place = try row(.advisories, advisory)
        let aliases = Int(try bytes.load(UInt16.self, at: place + 32))
        var texts = [try number(place)]
        for name in try run(.names, first: try number(place + 28), count: aliases) {
            texts.append(try number(row(.names, name)))
        }
        return texts
    }

    /// Whether the text is the name, or ends in it after a dash where it is that of a CVE.
    private static func says(_ text: UnsafeRawBufferPointer, _ name: [UInt8]) -> Bool {
        guard text.count >= name.count, text.suffix(name.count).elementsEqual(name) else { return false }
        return text.count == name.count
            || (name.starts(with: "CVE-".utf8) && text[text.count - name.count - 1] == UInt8(ascii: "-"))
    }
}
