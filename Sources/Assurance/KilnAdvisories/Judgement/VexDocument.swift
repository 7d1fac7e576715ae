/// A statement of an OpenVEX document.
package struct VexStatement: Sendable, Hashable {
    package enum Status: String, Sendable, Hashable, CaseIterable {
        case notAffected = "not_affected"
        case affected
        case fixed
        case underInvestigation = "under_investigation"

        /// Whether it says that the finding is none.
        package var suppresses: Bool { self == .notAffected || self == .fixed }
    }

    /// Why a product is not affected (OpenVEX 0.2.0, "Status Justifications").
    package enum Justification: String, Sendable, Hashable, CaseIterable {
        case componentNotPresent = "component_not_present"
        case vulnerableCodeNotPresent = "vulnerable_code_not_present"
        case vulnerableCodeNotInExecutePath = "vulnerable_code_not_in_execute_path"
        case vulnerableCodeCannotBeControlledByAdversary = "vulnerable_code_cannot_be_controlled_by_adversary"
        case inlineMitigationsAlreadyExist = "inline_mitigations_already_exist"
    }

    /// What a statement is about: a product, and the parts of it that are meant.
    package struct Product: Sendable, Hashable {
        /// A package URL, most often.
        package var id: String
        package var subcomponents: [String]

        package init(id: String, subcomponents: [String] = []) {
            self.id = id
            self.subcomponents = subcomponents
        }
    }

    package var vulnerability: String
    package var aliases: [String] = []
    package var products: [Product]
    package var status: Status
    package var justification: Justification?
    package var impact: String?
    /// What to do about it; required for `affected`.
    package var action: String?
    /// nil: the document's.
    package var timestamp: Moment?

    package init(_ vulnerability: String, _ status: Status, products: [Product]) {
        self.vulnerability = vulnerability
        self.status = status
        self.products = products
    }

    /// In a few words, for reports.
    package var reason: String {
        let why = impact ?? justification.map { $0.rawValue.split(separator: "_").joined(separator: " ") }
        return
            "VEX: \(status.rawValue.split(separator: "_").joined(separator: " "))\(why.map { ": \($0)" } ?? "")"
    }

    /// Whether it speaks of the finding in the product. A statement about the package itself needs no product.
    func covers(_ finding: Finding, of subject: String?) -> Bool {
        guard !finding.names.isDisjoint(with: [vulnerability] + aliases) else { return false }
        let found = finding.package.packageURL
        return products.contains { product in
            if Self.means(product.id, found) { return true }
            guard let subject, product.id == subject else { return false }
            return product.subcomponents.isEmpty || product.subcomponents.contains { Self.means($0, found) }
        }
    }

    private static func means(_ id: String, _ found: PackageURL) -> Bool {
        PackageURL(parsing: id)?.covers(found) ?? false
    }
}

/// An OpenVEX 0.2.0 document.
package struct VexDocument: Sendable, Hashable {
    package static let context = "https://openvex.dev/ns/v0.2.0"

    /// Why a text is no OpenVEX document.
    package enum Fault: Error, Sendable, Hashable {
        case syntax(JSONSyntaxError)
        /// Another format, or another version of this one.
        case context(String)
        case missing(String)
        case status(String)
        case justification(String)
        /// `not_affected` must say why.
        case unjustified(String)
    }

    package var id: String
    package var author: String
    package var timestamp: Moment
    package var version = 1
    package var statements: [VexStatement]

    package init(id: String, author: String, timestamp: Moment, statements: [VexStatement]) {
        self.id = id
        self.author = author
        self.timestamp = timestamp
        self.statements = statements
    }

    /// The statement that counts for a finding: the newest, and of those of one time the last.
    static func decisive(
        for finding: Finding,
        of subject: String?,
        in documents: [VexDocument]
    ) -> VexStatement? {
        var best: (time: Moment, statement: VexStatement)?
        for document in documents {
            for statement in document.statements where statement.covers(finding, of: subject) {
                let time = statement.timestamp ?? document.timestamp
                if best.map({ time >= $0.time }) ?? true { best = (time, statement) }
            }
        }
        return best?.statement
    }
}
