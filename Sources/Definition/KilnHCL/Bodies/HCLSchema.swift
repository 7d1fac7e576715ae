import KilnDiagnostics

/// What a body may hold (spec.md, "Body Content").
package struct HCLSchema: Sendable, Hashable {
    package struct Block: Sendable, Hashable {
        package let type: String
        package let labels: [String]

        package init(_ type: String, labels: [String] = []) {
            (self.type, self.labels) = (type, labels)
        }
    }

    /// Names, and whether each is required.
    package var attributes: [String: Bool]
    package var blocks: [Block]

    package init(attributes: [String: Bool] = [:], blocks: [Block] = []) {
        (self.attributes, self.blocks) = (attributes, blocks)
    }
}

/// A body as a schema sees it.
package struct HCLContent: Sendable, Hashable {
    package var attributes: [String: HCLAttribute] = [:]
    package var blocks: [HCLBlock] = []
    /// What the schema does not speak of.
    package var remain = HCLBody()
    package var problems: [HCLProblem] = []
}

extension HCLBody {
    /// What the schema asks for; anything else is a problem.
    package func content(_ schema: HCLSchema) -> HCLContent {
        var result = partialContent(schema)
        let names = schema.attributes.keys.sorted()
        for property in result.remain.properties ?? [] where property.name != "//" {
            let hint = Spelling.hint(for: property.name, in: names + schema.blocks.map(\.type))
            let message = "no property \"\(property.name)\" is expected here"
            result.problems.append(HCLProblem("unsupported", message, property.nameRange, hint: hint))
        }
        for attribute in result.remain.attributes {
            let hint = Spelling.hint(for: attribute.name, in: names)
            let message = "no argument \"\(attribute.name)\" is expected here"
            result.problems.append(HCLProblem("unsupported", message, attribute.nameRange, hint: hint))
        }
        for block in result.remain.blocks {
            let hint = Spelling.hint(for: block.type, in: schema.blocks.map(\.type))
            let message = "no block \"\(block.type)\" is expected here"
            result.problems.append(HCLProblem("unsupported", message, block.typeRange, hint: hint))
        }
        return result
    }

    /// What the schema asks for, and the rest in `remain`.
    package func partialContent(_ schema: HCLSchema) -> HCLContent {
        var result = HCLContent()
        result.remain.range = range
        if let properties { result.take(properties, schema) }
        for attribute in attributes {
            if schema.attributes[attribute.name] != nil {
                result.attributes[attribute.name] = attribute
            } else {
                result.remain.attributes.append(attribute)
            }
        }
        let end = range.upperBound..<range.upperBound
        for (name, required) in schema.attributes.sorted(by: { $0.key < $1.key })
        where required && result.attributes[name] == nil {
            result.problems.append(HCLProblem("missing", "the argument \"\(name)\" is required", end))
        }
        for block in blocks {
            guard let known = schema.blocks.first(where: { $0.type == block.type }) else {
                result.remain.blocks.append(block)
                continue
            }
            if block.labels.count == known.labels.count {
                result.blocks.append(block)
            } else {
                let wanted =
                    known.labels.isEmpty ? "no label" : "the labels " + known.labels.joined(separator: ", ")
                let message = "a block \"\(block.type)\" has \(wanted); here are \(block.labels.count)"
                result.problems.append(HCLProblem("labels", message, block.typeRange))
            }
        }
        return result
    }
}

extension HCLContent {
    /// Properties of a JSON body, each read as what the schema says it is (json/spec.md, "Structural Elements").
    fileprivate mutating func take(_ properties: [JSONProperty], _ schema: HCLSchema) {
        var rest: [JSONProperty] = []
        for property in properties {
            do throws(HCLProblem) {
                if schema.attributes[property.name] != nil {
                    let attribute = try HCLJSON.attribute(property)
                    guard attributes.updateValue(attribute, forKey: property.name) == nil else {
                        throw HCLProblem(
                            "duplicate",
                            "\"\(property.name)\" is set already",
                            property.nameRange
                        )
                    }
                } else if let block = schema.blocks.first(where: { $0.type == property.name }) {
                    blocks += try HCLJSON.blocks(property, labels: block.labels.count)
                } else {
                    rest.append(property)
                }
            } catch {
                problems.append(error)
            }
        }
        remain.properties = rest
    }
}
