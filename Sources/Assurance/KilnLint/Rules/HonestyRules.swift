/// What is set aside, and what cannot be read.
enum HonestyRules {
    static let all = [emptyExcuse]

    /// Found where suppressions are read, which knows the day.
    static let emptyExcuse = LintRule(
        "IL061",
        "A finding is set aside without a reason or an end, or past its end",
        why: "What nobody has to look at again is there for ever, and nobody remembers why.",
        remedy:
            "Write why and until when: `# kiln-lint: ignore IL001 until=2027-01-01 reason=\"the vendor has no "
            + "digest yet\"`; when the day has come, repair it.",
        .error,
        .core,
        on: FileKind.allCases
    ) { _, _ in }
}
