import ModelGraph
import Quantizer
import Terminal

/// What is suspicious about the data of a build, gathered as the build learns it.
struct DataCheck {
    private(set) var findings: [DataFinding] = []
    /// Whether findings of severity error end the build.
    private let isStrict: Bool

    /// Looks at the samples before they are used.
    ///
    /// - Parameters:
    ///   - calibration: the calibration samples.
    ///   - judging: the samples that accuracy is measured on, where there are any.
    ///   - model: the float graph that takes raw data.
    ///   - options: the labels of the samples, and whether to be strict.
    /// - Throws: `Failure` for samples that cannot be used.
    init(
        _ calibration: FloatSamples,
        judging: FloatSamples?,
        model: PreprocessedGraph,
        options: DataOptions
    ) throws {
        isStrict = options.strictData
        let lint = try calibration.lint(
            role: "calibration",
            graph: model.graph,
            raw: model.inputs
        )
        guard !lint.isConstant else {
            throw Failure(
                .usage,
                "every calibration sample is constant",
                place: calibration.paths.joined(separator: ", "),
                help: "give samples like those that the model will see"
            )
        }
        let other = try judging?.lint(role: "validation", graph: model.graph, raw: model.inputs)
        add(calibration.typeFindings(role: "calibration") + lint.findings(against: other))
        if let judging, let other {
            // Few or repeated validation samples widen the interval of the accuracy, which says so.
            add(
                judging.typeFindings(role: "validation")
                    + other.findings().filter { $0.kind != .tooFewSamples }
            )
        }
        try addClasses(options, sampleCount: lint.sampleCount)
    }

    private mutating func addClasses(_ options: DataOptions, sampleCount: Int) throws {
        let needed = try options.labels.map { try NumpyArray(path: $0).integers(place: $0) } ?? []
        add(ClassLint.findings(needed, role: "validation"))
        guard let path = options.calibrationLabels else { return }
        let labels = try NumpyArray(path: path).integers(place: path)
        guard labels.count == sampleCount else {
            throw Failure(
                .usage,
                "there are \(labels.count) labels for \(sampleCount) calibration samples",
                place: path
            )
        }
        add(ClassLint.findings(labels, role: "calibration", needed: needed))
    }

    /// Adds what calibration and quantization showed.
    mutating func add(_ report: QualityReport) { add(report.rangeFindings) }

    private mutating func add(_ more: [DataFinding]) {
        for finding in more {
            Console.note("\(finding.severity == .note ? "note" : "warning"): \(finding)")
        }
        findings += more
    }

    /// Ends a strict build.
    ///
    /// - Throws: `Failure` with status `gate` when a finding is of severity error.
    func settle() throws {
        let errors = findings.filter { $0.severity == .error }
        guard isStrict, let first = errors.first else { return }
        throw Failure(
            .gate,
            "\(errors.count) finding(s) about the data are errors: \(first.message)",
            place: first.place,
            help: first.advice
        )
    }
}

/// What is known of the data of a build besides the samples.
struct DataOptions {
    var strictData = false
    var labels: String?
    var calibrationLabels: String?
}
