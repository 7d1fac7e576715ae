import KilnHCL
import Testing

/// What functions give; held against the reference implementation when this was written.
@Suite struct FunctionTests {
    @Test(arguments: [
        ("log(16, 2)", "4"), ("pow(3, 2)", "9"), ("parseint(\"zZ\", 62)", "2231"),
        ("parseint(\"-ff\", 16)", "-255"),
        ("signum(-3)", "-1"), ("sum([1, \"2\", 0.5])", "3.5"), ("ceil(-1.2)", "-1"), ("floor(-1.2)", "-2"),
        (
            #"format("%e|%8.3f|%-8d|%+d|%08.2f|%x", 12345.678, 3.14159, 42, 7, -3.14159, 255)"#,
            #""1.234568e+04|   3.142|42      |+7|-0003.14|ff""#
        ),
        (
            #"format("%v %v %v %v", 100000, 1000000, 1234567, 0.00001234)"#,
            #""100000 1e+06 1.234567e+06 1.234e-05""#
        ),
        (
            #"format("%#v %v %q", {a = "<b>"}, [1, null, true], "a\"b")"#,
            #""{\"a\":\"\\u003cb\\u003e\"} [1,null,true] \"a\\\"b\"""#
        ),
        (
            #"format("%5s|%-5s|%.2s|%05d|%t", "é", "ab", "héllo", -42, "true")"#,
            #""    é|ab   |hé|-0042|true""#
        ),
        (#"format("%[2]s %[1]s%%", "a", "b")"#, #""b a%""#),
        (#"format("%.3g %.10g %G %g", 1000, 1234.5678, 1e-7, 1e20)"#, #""1e+03 1234.5678 1E-07 1e+20""#),
        (
            #"format("%.40f %.0f %.0e %b %#o", 0.1, 0.5, 15, 5, 8)"#,
            #""0.1000000000000000000000000000000000000000 0 2e+01 101 010""#
        ),
        (#"formatlist("%s-%d", ["a", "b"], 3)"#, #"tolist(["a-3", "b-3"])"#),
        (#"indent(2, "a\nb\n c")"#, #""a\n  b\n   c""#),
        (#"title("it's foo-bar")"#, #""It'S Foo-Bar""#), (#"upper("straße")"#, #""STRAßE""#),
        (#"strrev("ae\u0301b")"#, #""be\u0301a""#),
        (#"length("👩‍👩‍👧‍👦e\u0301")"#, "2"), (#"substr("hello", -3, 2)"#, #""ll""#),
        (#"substr("hello", 1, -1)"#, #""ello""#),
        (#"replace("aaa", "a", "b")"#, #""bbb""#), (#"replace("abc", "", "-")"#, #""-a-b-c-""#),
        (#"replace("a1b2", "/([0-9])/", "<$1>")"#, #""a<1>b<2>""#), (#"strcontains("abc", "bc")"#, "true"),
        ("alltrue([])", "true"), ("alltrue([true, null])", "false"), ("anytrue([false, \"true\"])", "true"),
        ("chunklist([1, 2, 3], 2)", "tolist([tolist([1, 2]), tolist([3])])"),
        ("coalescelist([], [1])", "[1]"),
        ("coalesce(1, \"a\")", "\"1\""), ("index([\"a\", \"b\"], \"b\")", "1"), ("one([])", "null"),
        ("one([5])", "5"),
        (#"matchkeys(["a", "b", "c"], [1, 2, 1], [1])"#, #"tolist(["a", "c"])"#),
        (#"setproduct(["a", "b"], [1])"#, #"tolist([["a", 1], ["b", 1]])"#),
        ("setunion([1], [\"a\"])", "toset([\"1\", \"a\"])"),
        ("setintersection([1, 2], [2, 3])", "toset([2])"), ("setsubtract([1, 2], [2])", "toset([1])"),
        ("slice([1, 2, 3], 1, 2)", "[2]"), ("slice(tolist([1, 2, 3]), 1, 3)", "tolist([2, 3])"),
        (#"transpose({a = ["x", "y"], b = ["x"]})"#, #"tomap({x = tolist(["a", "b"]), y = tolist(["a"])})"#),
        ("merge({a = 1}, null, {a = \"b\"})", "{a = \"b\"}"),
        ("concat(tolist([1]), tolist([2]))", "tolist([1, 2])"),
        (#"base64decode(base64encode("hé"))"#, #""hé""#),
        (#"textdecodebase64(textencodebase64("hé", "UTF-16LE"), "utf-16le")"#, #""hé""#),
        (#"urlencode("a b&c/é~*")"#, #""a+b%26c%2F%C3%A9~%2A""#),
        (#"jsondecode("{\"a\":[1.50,null,\"\\ud83d\\ude00\"]}")"#, #"{a = [1.5, null, "😀"]}"#),
        (#"csvdecode("a,b\n1,\"x,\"\"y\"\n")"#, #"tolist([{a = "1", b = "x,\"y"}])"#),
        (
            #"yamlencode({a = "b", c = [1, {d = null}], e = "x\ny", f = {}})"#,
            #""\"a\": \"b\"\n\"c\":\n- 1\n- \"d\": null\n\"e\": |-\n  x\n  y\n\"f\": {}\n""#
        ),
        (
            #"yamldecode("a: &x [1, 0x10, yes]\nb: *x\n<<: {c: '1'}")"#,
            #"{a = [1, 16, true], b = [1, 16, true], c = "1"}"#
        ),
        (#"md5("a")"#, #""0cc175b9c0f1b6a831c399e269772661""#),
        (#"sha1("a")"#, #""86f7e437faa5a7fce15d1ddcb9eaeaea377667b8""#),
        (#"base64sha256("")"#, #""47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=""#),
        (#"uuidv5("dns", "www.terraform.io")"#, #""a5008fae-b28c-5ba5-96cd-82b4c53552d6""#),
        (
            #"formatdate("EEEE, DD-MMM-YY HH:mm:ss aa Z", "2018-01-02T23:12:01-08:00")"#,
            #""Tuesday, 02-Jan-18 11:12:01 pm -08:00""#
        ),
        (#"formatdate("'it''s' M/D h ZZZ", "1999-12-31T03:04:05Z")"#, #""it's 12/31 3 UTC""#),
        (#"timeadd("2016-02-28T23:59:59.9Z", "200ms")"#, #""2016-02-29T00:00:00Z""#),
        (#"timeadd("1970-01-01T00:00:00Z", "-1h30m")"#, #""1969-12-31T22:30:00Z""#),
        (#"timecmp("2017-11-22T01:00:00+01:00", "2017-11-22T00:00:00Z")"#, "0"),
        (#"cidrhost("192.168.1.0/24", -5)"#, #""192.168.1.251""#),
        (#"cidrhost("2001:db8::/64", -1)"#, #""2001:db8::ffff:ffff:ffff:ffff""#),
        (#"cidrnetmask("10.0.0.0/12")"#, #""255.240.0.0""#),
        (#"cidrsubnet("fd00:fd12:3456:7890::/56", 16, 162)"#, #""fd00:fd12:3456:7800:a200::/72""#),
        (
            #"cidrsubnets("10.1.0.0/16", 4, 4, 8, 4)"#,
            #"tolist(["10.1.0.0/20", "10.1.16.0/20", "10.1.32.0/24", "10.1.48.0/20"])"#
        ),
        ("try(1 + \"a\", [][0], \"x\")", "\"x\""), ("can(1 + \"a\")", "false"), ("can(1)", "true"),
        ("nonsensitive(sensitive(1))", "1"), ("issensitive(sensitive(1))", "true"),
        ("keys({b = 1, a = 2})", "[\"a\", \"b\"]"),
        (#"dirname("a/b/c")"#, #""a/b""#), (#"basename("a/b/c")"#, #""c""#), ("tolist([null, 1])[1]", "1"),
    ])
    func `a function gives this`(text: String, wanted: String) throws {
        let (left, right) = (try evaluate(text), try evaluate(wanted))
        #expect(left.problems.isEmpty && right.problems.isEmpty, "\(left.problems) \(right.problems)")
        #expect(left.value.equals(right.value) == true, "\(left.value) and \(right.value)")
    }

    @Test(arguments: [
        "format(\"%s\")", "format(\"x\", 1)", "format(\"%z\", 1)", "format(\"%d\", 1.5)",
        "parseint(\"12\", 1)", "parseint(\"2\", 2)",
        "index([1], 2)", "one([1, 2])", "slice([1], 0, 2)", "base64decode(\"aGk\")", "jsondecode(\"01\")",
        "csvdecode(\"a,b\\n1\\n\")",
        "csvdecode(\"\")", "formatdate(\"YYY\", \"2018-01-02T23:12:01Z\")",
        "timeadd(\"2017-02-30T00:00:00Z\", \"1h\")",
        "timeadd(\"2017-11-22T00:00:00Z\", \"1d\")", "cidrhost(\"192.168.1.0/30\", 255)",
        "cidrsubnet(\"10.0.0.0/24\", 2, 4)",
        "cidrhost(\"10.256.0.0/8\", 1)", "cidrnetmask(\"::/0\")", "regex(\"[\", \"x\")",
        "regex(\"(?=x)\", \"x\")", "regex(\"(?P<a>x)(y)\", \"xy\")",
        "regex(\"a\", \"b\")", "sum([])", "yamldecode(\"[\")", "chunklist([1], -1)", "log(0, 2)",
        "try(1 / 0)", "file(\"x\")",
        "matchkeys([1], [1, 2], [1])", "coalescelist([], [])",
    ])
    func `a function says what it cannot do`(text: String) throws {
        let result = try evaluate(text)
        #expect(result.problems.count == 1)
    }

    @Test(arguments: [
        ("upper(var.a)", HCLType.string), ("max(var.a)", .dynamic), ("jsonencode([var.a])", .string),
        ("timestamp()", .string), ("uuid()", .string),
        ("try(var.a, 1)", .dynamic), ("can(var.a)", .bool), ("sum([1, var.a])", .number),
        ("format(\"%s\", var.a)", .string),
        ("bcrypt(\"x\")", .string),
    ])
    func `what hangs on something unknown is unknown, of the type that it will have`(
        text: String,
        type: HCLType
    ) throws {
        let result = try evaluate(text, HCLScope(functions: StandardFunctions.table, unresolved: .unknown))
        #expect(result.problems.isEmpty)
        #expect(result.value.isUnknown && result.value.type == type, "\(result.value)")
    }

    @Test func `files are read by the reader that was given`() throws {
        let table = StandardFunctions.table { name throws(ConversionError) in
            guard name == "t.tpl" else { throw ConversionError(message: "no file \"\(name)\"") }
            return Array("Hello ${upper(name)}%{ for x in list } ${x}%{ endfor }".utf8)
        }
        let scope = HCLScope(functions: table)
        let text = "templatefile(\"t.tpl\", {name = \"kiln\", list = [1, 2]})"
        #expect(try evaluate(text, scope).value.string == "Hello KILN 1 2")
        #expect(try evaluate("fileexists(\"t.tpl\") && !fileexists(\"u\")", scope).value.bool == true)
        #expect(try evaluate("filesha256(\"t.tpl\")", scope).value.string?.count == 64)
        #expect(try evaluate("file(\"../etc/passwd\")", scope).problems.count == 1)
        #expect(
            try evaluate("templatefile(\"t.tpl\", {})", scope).problems.first?.message.contains("t.tpl:1")
                == true
        )
    }

    @Test(arguments: [
        ("(a)(b)?", "xac", #"["a", null]"#), ("a{2,3}?", "aaaa", #""aa""#),
        ("(a|ab)(c|bcd)(d*)", "abcd", #"["a", "bcd", ""]"#),
        ("(?P<y>[0-9]+)-(?P<m>[0-9]+)", "2020-11", #"{y = "2020", m = "11"}"#), ("(a*)*", "aa", #"["aa"]"#),
        ("(a|b*)*c", "abbc", #"["bb"]"#),
        ("(?i)ABC", "xabc", #""abc""#), ("\\p{Lu}+", "abÀBc", #""ÀB""#), ("[[:alpha:]]+", "12ab", #""ab""#),
        ("(?s)a.c", "a\nc", #""a\nc""#),
        ("[]a]+", "x]a", #""]a""#), ("\\Qa.b\\E", "a.b", #""a.b""#), ("\\x41\\x{42}", "AB", #""AB""#),
        ("(?U)a+", "aaa", #""a""#),
        ("^\\w+", "héllo", #""h""#), ("a{,2}", "a{,2}", #""a{,2}""#), ("$", "ab", #""""#),
        ("\\bb", "ab b", #""b""#), ("[^a-c]+", "abcxyz", #""xyz""#),
    ])
    func `a pattern matches as RE2 does`(pattern: String, text: String, wanted: String) throws {
        let scope = HCLScope(
            variables: ["p": .string(pattern), "t": .string(text)],
            functions: StandardFunctions.table
        )
        let found = try evaluate("regex(p, t)", scope)
        #expect(found.problems.isEmpty)
        #expect(try found.value.equals(evaluate(wanted).value) == true, "\(found.value)")
    }

    @Test(arguments: [
        ("a*", "baac", #"["", "aa", ""]"#), ("\\b", "ab cd", #"["", "", "", ""]"#),
        ("(?m)^.", "ab\ncd", #"["a", "c"]"#), ("x*", "axb", #"["", "x", ""]"#),
        ("(|a)*", "aa", #"[[""], [""], [""]]"#), ("z", "ab", "[]"),
    ])
    func `all matches do not overlap`(pattern: String, text: String, wanted: String) throws {
        let scope = HCLScope(
            variables: ["p": .string(pattern), "t": .string(text)],
            functions: StandardFunctions.table
        )
        let found = try evaluate("regexall(p, t)", scope)
        let tuple = HCLValue.tuple(found.value.elements ?? [])
        #expect(try tuple.equals(evaluate(wanted).value) == true, "\(found.value)")
    }
}
