/// The keys of a step's analysis.
enum AnalysisKeys {
    static let shape = Shape(
        "analysis",
        help: """
            How the new release is compared with instances of the stable one that start with it, by what the fleet's balancer \
            counts of both. `true` stands for the defaults. Found worse too often, it is rolled back; where nobody can tell, a \
            person decides.
            """,
        blank: AnalysisDefinition(),
        fields: [
            .standard(
                "error_rate",
                \.errorRate,
                .percentage,
                help: """
                    How many more of a hundred requests may fail (with a status of 500 or above, or without an answer) than of \
                    the stable release's.
                    """,
                example: "1%"
            ),
            .standard(
                "latency",
                \.latency,
                .factor,
                help: "How many times the stable release's mean time to an answer it may take.",
                example: "1.5x"
            ),
            .standard(
                "min_requests",
                \.minRequests,
                .number("number of requests", in: 1...1_000_000),
                help: "How many requests each side must have had; with fewer a measurement goes on.",
                example: "100"
            ),
            .standard(
                "failures",
                \.failures,
                .number("number of measurements", in: 0...100),
                help: "How many measurements may find it worse; one more ends it.",
                example: "1"
            ),
            .standard(
                "interval",
                \.interval,
                .positiveDuration,
                help: "How far measurements lie apart.",
                example: "10s"
            ),
        ]
    )
}
