import FoundationEssentials
import KilnDiagnostics
import KilnHCL

/// Runs a copy of HCL's specification suite: `NAME.t` holds what is wanted, `NAME.hcldec` how `NAME.hcl` is decoded.
struct SpecificationSuite {
    let base: String

    /// What differs from what is wanted; empty when the case passes.
    func run() throws -> [String] {
        let test = try read(".t")
        let spec = try read(".hcldec")
        let file = try read(".hcl")
        let wantedRanges = test.body.blocks.filter { $0.type == "diagnostics" }
            .flatMap(\.body.blocks).map { byte($0, "from")..<byte($0, "to") }
        var decoder = SpecificationDecoder(variables: [:])
        if let variables = spec.body.blocks.first(where: { $0.type == "variables" }) {
            for attribute in variables.body.attributes {
                decoder.variables[attribute.name] = decoder.value(attribute.expression, HCLScope())
            }
        }
        let root = spec.body.blocks.first { $0.type != "variables" }
        let value = file.problems.isEmpty ? root.map { decoder.decode($0, file.body) } : nil
        let found = (file.problems + decoder.problems).map(\.range)
        var differences: [String] = []
        if Set(found) != Set(wantedRanges) {
            differences.append("problems at \(found), wanted \(wantedRanges)")
        }
        guard wantedRanges.isEmpty else { return differences }
        if let wanted = test.body[attribute: "result"] {
            let expected = decoder.value(wanted.expression, HCLScope())
            let type = try test.body[attribute: "result_type"].map { try TypeExpression.type($0.expression) }
            let typed = try type.map { try expected.converted(to: $0) } ?? expected
            if typed.equals(value ?? .dynamic) != true {
                differences.append("\(String(describing: value)), wanted \(typed)")
            }
        }
        if let wanted = test.body[attribute: "result_type"], let value {
            let type = try TypeExpression.type(wanted.expression)
            if value.type != type { differences.append("type \(value.type), wanted \(type)") }
        }
        return differences
    }

    private func byte(_ block: HCLBlock, _ name: String) -> Int {
        var evaluator = HCLEvaluator()
        guard let place = block.body.blocks.first(where: { $0.type == name }),
            let attribute = place.body[attribute: "byte"]
        else { return -1 }
        return evaluator.value(attribute.expression, in: HCLScope()).number?.int ?? -1
    }

    private func read(_ suffix: String) throws -> HCLFile {
        let data = try Data(contentsOf: URL(filePath: base + suffix))
        return HCLParser.parse(HCLSource(name: base + suffix, bytes: Array(data)))
    }
}

/// The part of the decoder's specifications that the suite uses.
struct SpecificationDecoder {
    var variables: [String: HCLValue]
    var problems: [HCLProblem] = []

    mutating func value(_ expression: HCLExpression, _ scope: HCLScope) -> HCLValue {
        var evaluator = HCLEvaluator()
        defer { problems += evaluator.problems }
        return evaluator.value(expression, in: scope)
    }

    mutating func decode(_ spec: HCLBlock, _ body: HCLBody) -> HCLValue {
        let content = body.content(schema(spec))
        problems += content.problems
        return decode(spec, content)
    }

    private func schema(_ spec: HCLBlock) -> HCLSchema {
        var result = HCLSchema()
        switch spec.type {
        case "attr": result.attributes[name(spec)] = false
        case "block", "block_list", "block_map": result.blocks.append(.init(name(spec), labels: labels(spec)))
        case "object":
            for child in spec.body.blocks {
                let inner = schema(child)
                result.attributes.merge(inner.attributes) { first, _ in first }
                result.blocks += inner.blocks
            }
        default: break
        }
        return result
    }

    private mutating func decode(_ spec: HCLBlock, _ content: HCLContent) -> HCLValue {
        let scope = HCLScope(variables: variables)
        let blocks = content.blocks.filter { $0.type == name(spec) }
        switch spec.type {
        case "literal": return spec.body[attribute: "value"].map { value($0.expression, scope) } ?? .null()
        case "attr": return attribute(spec, content, scope)
        case "object":
            var result: [String: HCLValue] = [:]
            for child in spec.body.blocks {
                result[child.labels.first ?? name(child)] = decode(child, content)
            }
            return .object(result)
        case "block": return blocks.first.map { decode(spec.body.blocks[0], $0.body) } ?? .null()
        case "block_list": return .tuple(blocks.map { decode(spec.body.blocks[0], $0.body) })
        case "block_map":
            var result: [String: HCLValue] = [:]
            for block in blocks { result[block.labels[0]] = decode(spec.body.blocks[0], block.body) }
            return (try? HCLValue.object(result).converted(to: .map(.dynamic))) ?? .dynamic
        default: return .dynamic
        }
    }

    private mutating func attribute(_ spec: HCLBlock, _ content: HCLContent, _ scope: HCLScope) -> HCLValue {
        let type =
            spec.body[attribute: "type"].flatMap { try? TypeExpression.type($0.expression) } ?? .dynamic
        guard let attribute = content.attributes[name(spec)] else { return .null(type) }
        let written = value(attribute.expression, scope)
        return (try? written.converted(to: type)) ?? .dynamic
    }

    private func name(_ spec: HCLBlock) -> String {
        guard let attribute = spec.body[attribute: "block_type"] ?? spec.body[attribute: "name"],
            case .literal(let value) = attribute.expression.kind
        else { return spec.labels.first ?? "" }
        return value.string ?? ""
    }

    private func labels(_ spec: HCLBlock) -> [String] {
        guard case .tuple(let names)? = spec.body[attribute: "labels"]?.expression.kind else { return [] }
        return names.map { _ in "label" }
    }
}
