extension StandardFunctions {
    static let addresses: [String: HCLFunction] = [
        "cidrhost": HCLFunction([.string, .number]) { values throws(ConversionError) in
            .string(AddressBlock.text(try AddressBlock(values.text(0)).host(values.number(1))))
        }.giving(.string),
        "cidrnetmask": HCLFunction([.string]) { values throws(ConversionError) in
            let block = try AddressBlock(values.text(0))
            guard block.width == 32 else { throw ConversionError(message: "only IPv4 has netmasks") }
            return .string(AddressBlock.text(AddressBlock.masked([255, 255, 255, 255], block.prefix)))
        }.giving(.string),
        "cidrsubnet": HCLFunction([.string, .number, .number]) { values throws(ConversionError) in
            let block = try AddressBlock(values.text(0))
            return .string(try block.part(values.number(2), added: try values.int(1)).description)
        }.giving(.string),
        "cidrsubnets": HCLFunction([.string], rest: .number) { values throws(ConversionError) in
            let block = try AddressBlock(values.text(0))
            var (parts, last): ([HCLValue], AddressBlock?) = ([], nil)
            for position in values.indices.dropFirst() {
                let next = try block.next(after: last, added: try values.int(position))
                parts.append(.string(next.description))
                last = next
            }
            return .list(.string, parts)
        }.giving(.list(.string)),
    ]
}
