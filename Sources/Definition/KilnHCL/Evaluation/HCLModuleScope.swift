/// The names of a module as far as its files say: variables by their defaults, locals computed from them, anything else unknown.
///
/// For tools that look at a module without running it. Reads Terraform's `variable` and `locals`, and Packer's `variables` and `local` besides, in both
/// syntaxes. A variable without a default is unknown, of its type; a name that nobody declared is unknown too, and no problem.
package struct HCLModuleScope: Sendable {
    /// With `var` and `local`; give it to an evaluator, with more variables where more is known.
    package private(set) var scope: HCLScope
    /// What is wrong in declarations: with the file they are in, as its place among the bodies.
    package private(set) var problems: [(file: Int, problem: HCLProblem)] = []
    /// Names of variables that are declared, with the body's place and their block.
    package private(set) var declaredVariables: [String: (file: Int, block: HCLBlock)] = [:]

    private struct Local {
        let file: Int
        let expression: HCLExpression
        let isSensitive: Bool
    }

    private static let schema = HCLSchema(
        attributes: [:],
        blocks: [
            .init("variable", labels: ["name"]), .init("locals"), .init("local", labels: ["name"]),
            .init("variables"),
        ]
    )
    private static let variableSchema = HCLSchema(
        attributes: ["default": false, "type": false, "sensitive": false, "expression": false]
    )

    private var evaluator: HCLEvaluator
    private var locals: [String: Local] = [:]
    private var variables: [String: HCLValue] = [:]

    /// `given` are variables' values that stand before defaults.
    package init(
        _ bodies: [HCLBody],
        functions: [String: HCLFunction] = StandardFunctions.table,
        given: [String: HCLValue] = [:],
        limits: HCLEvaluator.Limits = .init()
    ) {
        evaluator = HCLEvaluator(limits: limits)
        scope = HCLScope(functions: functions, unresolved: .unknown)
        scope.open = ["var", "local"]
        for (file, body) in bodies.enumerated() {
            for block in body.partialContent(Self.schema).blocks { declare(block, file) }
        }
        variables.merge(given) { _, given in given }
        scope.variables["var"] = .object(variables)
        let values = computed()
        scope.variables["local"] = .object(values)
    }

    private mutating func declare(_ block: HCLBlock, _ file: Int) {
        switch block.type {
        case "variable":
            let name = block.labels.first ?? ""
            declaredVariables[name] = (file, block)
            variables[name] = variable(block.body, file)
        case "variables":
            for attribute in block.body.justAttributes.attributes {
                declaredVariables[attribute.name] = (file, block)
                variables[attribute.name] = constant(attribute.expression, file)
            }
        case "locals":
            for attribute in block.body.justAttributes.attributes {
                locals[attribute.name] = Local(
                    file: file,
                    expression: attribute.expression,
                    isSensitive: false
                )
            }
        default:
            let content = block.body.partialContent(Self.variableSchema)
            guard let expression = content.attributes["expression"]?.expression else { return }
            let isSensitive = content.attributes["sensitive"]?.expression.literal?.bool == true
            locals[block.labels.first ?? ""] = Local(
                file: file,
                expression: expression,
                isSensitive: isSensitive
            )
        }
    }

    private mutating func variable(_ body: HCLBody, _ file: Int) -> HCLValue {
        let attributes = body.partialContent(Self.variableSchema).attributes
        let isSensitive = attributes["sensitive"]?.expression.literal?.bool == true
        var constraint = HCLTypeConstraint(.dynamic)
        if let written = attributes["type"]?.expression {
            do throws(HCLProblem) {
                constraint = try TypeExpression.constraint(written)
            } catch {
                problems.append((file, error))
            }
        }
        guard let expression = attributes["default"]?.expression else {
            return .unknown(constraint.type.withoutOptionals).markedSensitive(isSensitive)
        }
        let value = constant(expression, file)
        do throws(ConversionError) {
            return try constraint.applied(to: value).markedSensitive(isSensitive)
        } catch {
            let message = "the default is not of the variable's type: \(error.message)"
            problems.append((file, HCLProblem("type", message, expression.range)))
            return .unknown(constraint.type.withoutOptionals).markedSensitive(isSensitive)
        }
    }

    /// A default sees functions (Packer) but no names.
    private mutating func constant(_ expression: HCLExpression, _ file: Int) -> HCLValue {
        let before = evaluator.problems.count
        let value = evaluator.value(
            expression,
            in: HCLScope(functions: scope.functions, unresolved: .unknown)
        )
        problems += evaluator.problems.dropFirst(before).map { (file, $0) }
        return value
    }

    /// Each local after those that it refers to, however long the chain; what refers to itself is unknown.
    private mutating func computed() -> [String: HCLValue] {
        var values: [String: HCLValue] = [:]
        var open: Set<String> = []
        for start in locals.keys.sorted() where values[start] == nil {
            var stack = [start]
            while let name = stack.last {
                guard let local = locals[name], values[name] == nil else {
                    stack.removeLast()
                    continue
                }
                let needed = references(of: local.expression)
                if open.insert(name).inserted {
                    let missing = needed.filter { values[$0] == nil && locals[$0] != nil }
                    if let cyclic = missing.first(where: open.contains) {
                        let message = "\"\(name)\" and \"\(cyclic)\" refer to each other"
                        let text = name == cyclic ? "\"\(name)\" refers to itself" : message
                        problems.append((local.file, HCLProblem("cycle", text, local.expression.range)))
                        values[name] = .dynamic
                        continue
                    }
                    stack += missing
                    if !missing.isEmpty { continue }
                }
                values[name] = value(
                    local,
                    seeing: Dictionary(
                        uniqueKeysWithValues: needed.compactMap { key in values[key].map { (key, $0) } }
                    )
                )
                stack.removeLast()
            }
        }
        return values
    }

    private func references(of expression: HCLExpression) -> Set<String> {
        Set(expression.variables.filter { $0.root == "local" }.compactMap { $0.steps.first?.string })
    }

    private mutating func value(_ local: Local, seeing values: [String: HCLValue]) -> HCLValue {
        var inner = scope
        inner.variables["local"] = .object(values)
        let before = evaluator.problems.count
        let value = evaluator.value(local.expression, in: inner)
        problems += evaluator.problems.dropFirst(before).map { (local.file, $0) }
        return value.markedSensitive(local.isSensitive)
    }
}
