/// A licence as package metadata names it, brought to SPDX's words where they are certain.
struct LicenceName: Sendable, Hashable {
    /// An SPDX identifier or expression; nil for a name that SPDX does not have.
    let expression: String?
    /// Whether the expression is a single identifier of the list.
    let isIdentifier: Bool
    let name: String

    init(_ text: String) {
        name = text
        if let id = Self.identifier(text) {
            (expression, isIdentifier) = (id, true)
        } else {
            (expression, isIdentifier) = (Self.expression(text), false)
        }
    }

    /// `GPL-2.0-or-later AND (MIT OR Apache-2.0)`, Debian's `GPL-2+ or MIT`; nil when a word of it is not known.
    private static func expression(_ text: String) -> String? {
        var words: [String] = []
        var depth = 0
        for part in text.split(whereSeparator: { $0 == " " || $0 == "\t" }) {
            var word = part
            while word.first == "(" {
                word.removeFirst()
                depth += 1
                words.append("(")
            }
            var closing = 0
            while word.last == ")" {
                word.removeLast()
                closing += 1
            }
            switch word.lowercased() {
            case "and", "or", "with": words.append(word.uppercased())
            case "": break
            default:
                let isException = words.last == "WITH" && exceptions.contains(String(word))
                guard let known = isException ? String(word) : identifier(String(word)) else { return nil }
                words.append(known)
            }
            guard closing <= depth else { return nil }
            depth -= closing
            words += Array(repeating: ")", count: closing)
        }
        guard depth == 0, isWellFormed(words) else { return nil }
        return words.joined(separator: " ").replacing("( ", with: "(").replacing(" )", with: ")")
    }

    private static func isWellFormed(_ words: [String]) -> Bool {
        var wantsName = true
        for word in words {
            switch word {
            case "(":
                guard wantsName else { return false }
            case ")":
                guard !wantsName else { return false }
            case "AND", "OR", "WITH":
                guard !wantsName else { return false }
                wantsName = true
            default:
                guard wantsName else { return false }
                wantsName = false
            }
        }
        return !wantsName
    }

    static func identifier(_ text: String) -> String? {
        let key = text.lowercased()
        return identifiers[key] ?? aliases[key].flatMap { identifiers[$0.lowercased()] }
    }

    private static let identifiers: [String: String] = Dictionary(
        uniqueKeysWithValues: """
            0BSD AFL-2.0 AFL-2.1 AFL-3.0 AGPL-3.0-only AGPL-3.0-or-later Apache-1.1 Apache-2.0 Artistic-1.0 \
            Artistic-1.0-Perl Artistic-2.0 BSD-1-Clause BSD-2-Clause BSD-2-Clause-Patent BSD-3-Clause BSD-4-Clause \
            BSD-4-Clause-UC BSL-1.0 BlueOak-1.0.0 bzip2-1.0.6 CC-BY-3.0 CC-BY-4.0 CC-BY-SA-3.0 CC-BY-SA-4.0 CC0-1.0 \
            CDDL-1.0 CDDL-1.1 CPL-1.0 curl ECL-2.0 EPL-1.0 EPL-2.0 EUPL-1.2 FSFAP FSFUL FSFULLR FTL GFDL-1.1-only \
            GFDL-1.1-or-later GFDL-1.2-only GFDL-1.2-or-later GFDL-1.3-only GFDL-1.3-or-later GPL-1.0-only \
            GPL-1.0-or-later GPL-2.0-only GPL-2.0-or-later GPL-3.0-only GPL-3.0-or-later HPND ICU IJG ImageMagick \
            Info-ZIP ISC JSON LGPL-2.0-only LGPL-2.0-or-later LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0-only \
            LGPL-3.0-or-later libpng-2.0 libtiff LPL-1.02 MIT MIT-0 MIT-CMU MPL-1.0 MPL-1.1 MPL-2.0 MS-PL NCSA NTP \
            OFL-1.1 OLDAP-2.8 OpenSSL PHP-3.01 PostgreSQL PSF-2.0 Python-2.0 Python-2.0.1 QPL-1.0 Ruby SISSL Sleepycat \
            SMLNJ TCL Unicode-3.0 Unicode-DFS-2016 Unlicense UPL-1.0 Vim W3C WTFPL X11 Zlib zlib-acknowledgement \
            ZPL-2.1
            """
            .split(whereSeparator: \.isWhitespace).map { ($0.lowercased(), String($0)) }
    )

    private static let exceptions: Set<String> = [
        "Autoconf-exception-2.0", "Autoconf-exception-3.0", "Bison-exception-2.2", "Classpath-exception-2.0",
        "GCC-exception-2.0", "GCC-exception-3.1", "LLVM-exception", "Libtool-exception",
        "Linux-syscall-note", "OpenJDK-assembly-exception-1.0", "Qt-GPL-exception-1.0",
    ]

    /// What Debian, Fedora, PyPI and others write for the same, and SPDX's own former names.
    private static let aliases: [String: String] = {
        var names: [String: String] = [
            "expat": "MIT", "mit license": "MIT", "the mit license": "MIT", "mit/expat": "MIT",
            "bsd-2-clause": "BSD-2-Clause", "bsd-3": "BSD-3-Clause", "bsd-3-clauses": "BSD-3-Clause",
            "new bsd license": "BSD-3-Clause", "3-clause bsd license": "BSD-3-Clause",
            "bsd-2": "BSD-2-Clause",
            "bsd-4": "BSD-4-Clause", "apache 2.0": "Apache-2.0", "apache 2": "Apache-2.0",
            "apache license 2.0": "Apache-2.0", "apache license, version 2.0": "Apache-2.0",
            "apache-2": "Apache-2.0", "asl 2.0": "Apache-2.0", "artistic-2": "Artistic-2.0",
            "isc license (iscl)": "ISC", "isc license": "ISC", "the unlicense (unlicense)": "Unlicense",
            "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0", "mpl-2": "MPL-2.0",
            "python software foundation license": "PSF-2.0", "psf": "PSF-2.0", "boost-1.0": "BSL-1.0",
            "cc0": "CC0-1.0", "cc0-1": "CC0-1.0", "openldap-2.8": "OLDAP-2.8", "zope-2.1": "ZPL-2.1",
        ]
        for (family, versions) in [
            ("GPL", ["1", "2", "3"]), ("LGPL", ["2", "2.1", "3"]), ("AGPL", ["3"]),
            ("GFDL", ["1.1", "1.2", "1.3"]),
        ] {
            for version in versions {
                let full = version.contains(".") ? version : version + ".0"
                for spelling in Set([version, full]) {
                    names["\(family)-\(spelling)".lowercased()] = "\(family)-\(full)-only"
                    names["\(family)-\(spelling)+".lowercased()] = "\(family)-\(full)-or-later"
                    names["\(family)v\(spelling)".lowercased()] = "\(family)-\(full)-only"
                    names["\(family)v\(spelling)+".lowercased()] = "\(family)-\(full)-or-later"
                }
            }
        }
        return names
    }()
}
