extension HCLBody {
    /// The body as nothing but arguments, such as `locals`: all properties of a JSON body; blocks are problems.
    package var justAttributes: (attributes: [HCLAttribute], problems: [HCLProblem]) {
        guard let properties else {
            let problems = blocks.map {
                HCLProblem("unsupported", "no block \"\($0.type)\" is expected here", $0.typeRange)
            }
            return (attributes, problems)
        }
        var (result, problems, names): ([HCLAttribute], [HCLProblem], Set<String>) = ([], [], [])
        for property in properties where property.name != "//" {
            do throws(HCLProblem) {
                guard names.insert(property.name).inserted else {
                    throw HCLProblem("duplicate", "\"\(property.name)\" is set already", property.nameRange)
                }
                result.append(try HCLJSON.attribute(property))
            } catch {
                problems.append(error)
            }
        }
        return (result, problems)
    }

    /// Goes through all blocks of the native syntax, each before those inside it.
    package func walk(_ visit: (HCLBlock) -> Void) {
        for block in blocks {
            visit(block)
            block.body.walk(visit)
        }
    }
}
