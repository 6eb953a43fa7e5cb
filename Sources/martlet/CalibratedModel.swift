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

    @Option(
        help: "How ranges are chosen: auto, mse, min-max, or a percentage of values such as 99.99."
    )
    var ranges = RangeOption(methods: SearchSpace().rangeMethods)

    @Option(
        help: """
            How channels are evened out: auto, none, weights (between layers), or activations \
            (between a tensor and the weights that read it).
            """
    )
    var equalization = EqualizationOption(choices: SearchSpace.Equalization.allCases)

    @Flag(inversion: .prefixedNo, help: "Correct biases where the outputs gain by it.")
    var biasCorrection = true

    var space: SearchSpace {
        SearchSpace(
            equalizations: equalization.choices,
            rangeMethods: ranges.methods,
            correctsBiases: biasCorrection
        )
    }

    @Option(help: "The classes of the calibration samples, to find those that are missing.")
    var calibrationLabels: String?

    @Flag(help: "Refuse (exit 6) data with findings that spoil the result.")
    var strictData = false

    @OptionGroup var preprocessing: PreprocessingOptions

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
            "ranges": ranges.description, "equalization": equalization.description,
            "biasCorrection": String(biasCorrection),
        ]
    }
}

/// Range methods on the command line.
struct RangeOption: ExpressibleByArgument, Sendable, CustomStringConvertible {
    let methods: [RangeMethod]

    init(methods: [RangeMethod]) { self.methods = methods }

    init?(argument: String) {
        switch argument {
        case "auto": methods = SearchSpace().rangeMethods
        case "mse": methods = [.meanSquaredError]
        case "min-max": methods = [.minMax]
        default:
            guard let percent = Double(argument), (50...100).contains(percent) else { return nil }
            methods = [.percentile(share: percent / 100)]
        }
    }

    var description: String { methods.count == 1 ? methods[0].name : "auto" }
    var defaultValueDescription: String { description }
}

/// Equalizations on the command line.
struct EqualizationOption: ExpressibleByArgument, Sendable, CustomStringConvertible {
    let choices: [SearchSpace.Equalization]

    init(choices: [SearchSpace.Equalization]) { self.choices = choices }

    init?(argument: String) {
        if argument == "auto" {
            choices = SearchSpace.Equalization.allCases
        } else {
            guard let one = SearchSpace.Equalization(rawValue: argument) else { return nil }
            choices = [one]
        }
    }

    var description: String { choices.count == 1 ? choices[0].rawValue : "auto" }
    var defaultValueDescription: String { description }

    static let allValueStrings = ["auto"] + SearchSpace.Equalization.allCases.map(\.rawValue)
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
        var progress = ProgressBar("calibrate", total: given.samples.count)
        (graph, report) = try quantizeFaithfully(
            float,
            samples: given.samples,
            space: options.space,
            options: CalibrationOptions { progress.update($0) }
        )
        try given.check()
        report.decisions = preprocessed.decisions + report.decisions
        check.add(report)
        try check.settle()
        report.dataFindings = check.findings
    }
}
