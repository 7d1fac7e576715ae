/// A compiled Python module (PEP 552): magic number, flags, then the source's time and size, or its hash; the code
/// follows. The numbers are little-endian.
enum ByteCode {
    /// Where the module's source is: beside the folder `__pycache__` that it lies in, or beside itself (PEP 3147).
    static func source(of path: String) -> String? {
        var parts = path.split(separator: "/").map(String.init)
        guard let file = parts.popLast(), let name = file.split(separator: ".").first else { return nil }
        if parts.last == "__pycache__" { parts.removeLast() }
        return (parts + ["\(name).py"]).joined(separator: "/")
    }

    /// The module with its source's time as the layer will give it; nil when it is right as it is, or no such module.
    ///
    /// Python takes a module for out of date when that time is not its source's.
    static func settled(_ module: [UInt8], _ epochs: LayerEpochs) -> [UInt8]? {
        let header = 16
        guard module.count > header, module[2] == 0x0D, module[3] == 0x0A,
            module[4..<8].allSatisfy({ $0 == 0 })
        else { return nil }
        let time = module[8..<12].reversed().reduce(Int64(0)) { $0 << 8 | Int64($1) }
        guard epochs.isOfBake(time, epoch: epochs.own) else { return nil }
        var result = module
        let epoch = UInt32(truncatingIfNeeded: epochs.own)
        for place in 0..<4 { result[8 + place] = UInt8(truncatingIfNeeded: epoch >> (8 * place)) }
        return result
    }
}
