/// All that a server's own records say, put together. Pure.
struct ServerFacts: Sendable {
    let survey: ServerSurvey
    let accounts: ServerAccounts
    let choice: PackageChoice
    let archives: ArchivePlan
    var services: ServiceSurvey
    /// Paths that were not looked at.
    var excluded: Set<String> = []
    let damaged: Int
    let owned: OwnedFiles
    let alternatives: Alternatives
    /// Packages that brought a service which runs.
    let servicePackages: Set<String>

    init(_ survey: ServerSurvey) {
        self.survey = survey
        accounts = ServerAccounts(survey)
        let status = DpkgStatusReader.read(survey.bytes("var/lib/dpkg/status") ?? [])
        damaged = status.damaged
        let automatic = survey.bytes("var/lib/apt/extended_states").map(ExtendedStatesReader.read)
        let owned = OwnedFiles(survey, status.packages)
        self.owned = owned
        services = ServiceSurvey(survey) { path in
            owned.record(path).map { owned.package(of: $0).name }
        }
        servicePackages = Set(services.services.compactMap(\.package))
        let changed = status.packages.filter { package in
            package.state == .installed
                && package.conffiles.contains { conffile in
                    guard !conffile.isObsolete, let bytes = survey.bytes(conffile.path) else { return false }
                    return MD5(of: bytes) != conffile.md5
                }
        }
        choice = PackageChoice(
            status.packages,
            automatic: automatic,
            needed: servicePackages.union(changed.map(\.name))
        )
        archives = ArchivePlan(survey)
        alternatives = Alternatives(survey)
    }

    /// Whether a file is the server's own: no package brought it as it is.
    func isOwn(_ path: String) -> Bool {
        guard let record = owned.record(path) else { return true }
        guard let md5 = record.md5, let bytes = survey.bytes(path) else { return false }
        return MD5(of: bytes) != md5
    }

    /// Diversions that somebody made by hand.
    var diversions: [(from: String, to: String)] {
        Diversions(survey.text("var/lib/dpkg/diversions") ?? "").local
    }

    func isOwn(_ job: CronJob) -> Bool { isOwn(job.file) }
}
