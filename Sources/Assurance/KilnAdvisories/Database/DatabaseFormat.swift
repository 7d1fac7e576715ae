/// The file that holds all advisories, format 2. All numbers are little endian; offsets are in bytes from the file's start.
///
/// ```
///   0  8   magic "KILNADV" and a zero byte
///   8  4   format
///  12  4   number of sections
///  16  32  sha256 of all bytes from 48 on
///  48  8   length of the file
///  56  8   date of the data, seconds since 1970
///  64  16  for each section: offset, length
/// 256      the sections, each at a multiple of 8
/// ```
///
/// Rows of the sections (`4 name` is a number of four bytes that names a text):
///
/// ```
/// offsets      4                     where a text of the pool begins; one more row than texts
/// pool         bytes                 texts and version keys, each once, sorted by their bytes
/// ecosystems   4 name, 4 scheme, 4 first package, 4 packages                    sorted by name
/// packages     4 name, 4 first entry, 4 entries                                 sorted by name within the ecosystem
/// entries      4 advisory, 4 first interval, 4 intervals, 4 reason, 1 status, 1 urgency, 2 zero
/// intervals    4 lower, 4 upper, 4 fixed, 4 flags (1: lower is inclusive, 2: upper is)
/// advisories   4 id, 4 summary, 4 vector, 8 published, 8 modified, 4 first name, 2 aliases, 2 references, 1 severity, 1 flags (1: known exploited), 2 zero
/// names        4 name                aliases and then references of each advisory
/// sources      4 name, 4 format, 4 digest, 4 taken, 4 skipped
/// support      4 ecosystem, 4 package or pattern, 4 last version, 4 reason, 4 day since 1970
/// ```
///
/// Whoever looks for a package bisects `packages` and reads its entries; nothing else of the file is touched.
enum DatabaseFormat {
    static let magic = Array("KILNADV\0".utf8)
    static let version: UInt32 = 2
    static let headerSize = 256
    static let digestOffset = 16
    static let hashedFrom = 48
    /// Names nothing.
    static let none = UInt32.max

    enum Section: Int, CaseIterable {
        case offsets
        case pool
        case ecosystems
        case packages
        case entries
        case intervals
        case advisories
        case names
        case sources
        case support

        var rowSize: Int {
            switch self {
            case .offsets, .names: 4
            case .pool: 1
            case .ecosystems, .intervals: 16
            case .packages: 12
            case .entries, .sources, .support: 20
            case .advisories: 40
            }
        }
    }
}

extension [UInt8] {
    mutating func append(number: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
    }
}
