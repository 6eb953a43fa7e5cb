import ArgumentParser
import Foundation
import Quantizer
import Terminal

/// Measures a model on labelled samples, alone or against another model.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure a model on labelled samples, alone or against another model.",
        discussion: """
            Classification gives accuracy and confusion, anomaly detection the area under the ROC \
            curve of the mean squared error between input and output, regression mean absolute \
            error, root mean squared error and R². Intervals hold at 95 %. Against another model \
            the same samples are compared pairwise; --max-drop turns that into a gate. Without \
            labels the raw outputs of both are compared, such as those of a detector.
            """
    )

    @Argument(
        help: "A bundle, or a model; a float model is computed in floating point."
    )
    var model: String

    @Option(name: .customLong("inputs"), help: "An array for each input, in order, or NAME=FILE.")
    var inputs: [String]

    @Option(
        help: """
            The truth: a class a sample; for anomaly 1 or 0, of a sample or of as many samples in \
            a row as there are for each label; for regression the output's elements.
            """
    )
    var labels: String?

    @Option(help: "What the model does: classification, anomaly or regression.")
    var task: EvaluationTaskKind = .classification

    @Option(name: .customLong("top-k"), help: "Also count labels among the best K classes.")
    var topCount: Int?

    @Option(help: "Measure slices apart: an array of integers or a text file, one mark a label.")
    var slices: String?

    @Option(help: "The model to compare with, for example the float original.")
    var against: String?

    @Option(
        name: .customLong("against-inputs"),
        help: "Its arrays, when they are not those of MODEL."
    )
    var againstInputs: [String] = []

    @OptionGroup var gate: GateOptions

    @OptionGroup(title: "Raw data of a float model") var preprocessing: PreprocessingOptions

    @Flag(help: "Print the result as JSON.")
    var json = false

    @OptionGroup var options: ModelOptions
    @OptionGroup var trust: TrustOptions

    func validate() throws {
        guard topCount.map({ $0 >= 1 && task == .classification }) ?? true else {
            throw ValidationError("--top-k takes a count from 1 on, with --task classification")
        }
        guard labels != nil || against != nil && gate.maxDrop == nil && slices == nil else {
            throw ValidationError("give --labels, or --against alone to compare raw outputs")
        }
        try gate.check()
        guard gate.maxDrop == nil || against != nil else {
            throw ValidationError("--max-drop needs --against")
        }
        guard againstInputs.isEmpty || against != nil else {
            throw ValidationError("--against-inputs needs --against")
        }
    }

    mutating func run() throws {
        guard let labels else { return try compareOutputs() }
        let results = try ModelResults(
            path: model,
            inputs: inputs,
            options: options,
            trust: trust,
            preprocessing: preprocessing
        )
        let task = try task.make(labels: labels, results: results, topCount: topCount)
        var report = EvaluationReport(
            task: self.task,
            metrics: try task.metrics(results, of: Array(0..<task.labelCount))
        )
        if let slices {
            let marks = try SliceMarks.read(slices)
            report.slices = try SampleSlices(marks: marks, sampleCount: task.labelCount).slices
                .map {
                    SliceReport(name: $0.name, metrics: try task.metrics(results, of: $0.samples))
                }
        }
        if let against {
            let arrays = againstInputs.isEmpty ? inputs : againstInputs
            let other = try ModelResults(
                path: against,
                inputs: arrays,
                options: options,
                trust: trust,
                preprocessing: preprocessing
            )
            report.comparison = try task.comparison(
                candidate: results,
                reference: other,
                maximalDrop: gate.maxDrop
            )
            report.comparison?.against = against
        }
        json ? try Console.printJSON(report) : report.show()
        try gate.check(report.comparison)
    }

    /// Compares the raw outputs of the model with those of the other.
    private func compareOutputs() throws {
        let results = try modelResults(model, inputs)
        let other = try modelResults(
            against ?? model,
            againstInputs.isEmpty ? inputs : againstInputs
        )
        let comparisons = try OutputComparison.all(results, against: other)
        if json { return try Console.printJSON(comparisons) }
        for comparison in comparisons { Console.printLine(comparison.line) }
    }

    private func modelResults(_ path: String, _ arrays: [String]) throws -> ModelResults {
        try ModelResults(
            path: path,
            inputs: arrays,
            options: options,
            trust: trust,
            preprocessing: preprocessing,
            keepsTensors: true
        )
    }
}

/// The marks by which samples are sliced.
enum SliceMarks {
    /// Text files hold a mark a line.
    static let fileSizeMax = 100_000_000

    /// Reads an array of integers, or a text file with one mark a line.
    static func read(_ path: String) throws -> [String] {
        if path.hasSuffix(".npy") || path.contains(".npz") {
            return try NumpyArray(path: path).integers(place: path).map(String.init)
        }
        let bytes = try InputFile.read(path, limitBytes: fileSizeMax)
        var lines = String(decoding: bytes, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.trimmingCharacters(in: .whitespaces) }
        if lines.last == "" { lines.removeLast() }
        return lines
    }
}
