/// Finds tokens in text by what they begin with: one pass, whatever the number of rules.
struct TokenSearch: Sendable {
    /// Rules by the first two bytes of their prefix.
    private let rules: [UInt16: [TokenRule]]
    private let begins: [Bool]
    private let assignments = ["aws_secret_access_key", "AWS_SECRET_ACCESS_KEY", "SecretAccessKey"].map {
        Array($0.utf8)
    }

    init() {
        var rules: [UInt16: [TokenRule]] = [:]
        var begins = [Bool](repeating: false, count: 1 << 16)
        func note(_ prefix: [UInt8]) -> UInt16 {
            let key = UInt16(prefix[0]) << 8 | UInt16(prefix[1])
            begins[Int(key)] = true
            return key
        }
        for rule in TokenRule.all { rules[note(rule.prefix), default: []].append(rule) }
        for prefix in assignments { _ = note(prefix) }
        self.rules = rules
        self.begins = begins
    }

    func findings(in file: ScannedFile, _ content: [UInt8], _ lines: LineNumbers) -> [SecretFinding] {
        guard content.count > 2 else { return [] }
        var found: [SecretFinding] = []
        for place in candidates(content) {
            guard place == 0 || !Alphabet.word.contains(content[place - 1]) else { continue }
            let rest = content[place...]
            let key = UInt16(content[place]) << 8 | UInt16(content[place + 1])
            if let (kind, secret) = token(rest, key) ?? assigned(rest) {
                found.append(SecretFinding(kind, secret, path: file.path, line: lines.line(at: place)))
            }
        }
        return found
    }

    /// Where the first two bytes of some rule stand.
    private func candidates(_ content: [UInt8]) -> [Int] {
        var places: [Int] = []
        content.withUnsafeBufferPointer { bytes in
            begins.withUnsafeBufferPointer { begins in
                var key = Int(bytes[0])
                for place in 1..<bytes.count {
                    key = (key & 0xFF) << 8 | Int(bytes[place])
                    if begins[key] { places.append(place - 1) }
                }
            }
        }
        return places
    }

    private func token(_ rest: ArraySlice<UInt8>, _ key: UInt16) -> (SecretKind, ArraySlice<UInt8>)? {
        for rule in rules[key] ?? [] where rest.starts(with: rule.prefix) {
            let body = rest.dropFirst(rule.prefix.count).prefix(rule.length.upperBound + 1).prefix {
                rule.alphabet.contains($0)
            }
            // A dot or a dash at the end is the sentence's.
            let text = body.suffix(1).elementsEqual([0x2E]) ? body.dropLast() : body
            guard rule.length.contains(text.count), rule.check(text), isRandom(text) else { continue }
            return (rule.kind, rest[rest.startIndex..<text.endIndex])
        }
        return nil
    }

    /// `aws_secret_access_key = …` in any of the forms that configuration has.
    private func assigned(_ rest: ArraySlice<UInt8>) -> (SecretKind, ArraySlice<UInt8>)? {
        guard let name = assignments.first(where: { rest.starts(with: $0) }) else { return nil }
        let value = rest.dropFirst(name.count).drop { [0x20, 0x09, 0x3D, 0x3A, 0x22, 0x27].contains($0) }
        let text = value.prefix(41).prefix { Alphabet.base64.contains($0) }
        guard text.count == 40, isRandom(text), !text.suffix(10).elementsEqual("EXAMPLEKEY".utf8) else {
            return nil
        }
        return (.awsSecretKey, text)
    }

    /// Placeholders repeat a few characters.
    private func isRandom(_ text: ArraySlice<UInt8>) -> Bool { Set(text).count >= 8 }
}
