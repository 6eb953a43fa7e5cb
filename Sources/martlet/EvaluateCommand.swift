import ArgumentParser
import Foundation
import InferenceRuntime
import Quantizer
import Terminal

/// Measures a classifier on labelled samples.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract:
            "Measure a classifier's accuracy, with a confidence interval and a confusion table."
    )

    @Argument(help: "A bundle, or a model that is already int8.")
    var model: String

    @Option(name: .customLong("inputs"), help: "An array for each input, in order, or NAME=FILE.")
    var inputs: [String]

    @Option(help: "The true classes, one integer a sample.")
    var labels: String

    @Flag(help: "Print the result as JSON.")
    var json = false

    @OptionGroup var trust: TrustOptions

    mutating func run() throws {
        let runnable = try RunnableModel(path: model, trust: trust)
        let samples = try ModelSamples(paths: inputs, model: runnable.model)
        var progress = ProgressBar("evaluate", total: samples.count)
        let classifier = try Classifier(runnable.model)
        let predictions = (0..<samples.count).map { index in
            defer { progress.update(index + 1) }
            // A label belongs to a sample alone, whatever was seen before it.
            runnable.model.resetState()
            return classifier.predict(runnable.model.infer(samples[index]))
        }
        let evaluation = try ClassificationEvaluation(
            predictions: predictions,
            labels: NumpyArray(path: labels).integers(place: labels),
            classCount: classifier.classCount
        )
        json ? try Console.printJSON(AccuracyReport(evaluation)) : show(evaluation)
    }

    private func show(_ evaluation: ClassificationEvaluation) {
        let interval = evaluation.accuracyInterval
        let percent = { (value: Double) in String(format: "%.2f %%", value * 100) }
        Console.printLine(
            "accuracy \(percent(evaluation.accuracy)) (\(evaluation.correctCount) of "
                + "\(evaluation.sampleCount)), 95 % interval \(percent(interval.lower)) to "
                + percent(interval.upper)
        )
        guard evaluation.confusion.count <= 32 else { return }
        Console.printLine("confusion (rows: label, columns: prediction)")
        let header = [""] + evaluation.confusion.indices.map(String.init)
        Console.printTable(
            [header]
                + evaluation.confusion.enumerated().map { label, row in
                    [String(label)] + row.map(String.init)
                }
        )
    }
}

/// An accuracy as programs read it.
struct AccuracyReport: Codable {
    let samples: Int
    let correct: Int
    let accuracy: Double
    let intervalLower: Double
    let intervalUpper: Double
    let confusion: [[Int]]

    init(_ evaluation: ClassificationEvaluation) {
        samples = evaluation.sampleCount
        correct = evaluation.correctCount
        accuracy = evaluation.accuracy
        intervalLower = evaluation.accuracyInterval.lower
        intervalUpper = evaluation.accuracyInterval.upper
        confusion = evaluation.confusion
    }
}

/// Reads the predicted class off a model's first output.
struct Classifier {
    let classCount: Int
    private let type: ElementType

    init(_ model: HostModel) throws {
        let port = model.program.output(0)
        type = port.type
        switch port.type {
        case .int8, .uint8: classCount = port.elementCount
        case .int32 where port.elementCount == 1, .int64 where port.elementCount == 1:
            classCount = 65_536
        default:
            throw Failure(.usage, "the first output is not that of a classifier")
        }
    }

    /// The first class with the largest stored score, or the index that the model itself gives.
    func predict(_ outputs: [[UInt8]]) -> Int {
        let bytes = outputs[0]
        switch type {
        case .int8: return Classifier.argMax(bytes.map { Int8(bitPattern: $0) })
        case .uint8: return Classifier.argMax(bytes)
        default:
            return bytes.prefix(4).enumerated().reduce(0) {
                $0 | Int($1.element) << (8 * $1.offset)
            }
        }
    }

    private static func argMax<T: Comparable>(_ scores: [T]) -> Int {
        var best = 0
        for index in scores.indices where scores[index] > scores[best] { best = index }
        return best
    }
}
