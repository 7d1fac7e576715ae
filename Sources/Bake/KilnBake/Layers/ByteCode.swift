/// A compiled Python module (PEP 552): magic number, flags, then the source's time and size, or its hash; the code
/// follows. The numbers are little-endian.
enum ByteCode {
    /// Where the module's source is: beside the folder `__pycache__` that it lies in (`NAME.TAG[.opt-LEVEL].pyc`, where the name
    /// may have dots), or beside itself (PEP 3147, PEP 488).
    static func source(of path: String) -> String? {
        var parts = path.split(separator: "/").map(String.init)
        guard let file = parts.popLast() else { return nil }
        var words = file.split(separator: ".", omittingEmptySubsequences: false)[...]
        guard words.count > 1 else { return nil }
        words.removeLast()
        if parts.last == "__pycache__" {
            parts.removeLast()
            if words.count > 2, words.last?.hasPrefix("opt-") == true { words.removeLast() }
            if words.count > 1 { words.removeLast() }
        }
        return (parts + [words.joined(separator: ".") + ".py"]).joined(separator: "/")
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
