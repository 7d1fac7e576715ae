/// The third field of shadow(5): days since 1970 of the last change.
enum ShadowDays {
    /// The day of an epoch. Empty for 1970's first: 0 would say that the password must be changed at the next login.
    static func field(_ epoch: Int64) -> String {
        let day = epoch / 86400
        return day > 0 ? String(day) : ""
    }

    /// The file without a day after the epoch's, or on which the bake ran (`made`, in seconds); lines that were there
    /// before (`keeping`) stay.
    static func clamp(
        _ text: String,
        to epoch: Int64,
        made: [ClosedRange<Int64>] = [],
        keeping before: String = ""
    ) -> String {
        let kept = Set(AccountText.lines(before))
        let latest = epoch / 86400
        func isOfBake(_ day: Int64) -> Bool {
            day > latest || made.contains { ($0.lowerBound / 86400...$0.upperBound / 86400).contains(day) }
        }
        return AccountText.lines(text).map { line in
            var fields = AccountText.fields(line)
            guard fields.count >= 3, let day = Int64(fields[2]), isOfBake(day),
                !kept.contains(line)
            else { return String(line) }
            fields[2] = Substring(field(epoch))
            return fields.joined(separator: ":")
        }.joined(separator: "\n")
    }
}
