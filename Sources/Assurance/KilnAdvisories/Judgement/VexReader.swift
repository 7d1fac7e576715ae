extension VexDocument {
    package init(parsing bytes: [UInt8]) throws(Fault) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes[...])
        } catch {
            throw .syntax(error)
        }
        guard let context = value["@context"]?.text else { throw .missing("@context") }
        guard context == Self.context else { throw .context(context) }
        guard let id = value["@id"]?.text else { throw .missing("@id") }
        guard let author = value["author"]?.text else { throw .missing("author") }
        guard let timestamp = value["timestamp"]?.text.flatMap({ Moment(parsing: $0) }) else {
            throw .missing("timestamp")
        }
        var statements: [VexStatement] = []
        for item in value["statements"]?.items ?? [] { statements.append(try Self.statement(item)) }
        self.init(id: id, author: author, timestamp: timestamp, statements: statements)
        if case .number(let number)? = value["version"], let version = Int(number) { self.version = version }
    }

    private static func statement(_ value: JSONValue) throws(Fault) -> VexStatement {
        // 0.2 has an object here; its name may be its address alone.
        let vulnerability = value["vulnerability"]
        guard let name = vulnerability?["name"]?.text ?? vulnerability?["@id"]?.text ?? vulnerability?.text
        else {
            throw .missing("vulnerability")
        }
        guard let word = value["status"]?.text else { throw .missing("status") }
        guard let status = VexStatement.Status(rawValue: word) else { throw .status(word) }
        var statement = VexStatement(
            name,
            status,
            products: (value["products"]?.items ?? []).compactMap(product)
        )
        statement.aliases = vulnerability?["aliases"]?.texts ?? []
        if let word = value["justification"]?.text {
            guard let justification = VexStatement.Justification(rawValue: word) else {
                throw .justification(word)
            }
            statement.justification = justification
        }
        statement.impact = value["impact_statement"]?.text
        statement.action = value["action_statement"]?.text
        statement.timestamp = value["timestamp"]?.text.flatMap { Moment(parsing: $0) }
        guard status != .notAffected || statement.justification != nil || statement.impact != nil else {
            throw .unjustified(name)
        }
        return statement
    }

    private static func product(_ value: JSONValue) -> VexStatement.Product? {
        guard let id = identifier(value) else { return nil }
        return VexStatement.Product(
            id: id,
            subcomponents: (value["subcomponents"]?.items ?? []).compactMap(identifier)
        )
    }

    private static func identifier(_ value: JSONValue) -> String? {
        value["identifiers"]?["purl"]?.text ?? value["@id"]?.text ?? value.text
    }
}
