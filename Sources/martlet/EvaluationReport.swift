import Foundation
import Quantizer
import Terminal

/// What was measured over some samples; only the task's own metrics are there.
struct EvaluationMetrics: Encodable {
    let samples: Int
    var correct: Int?
    var accuracy: Double?
    /// Samples labelled as anomalies.
    var positives: Int?
    /// The area under the ROC curve.
    var area: Double?
    var intervalLower: Double?
    var intervalUpper: Double?
    var top: TopReport?
    var meanAbsoluteError: Double?
    var rootMeanSquaredError: Double?
    var determination: Double?
    var confusion: [[Int]]?

    init(samples: Int) { self.samples = samples }

    /// The numbers that are there, by name.
    fileprivate var named: [String: Double] {
        [
            "accuracy": accuracy, "area": area, "intervalLower": intervalLower,
            "intervalUpper": intervalUpper, "meanAbsoluteError": meanAbsoluteError,
            "rootMeanSquaredError": rootMeanSquaredError, "determination": determination,
        ].compactMapValues { $0 }
    }

    /// The metrics in one line.
    var line: String {
        var parts: [String] = []
        if let accuracy, let correct {
            parts.append("accuracy \(accuracy.percent) (\(correct) of \(samples))")
        }
        if let positives {
            let found = area.map { String(format: "area %.4f", $0) } ?? "one kind only, no area"
            parts.append("\(found) (\(positives) anomalies of \(samples))")
        }
        if let intervalLower, let intervalUpper {
            parts.append("95 % interval \(intervalLower.percent) to \(intervalUpper.percent)")
        }
        if let top { parts.append("top \(top.count) \(top.accuracy.percent)") }
        if let meanAbsoluteError, let rootMeanSquaredError {
            parts.append(
                String(
                    format: "mean absolute error %.6g, root mean squared error %.6g",
                    meanAbsoluteError,
                    rootMeanSquaredError
                )
            )
            parts.append(determination.map { String(format: "R² %.4f", $0) } ?? "no R²")
        }
        return parts.joined(separator: ", ")
    }
}

/// How often the label is among the best classes.
struct TopReport: Encodable {
    let count: Int
    let correct: Int
    let accuracy: Double

    init(count: Int, hits: Int, samples: Int) {
        self.count = count
        correct = hits
        accuracy = Double(hits) / Double(max(samples, 1))
    }
}

/// The metrics of one slice.
struct SliceReport: Encodable {
    let name: String
    let metrics: EvaluationMetrics

    init(name: String, metrics: EvaluationMetrics) {
        self.name = name
        var metrics = metrics
        metrics.confusion = nil
        self.metrics = metrics
    }
}

/// A model compared with another on the same samples.
struct ComparisonReport: Encodable {
    /// The other model.
    var against = ""
    /// How much worse the model is: in share of the samples, in area, or in mean absolute error.
    let drop: Double
    let dropLower: Double?
    let dropUpper: Double?
    /// Samples that only the other model gets right.
    var referenceOnly: Int?
    /// Samples that only the model gets right.
    var candidateOnly: Int?
    /// McNemar's exact two-sided p-value.
    var exactPValue: Double?
    /// The share of samples on which both name the same class, in `0...1`.
    var agreement: Double?
    /// The metrics of the other model.
    let reference: EvaluationMetrics
    var gate: GateVerdict?

    init(drop: Double, interval: ConfidenceInterval?, reference: EvaluationMetrics) {
        self.drop = drop
        dropLower = interval?.lower
        dropUpper = interval?.upper
        var reference = reference
        reference.confusion = nil
        self.reference = reference
    }

    private enum CodingKeys: String, CodingKey {
        case against, drop, dropLower, dropUpper, referenceOnly, candidateOnly, exactPValue
        case agreement
        case reference, verdict, neededSamples
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(against, forKey: .against)
        try container.encode(drop, forKey: .drop)
        try container.encodeIfPresent(dropLower, forKey: .dropLower)
        try container.encodeIfPresent(dropUpper, forKey: .dropUpper)
        try container.encodeIfPresent(referenceOnly, forKey: .referenceOnly)
        try container.encodeIfPresent(candidateOnly, forKey: .candidateOnly)
        try container.encodeIfPresent(exactPValue, forKey: .exactPValue)
        try container.encodeIfPresent(agreement, forKey: .agreement)
        try container.encode(reference, forKey: .reference)
        try container.encodeIfPresent(gate?.name, forKey: .verdict)
        if case .inconclusive(let needed?) = gate {
            try container.encode(needed, forKey: .neededSamples)
        }
    }

    /// The comparison as lines for people.
    var lines: [String] {
        var lines = ["against \(against): \(reference.line)"]
        var line = String(format: "drop %.6g", drop)
        if let dropLower, let dropUpper {
            line += String(format: ", 95 %% interval %.6g to %.6g", dropLower, dropUpper)
        }
        if let referenceOnly, let candidateOnly, let exactPValue {
            line += "; right alone: the other \(referenceOnly), this \(candidateOnly); "
            line += String(format: "exact p %.4g", exactPValue)
        }
        lines.append(line)
        if let agreement { lines.append("agreement \(agreement.percent)") }
        if let gate { lines.append("gate: \(gate.name)") }
        return lines
    }
}

extension GateVerdict {
    /// The verdict's word in reports.
    var name: String {
        switch self {
        case .pass: "pass"
        case .fail: "fail"
        case .inconclusive: "inconclusive"
        }
    }
}

/// All that `evaluate` says; the metrics of all samples stand beside the rest.
struct EvaluationReport: Encodable {
    let task: EvaluationTaskKind
    let metrics: EvaluationMetrics
    var slices: [SliceReport]?
    var comparison: ComparisonReport?

    /// Larger tables do not fit a terminal.
    private static let confusionShownMax = 32

    init(task: EvaluationTaskKind, metrics: EvaluationMetrics) {
        self.task = task
        self.metrics = metrics
    }

    private enum CodingKeys: String, CodingKey {
        case task, slices, comparison
    }

    func encode(to encoder: any Encoder) throws {
        try metrics.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(task, forKey: .task)
        try container.encodeIfPresent(slices, forKey: .slices)
        try container.encodeIfPresent(comparison, forKey: .comparison)
    }

    /// The numbers by the names that they have in a bundle's metadata.
    var named: [String: Double] {
        var named = metrics.named
        named["samples"] = Double(metrics.samples)
        for (name, value) in comparison?.reference.named ?? [:] {
            named["float" + name.prefix(1).uppercased() + name.dropFirst()] = value
        }
        if let comparison {
            named["drop"] = comparison.drop
            named["dropLower"] = comparison.dropLower
            named["dropUpper"] = comparison.dropUpper
            named["agreement"] = comparison.agreement
        }
        return named
    }

    /// Prints the report for people.
    func show() {
        Console.printLine(metrics.line)
        if let confusion = metrics.confusion,
            confusion.count <= EvaluationReport.confusionShownMax
        {
            Console.printLine("confusion (rows: label, columns: prediction)")
            let header = [""] + confusion.indices.map(String.init)
            Console.printTable(
                [header]
                    + confusion.enumerated().map { [String($0)] + $1.map(String.init) }
            )
        }
        for slice in slices ?? [] {
            Console.printLine("slice \(slice.name): \(slice.metrics.line)")
        }
        for line in comparison?.lines ?? [] { Console.printLine(line) }
    }
}

extension Double {
    /// A share as a percentage with two decimals.
    fileprivate var percent: String { String(format: "%.2f %%", self * 100) }
}
