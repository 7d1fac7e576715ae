import KilnOCI

extension VexDocument {
    /// The document as text, the same for the same content.
    package func rendered() throws -> String {
        let form = Form(
            context: Self.context,
            id: id,
            author: author,
            timestamp: timestamp.description,
            version: version,
            statements: statements.map(Form.Statement.init)
        )
        return String(decoding: try CanonicalJSON.encodePretty(form), as: UTF8.self) + "\n"
    }

    /// What a report says of an image, as statements: what counts is affected; what was set aside is as it was said.
    package init(_ report: ScanReport, id: String, author: String, timestamp: Moment) {
        func product(_ finding: Finding) -> VexStatement.Product {
            .init(id: report.subject, subcomponents: [finding.package.packageURL.description])
        }
        var statements = report.judgement.findings.map { finding in
            var statement = VexStatement(finding.vulnerability, .affected, products: [product(finding)])
            statement.action =
                finding.fixed.map { "update \(finding.subject) to \($0)" } ?? "no fix is known yet"
            return statement
        }
        for suppressed in report.judgement.suppressed {
            let finding = suppressed.finding
            switch suppressed.cause {
            case .vex(var statement):
                statement.vulnerability = finding.vulnerability
                statement.aliases = []
                statement.products = [product(finding)]
                statements.append(statement)
            case .ignored(let entry):
                var statement = VexStatement(finding.vulnerability, .affected, products: [product(finding)])
                statement.action = "accepted until \(entry.expires): \(entry.reason)"
                statements.append(statement)
            }
        }
        self.init(id: id, author: author, timestamp: timestamp, statements: statements)
    }

    fileprivate struct Form: Encodable {
        let context: String
        let id: String
        let author: String
        let timestamp: String
        let version: Int
        let statements: [Statement]

        private enum CodingKeys: String, CodingKey {
            case context = "@context"
            case id = "@id"
            case author
            case timestamp
            case version
            case statements
        }
    }
}

extension VexDocument.Form {
    fileprivate struct Statement: Encodable {
        struct Vulnerability: Encodable {
            let name: String
            let aliases: [String]?
        }

        struct Component: Encodable {
            let id: String

            private enum CodingKeys: String, CodingKey {
                case id = "@id"
            }
        }

        struct Product: Encodable {
            let id: String
            let subcomponents: [Component]?

            private enum CodingKeys: String, CodingKey {
                case id = "@id"
                case subcomponents
            }
        }

        let vulnerability: Vulnerability
        let products: [Product]
        let status: String
        let justification: String?
        let impact: String?
        let action: String?
        let timestamp: String?

        private enum CodingKeys: String, CodingKey {
            case vulnerability
            case products
            case status
            case justification
            case impact = "impact_statement"
            case action = "action_statement"
            case timestamp
        }

        init(_ statement: VexStatement) {
            vulnerability = .init(
                name: statement.vulnerability,
                aliases: statement.aliases.isEmpty ? nil : statement.aliases
            )
            products = statement.products.map { product in
                let parts = product.subcomponents.map { Component(id: $0) }
                return Product(id: product.id, subcomponents: parts.isEmpty ? nil : parts)
            }
            status = statement.status.rawValue
            justification = statement.justification?.rawValue
            impact = statement.impact
            action = statement.action
            timestamp = statement.timestamp?.description
        }
    }
}
