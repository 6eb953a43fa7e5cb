import ArgumentParser
import ModelGraph
import Quantizer
import Terminal

/// How a float model is made integer.
struct QuantizationOptions: ParsableArguments {
    @Option(
        name: .customLong("calibration"),
        help: "Float samples for every input of a float model, in order, or NAME=FILE."
    )
    var files: [String] = []

    @Option(help: "How ranges are chosen: mse, min-max, or a percentage of values such as 99.99.")
    var ranges = RangeOption(method: .meanSquaredError)

    @Flag(inversion: .prefixedNo, help: "Equalize the channels of neighbouring layers.")
    var equalization = false

    @Flag(inversion: .prefixedNo, help: "Correct biases where the outputs gain by it.")
    var biasCorrection = true

    @Option(help: "The classes of the calibration samples, to find those that are missing.")
    var calibrationLabels: String?

    @Flag(help: "Refuse (exit 6) data with findings that spoil the result.")
    var strictData = false

    @OptionGroup var preprocessing: PreprocessingOptions

    var scheme: Scheme { Scheme(rangeMethod: ranges.method, correctsBiases: biasCorrection) }

    /// Refuses options that mean nothing without calibration.
    ///
    /// - Throws: `ValidationError`.
    func check() throws {
        guard files.isEmpty else { return }
        guard !strictData, calibrationLabels == nil, !preprocessing.isGiven else {
            throw ValidationError(
                "--strict-data, --calibration-labels, --preprocessing and the --input options "
                    + "need --calibration"
            )
        }
    }

    /// The options by name, for the record; empty without calibration.
    var record: [String: String] {
        guard !files.isEmpty else { return [:] }
        return [
            "ranges": ranges.method.name, "equalization": String(equalization),
            "biasCorrection": String(biasCorrection),
        ]
    }
}

/// A range method on the command line.
struct RangeOption: ExpressibleByArgument, Sendable {
    let method: RangeMethod

    init(method: RangeMethod) { self.method = method }

    init?(argument: String) {
        switch argument {
        case "mse": method = .meanSquaredError
        case "min-max": method = .minMax
        default:
            guard let percent = Double(argument), (50...100).contains(percent) else { return nil }
            method = .percentile(share: percent / 100)
        }
    }

    var defaultValueDescription: String { method == .meanSquaredError ? "mse" : method.name }
}

/// A float model made integer on calibration samples.
struct CalibratedModel {
    let graph: QuantizedGraph
    private(set) var report: QualityReport
    /// The float model that takes raw data: the truth to compare with.
    let float: Graph
    /// What callers give at each input, where it was declared.
    let rawInputs: [RawInput?]
    let calibrationFiles: [String]

    /// Prepares, calibrates and quantizes a float graph.
    ///
    /// - Parameters:
    ///   - imported: the imported graph.
    ///   - options: the samples, and how.
    ///   - validation: the samples that will judge the result, to find overlaps; may be empty.
    ///   - labels: their classes, where they are known.
    /// - Throws: `Failure` or an error of the quantizer, which say what stands in the way.
    init(
        _ imported: Graph,
        _ options: QuantizationOptions,
        validation: [String],
        labels: String?
    ) throws {
        let preprocessed = try options.preprocessing.prepend(to: imported)
        float = preprocessed.graph
        rawInputs = preprocessed.inputs
        let given = try FloatSamples(paths: options.files, graph: float, raw: rawInputs)
        calibrationFiles = given.paths
        let judging =
            validation.isEmpty
            ? nil : try FloatSamples(paths: validation, graph: float, raw: rawInputs)
        var check = try DataCheck(
            given,
            judging: judging,
            model: preprocessed,
            options: DataOptions(
                strictData: options.strictData,
                labels: labels,
                calibrationLabels: options.calibrationLabels
            )
        )
        try check.settle()
        let prepared = try prepareForQuantization(float, equalizes: options.equalization)
            .preceded(by: preprocessed.decisions)
        var progress = ProgressBar("calibrate", total: given.samples.count)
        let table = try calibrate(
            prepared.graph,
            samples: given.samples,
            options: CalibrationOptions { progress.update($0) }
        )
        try given.check()
        Console.note("quantize \(prepared.graph.nodes.count) nodes")
        (graph, report) = try quantize(prepared, calibration: table, scheme: options.scheme)
        check.add(report)
        try check.settle()
        report.dataFindings = check.findings
    }
}
