import ArgumentParser
import Foundation
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

    @Flag(inversion: .prefixedNo, help: "Round weights by what their inputs are, where that gains.")
    var compensatedRounding = true

    @Option(
        help: """
            Activations with 16 bits: never, needed (until --max-drop holds), or until the scores \
            have this signal to noise in decibels.
            """
    )
    var mixedPrecision = MixedPrecision.needed

    @Option(help: "The bits of the weights, 8 or 4; the first and the last layer keep 8.")
    var weightBits = WeightBitsOption.eight

    @Option(help: "The classes of the calibration samples, to find those that are missing.")
    var calibrationLabels: String?

    @Flag(help: "Refuse (exit 6) data with findings that spoil the result.")
    var strictData = false

    @OptionGroup var preprocessing: PreprocessingOptions

    var space: SearchSpace {
        SearchSpace(
            equalizations: equalization.choices,
            rangeMethods: ranges.methods,
            correctsBiases: biasCorrection,
            compensatesRounding: compensatedRounding,
            weightBits: weightBits.bits
        )
    }

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
            "compensatedRounding": String(compensatedRounding),
            "mixedPrecision": mixedPrecision.description,
            "weightBits": weightBits.rawValue,
        ]
    }
}

/// The bits of weights on the command line.
enum WeightBitsOption: String, ExpressibleByArgument, CaseIterable {
    case eight = "8"
    case four = "4"

    var bits: Scheme.WeightBits { self == .four ? .four : .eight }
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

/// When activations get 16 bits.
enum MixedPrecision: ExpressibleByArgument, Sendable, Hashable, CustomStringConvertible {
    case never, needed
    /// Until the scores have this signal to noise.
    case decibels(Double)

    init?(argument: String) {
        switch argument {
        case "never": self = .never
        case "needed": self = .needed
        default:
            guard let number = Double(argument), (0...120).contains(number) else { return nil }
            self = .decibels(number)
        }
    }

    var description: String {
        switch self {
        case .never: "never"
        case .needed: "needed"
        case .decibels(let number): "\(number) dB"
        }
    }

    var defaultValueDescription: String { description }
}

/// A float model made integer on calibration samples.
struct CalibratedModel {
    private(set) var graph: QuantizedGraph
    private(set) var report: QualityReport
    private let calibrated: CalibratedGraph
    private let decisions: [Decision]
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
        calibrated = try CalibratedGraph(
            float,
            samples: given.samples,
            space: options.space,
            options: CalibrationOptions { progress.update($0) }
        )
        try given.check()
        decisions = preprocessed.decisions
        Console.note("quantize \(calibrated.graph.nodes.count) nodes")
        if case .decibels(let aim) = options.mixedPrecision {
            (graph, report) = try calibrated.quantized(toSignalToNoise: aim)
        } else {
            (graph, report) = try calibrated.quantized()
        }
        check.add(report)
        try check.settle()
        report.dataFindings = check.findings
        report.precede(by: decisions)
        warnOfNoise()
    }

    /// Below this signal to noise decisions near a boundary begin to differ from the float model's.
    private static let decibelsAdvised = 20.0

    /// Names the worst layer of a model whose scores lose much, and what to try.
    private func warnOfNoise() {
        guard let decibels = report.scoreSignalToNoise, decibels < Self.decibelsAdvised,
            let worst = report.suggestions.first
        else { return }
        Console.note(
            String(format: "warning: the scores keep only %.1f dB; ", decibels)
                + "'\(worst.node)' adds most of the noise: \(worst.finding)"
        )
        Console.note("help: \(worst.remedy), or --mixed-precision 30; --report shows all layers")
    }

    /// The model with as many activations of 16 bits as the scores need for a signal to noise.
    ///
    /// - Throws: an error of the quantizer.
    func promoted(toSignalToNoise decibels: Double) throws -> CalibratedModel {
        var model = self
        (model.graph, model.report) = try calibrated.quantized(toSignalToNoise: decibels)
        model.report.dataFindings = report.dataFindings
        model.report.precede(by: decisions)
        return model
    }
}
