import ModelGraph
import Quantizer
import Terminal

/// A classifier in float and in integers on the same labelled samples.
struct FloatComparison {
    let float: ClassificationEvaluation
    /// The share of samples on which both predict the same class, in `0...1`.
    let agreement: Double
    /// Samples that only the float model has right, and those that only the integer model has.
    let lostCount: Int, wonCount: Int

    /// How much accuracy the integers cost, a share of the samples; negative when they gain.
    var drop: Double { Double(lostCount - wonCount) / Double(float.sampleCount) }

    /// Runs the float model over the validation samples.
    ///
    /// - Parameters:
    ///   - graph: the float model.
    ///   - samples: the validation samples.
    ///   - labels: their classes, as many as there are samples.
    ///   - predictions: what the integer model predicts for them.
    ///   - classCount: the number of classes.
    /// - Throws: `EvaluationError` when counts differ, `InterpreterError` for the float model.
    init(
        _ graph: Graph,
        samples: FloatSamples,
        labels: [Int],
        predictions: [Int],
        classCount: Int
    ) throws {
        let interpreter = try ReferenceInterpreter(graph)
        var progress = ProgressBar("float reference", total: samples.samples.count)
        var truths: [Int] = []
        for sample in samples.samples {
            let scores = try interpreter.run(sample).first?.values ?? []
            truths.append(scores.indices.reduce(0) { scores[$1] > scores[$0] ? $1 : $0 })
            progress.update(truths.count)
        }
        float = try ClassificationEvaluation(
            predictions: truths,
            labels: labels,
            classCount: classCount
        )
        let pairs = zip(truths, predictions)
        agreement = Double(pairs.count { $0 == $1 }) / Double(max(1, truths.count))
        let right = zip(pairs, labels).map { ($0.0 == $1, $0.1 == $1) }
        lostCount = right.count { $0.0 && !$0.1 }
        wonCount = right.count { !$0.0 && $0.1 }
    }
}
