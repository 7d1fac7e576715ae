extension Listener: Codable {
    private enum CodingKeys: String, CodingKey {
        case address
        case port
        case mode
        case tls
        case redirects
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let text = try container.decode(String.self, forKey: .address)
        do {
            address = try ListenAddress(parsing: text)
        } catch {
            throw DecodingError.dataCorruptedError(
                forKey: .address,
                in: container,
                debugDescription: error.message
            )
        }
        port = try container.decodeIfPresent(PortReference.self, forKey: .port)
        mode = try container.decodeIfPresent(Mode.self, forKey: .mode) ?? .http
        tls = try container.decodeIfPresent(ListenerTLS.self, forKey: .tls)
        redirects = try container.decodeIfPresent(Bool.self, forKey: .redirects) ?? false
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(address.description, forKey: .address)
        try container.encodeIfPresent(port, forKey: .port)
        try container.encode(mode, forKey: .mode)
        try container.encodeIfPresent(tls, forKey: .tls)
        if redirects { try container.encode(true, forKey: .redirects) }
    }
}

/// A port by its name in `ports`, or by its number.
package enum PortReference: Sendable, Hashable, CustomStringConvertible {
    case name(PortName)
    case number(UInt16)

    package var description: String {
        switch self {
        case .name(let name): name.description
        case .number(let number): String(number)
        }
    }
}

extension PortReference: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(UInt16.self) {
            self = .number(number)
        } else {
            self = .name(try container.decode(PortName.self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .name(let name): try container.encode(name.description)
        case .number(let number): try container.encode(number)
        }
    }
}

/// One plain address is an object, as it was before there were several; all else is a list.
extension Listeners: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let address = try? container.decode(ListenAddress.self) {
            self.init(address)
        } else {
            self.init(try container.decode([Listener].self))
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let only = all.first, all.count == 1, only.isPlain {
            try container.encode(only.address)
        } else {
            try container.encode(all)
        }
    }
}
