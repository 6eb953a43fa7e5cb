import Foundation
import Quantizer
import Terminal

/// How far one output of a model is from that of another, over all samples: raw tensors, such as
/// the boxes and scores of a detector.
struct OutputComparison: Encodable {
    let output: Int
    let elements: Int
    let meanAbsoluteError: Double
    let largestError: Double
    /// Signal to noise against the other model; absent when there is no error.
    let signalToNoiseDecibels: Double?

    /// Compares two models output by output.
    ///
    /// - Throws: `Failure` when they do not have outputs of the same sizes on as many samples.
    static func all(
        _ model: ModelResults,
        against other: ModelResults
    ) throws -> [OutputComparison] {
        guard let first = model.tensors.first, model.tensors.count == other.tensors.count,
            zip(model.tensors, other.tensors).allSatisfy({ $0.map(\.count) == $1.map(\.count) })
        else {
            throw Failure(
                .usage,
                "the models have outputs of different sizes, or saw different numbers of samples",
                help: "give the model that the other was made of"
            )
        }
        return first.indices.map { output in
            OutputComparison(
                output,
                zip(model.tensors, other.tensors).map { ($0[output], $1[output]) }
            )
        }
    }

    private init(_ output: Int, _ pairs: [(own: [Float], truth: [Float])]) {
        var (signal, noise, absolute, largest, count) = (0.0, 0.0, 0.0, 0.0, 0)
        for (own, truth) in pairs {
            for (value, expected) in zip(own, truth) {
                let error = Double(value) - Double(expected)
                signal += Double(expected) * Double(expected)
                noise += error * error
                absolute += abs(error)
                largest = max(largest, abs(error))
            }
            count += own.count
        }
        self.output = output
        elements = pairs.first?.own.count ?? 0
        meanAbsoluteError = count > 0 ? absolute / Double(count) : 0
        largestError = largest
        signalToNoiseDecibels = noise > 0 && signal > 0 ? 10 * log10(signal / noise) : nil
    }

    /// The comparison in one line.
    var line: String {
        let decibels = signalToNoiseDecibels.map { String(format: "%.1f dB", $0) } ?? "no error"
        return String(
            format: "output %d (%d elements): %@, mean absolute error %.6g, largest %.6g",
            output,
            elements,
            decibels,
            meanAbsoluteError,
            largestError
        )
    }
}
