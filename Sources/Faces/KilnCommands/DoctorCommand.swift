import ArgumentParser
import KilnDiagnostics
import KilnPlatformLocal

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Tell which tools and kernel features are here, and how to get what is missing.",
        discussion: """
            Exit status 1 when something that Kiln needs is missing.

            Example:

              kiln doctor
            """
    )

    @OptionGroup var format: FormatOption

    func run() async throws {
        let context = CommandContext.current
        let findings = await LocalPlatform.doctor()
        if format.format == .json {
            try context.resultJSON(["findings": findings])
        } else {
            show(findings, context)
        }
        if findings.contains(where: { $0.status == .missing }) { throw CommandExit(status: .failed) }
    }

    private func show(_ findings: [DoctorFinding], _ context: CommandContext) {
        var table = TextTable(("NEEDED", .left), ("STATE", .left), ("SEEN", .left), ("FOR", .left))
        for finding in findings {
            let seen = finding.detail.isEmpty ? "-" : finding.detail
            table.add(finding.name, finding.status.rawValue, seen, finding.neededFor)
        }
        context.console.result(table.render(color: context.console.output.color))
        let remedies = findings.filter { $0.status != .present }.compactMap { finding in
            finding.remedy.map { "\(finding.name): \($0)" }
        }
        if remedies.isEmpty {
            context.console.message("everything is here")
        } else {
            context.console.message("to do:\n" + remedies.map { "  " + $0 }.joined(separator: "\n"))
        }
    }
}
