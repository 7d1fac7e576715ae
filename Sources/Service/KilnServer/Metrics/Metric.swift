/// One metric as it is declared: name, kind and what it tells. The reference page is made of these.
package struct Metric: Sendable, Hashable {
    package enum Kind: String, Sendable, Hashable {
        case counter
        case gauge
        case histogram
    }

    package let name: String
    package let kind: Kind
    package let help: String
    /// Names of its labels.
    package let labels: [String]

    package init(_ name: String, _ kind: Kind, _ help: String, labels: [String] = []) {
        self.name = name
        self.kind = kind
        self.help = help
        self.labels = labels
    }
}

// In the order in which they are shown.
extension Metric {
    static let buildInfo = Metric(
        "kiln_build_info",
        .gauge,
        "The program that answers; always 1.",
        labels: ["version"]
    )
    static let cpu = Metric("process_cpu_seconds_total", .counter, "CPU time of the process.")
    static let memory = Metric("process_resident_memory_bytes", .gauge, "Memory of the process.")
    static let openFiles = Metric("process_open_fds", .gauge, "Open file descriptors of the process.")
    static let wanted = Metric(
        "kiln_fleet_instances_wanted",
        .gauge,
        "Instances that the fleet's policy wants.",
        labels: ["fleet"]
    )
    static let serving = Metric(
        "kiln_fleet_instances_serving",
        .gauge,
        "Instances that run, and get requests where the fleet has a listener.",
        labels: ["fleet"]
    )
    static let instances = Metric(
        "kiln_instances",
        .gauge,
        "Instances by release and state: starting, running, draining, stopping, ended, missing.",
        labels: ["fleet", "release", "state"]
    )
    static let phase = Metric(
        "kiln_fleet_phase",
        .gauge,
        "1 for what the fleet is doing: steady, rolling, baking, rolling-back, paused, frozen, stopping, stopped.",
        labels: ["fleet", "phase"]
    )
    static let imageAge = Metric(
        "kiln_image_age_seconds",
        .gauge,
        "Since the newest content of the fleet's image was made; what was fixed later is not in it.",
        labels: ["fleet"]
    )
    static let patchLag = Metric(
        "kiln_patch_lag_seconds",
        .gauge,
        """
        Since Kiln first saw a newer version of a package than the fleet's image has; 0 when none is known, absent when nobody \
        asked its archives.
        """,
        labels: ["fleet"]
    )
    static let outdated = Metric(
        "kiln_outdated_packages",
        .gauge,
        "Packages of the fleet's image that a newer version is known of; absent when nobody asked its archives.",
        labels: ["fleet"]
    )
    static let patchCheck = Metric(
        "kiln_patch_check_timestamp_seconds",
        .gauge,
        "When the archives of the fleet's image were last asked, in seconds since 1970.",
        labels: ["fleet"]
    )
    static let rollouts = Metric(
        "kiln_rollouts_total",
        .counter,
        "Rollouts that ended: stable, rolled-back, stopped, frozen, degraded, untried, superseded.",
        labels: ["fleet", "outcome"]
    )
    static let rolloutDuration = Metric(
        "kiln_rollout_duration_seconds",
        .histogram,
        "From a rollout's start to its outcome.",
        labels: ["fleet"]
    )
    static let rolloutRunning = Metric(
        "kiln_rollout_running",
        .gauge,
        "1 while a rollout has no outcome yet, also while it is paused.",
        labels: ["fleet"]
    )
    static let requests = Metric(
        "kiln_balancer_requests_total",
        .counter,
        "Requests of clients since the balancer's worker was started.",
        labels: ["fleet"]
    )
    static let answers = Metric(
        "kiln_balancer_answers_total",
        .counter,
        "Answers to clients by class of status; 5xx are failed requests, the balancer's own among them.",
        labels: ["fleet", "code"]
    )
    static let instanceErrors = Metric(
        "kiln_balancer_instance_errors_total",
        .counter,
        "Connections to instances that failed (connect), and answers of theirs that broke off (response).",
        labels: ["fleet", "kind"]
    )
    static let certificateExpiry = Metric(
        "kiln_certificate_expiry_timestamp_seconds",
        .gauge,
        "Until when the certificate that a listener shows is valid, in seconds since 1970.",
        labels: ["fleet", "listener"]
    )
    static let driftFindings = Metric(
        "kiln_drift_findings",
        .gauge,
        "Differences between a fleet and its release that the newest comparison found.",
        labels: ["fleet", "kind"]
    )
    static let driftInspections = Metric(
        "kiln_drift_inspections_total",
        .counter,
        "Comparisons of a fleet with its release.",
        labels: ["fleet"]
    )
    static let replacement = Metric(
        "kiln_replacement_seconds",
        .histogram,
        "From an instance's end, or from when it was found unwell, to another one serving in its place.",
        labels: ["fleet"]
    )
    static let look = Metric(
        "kiln_controller_look_seconds",
        .histogram,
        "How long the controller takes for one look at a fleet."
    )
    static let lastLook = Metric(
        "kiln_controller_last_look_timestamp_seconds",
        .gauge,
        "When the controller last looked at a fleet, in seconds since 1970."
    )
    static let deliveries = Metric(
        "kiln_webhook_deliveries_total",
        .counter,
        "Attempts to deliver an event to a webhook: delivered, failed, given-up.",
        labels: ["fleet", "hook", "result"]
    )

    package static let all = [
        buildInfo, cpu, memory, openFiles, wanted, serving, instances, phase, imageAge,
        patchLag, outdated, patchCheck, rollouts, rolloutDuration,
        rolloutRunning, requests, answers, instanceErrors, certificateExpiry, driftFindings, driftInspections,
        replacement, look,
        lastLook, deliveries,
    ]
}
