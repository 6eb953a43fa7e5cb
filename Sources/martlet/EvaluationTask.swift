import ArgumentParser
import Quantizer
import Terminal

/// What a model does, by its name on the command line.
enum EvaluationTaskKind: String, ExpressibleByArgument, CaseIterable, Encodable {
    case classification, anomaly, regression

    /// Reads the labels of a task.
    ///
    /// - Throws: `Failure` when they do not fit the samples.
    func make(
        labels path: String,
        results: ModelResults,
        topCount: Int?
    ) throws -> any EvaluationTask {
        let array = try NumpyArray(path: path)
        switch self {
        case .classification:
            let labels = try array.integers(place: path)
            return ClassificationTask(labels: labels, topCount: topCount)
        case .anomaly: return try AnomalyTask(labels: array.integers(place: path), path: path)
        case .regression: return try RegressionTask(array, sampleCount: results.outputs.count, path)
        }
    }
}

/// How the results of a model are measured.
protocol EvaluationTask {
    /// The number of labels, each of one sample or of several in a row.
    var labelCount: Int { get }

    /// The metrics over the labels at some places.
    func metrics(_ results: ModelResults, of places: [Int]) throws -> EvaluationMetrics

    /// How much worse the candidate is than the reference.
    func comparison(
        candidate: ModelResults,
        reference: ModelResults,
        maximalDrop: Double?
    ) throws -> ComparisonReport
}

/// The first class with the highest score, or the class that the model itself names.
struct ClassificationTask: EvaluationTask {
    /// Classes of a confusion table: its square is held in memory.
    static let classCountMax = 4_096

    let labels: [Int]
    let topCount: Int?

    var labelCount: Int { labels.count }

    func metrics(_ results: ModelResults, of places: [Int]) throws -> EvaluationMetrics {
        let predictions = try self.predictions(results)
        let evaluation = try ClassificationEvaluation(
            predictions: places.map { predictions[$0] },
            labels: places.map { labels[$0] },
            classCount: try classCount(results, predictions)
        )
        var metrics = EvaluationMetrics(samples: places.count)
        metrics.correct = evaluation.correctCount
        metrics.accuracy = evaluation.accuracy
        metrics.intervalLower = evaluation.accuracyInterval.lower
        metrics.intervalUpper = evaluation.accuracyInterval.upper
        metrics.confusion = evaluation.confusion
        guard let topCount else { return metrics }
        guard !results.isIndex else {
            throw Failure(.usage, "the model names one class, so there are no best \(topCount)")
        }
        let hits = places.count { place in
            TopClasses.contain(labels[place], in: results.outputs[place], count: topCount)
        }
        metrics.top = TopReport(count: topCount, hits: hits, samples: places.count)
        return metrics
    }

    func comparison(
        candidate: ModelResults,
        reference: ModelResults,
        maximalDrop: Double?
    ) throws -> ComparisonReport {
        let (theirs, ours) = (try predictions(reference), try predictions(candidate))
        let paired = try PairedComparison(
            reference: zip(theirs, labels).map { $0 == $1 },
            candidate: zip(ours, labels).map { $0 == $1 }
        )
        let places = Array(labels.indices)
        var report = ComparisonReport(
            drop: paired.drop,
            interval: paired.dropInterval,
            reference: try metrics(reference, of: places)
        )
        report.referenceOnly = paired.referenceOnlyCount
        report.candidateOnly = paired.candidateOnlyCount
        report.exactPValue = paired.exactPValue
        report.agreement = Double(zip(theirs, ours).count { $0 == $1 }) / Double(labels.count)
        report.gate = maximalDrop.map { paired.verdict(maximalDrop: $0) }
        return report
    }

    /// The predicted class of each sample; one for each label.
    private func predictions(_ results: ModelResults) throws -> [Int] {
        guard results.outputs.count == labels.count, !labels.isEmpty else {
            throw EvaluationError.countMismatch(
                predictions: results.outputs.count,
                labels: labels.count
            )
        }
        return results.outputs.map { scores in
            if results.isIndex { return scores.first.flatMap { Int(exactly: $0) } ?? -1 }
            var best = 0
            for index in scores.indices where scores[index] > scores[best] { best = index }
            return best
        }
    }

    private func classCount(_ results: ModelResults, _ predictions: [Int]) throws -> Int {
        let count =
            results.isIndex
            ? max(labels.max() ?? 0, predictions.max() ?? 0, 0) + 1 : results.outputs[0].count
        guard count <= ClassificationTask.classCountMax else {
            throw Failure(
                .usage,
                "there are \(count) classes, more than \(ClassificationTask.classCountMax)",
                help: "give labels from 0 on, and the scores of one sample at a time"
            )
        }
        return count
    }
}

/// The mean squared error between input and output as a score of strangeness.
struct AnomalyTask: EvaluationTask {
    private let labels: [Bool]

    var labelCount: Int { labels.count }

    init(labels: [Int], path: String) throws {
        guard labels.allSatisfy({ $0 == 0 || $0 == 1 }) else {
            throw Failure(.usage, "labels of anomalies are 1, others 0", place: path)
        }
        self.labels = labels.map { $0 == 1 }
    }

    func metrics(_ results: ModelResults, of places: [Int]) throws -> EvaluationMetrics {
        var metrics = EvaluationMetrics(samples: places.count)
        metrics.positives = places.count { labels[$0] }
        let scores = try scores(results)
        // A slice may hold samples of one kind only, which have no area.
        guard metrics.positives != 0, metrics.positives != places.count else { return metrics }
        let ranking = try RankingEvaluation(
            scores: places.map { scores[$0] },
            labels: places.map { labels[$0] }
        )
        metrics.area = ranking.area
        metrics.intervalLower = ranking.areaInterval?.lower
        metrics.intervalUpper = ranking.areaInterval?.upper
        return metrics
    }

    func comparison(
        candidate: ModelResults,
        reference: ModelResults,
        maximalDrop: Double?
    ) throws -> ComparisonReport {
        let own = try RankingEvaluation(scores: try scores(candidate), labels: labels)
        let other = try RankingEvaluation(scores: try scores(reference), labels: labels)
        var report = ComparisonReport(
            drop: other.area - own.area,
            interval: other.dropInterval(to: own),
            reference: try metrics(reference, of: Array(labels.indices))
        )
        report.gate = maximalDrop.flatMap { other.verdict(candidate: own, maximalDrop: $0) }
        return report
    }

    /// One score a label: the mean over the samples in a row that belong to it.
    private func scores(_ results: ModelResults) throws -> [Double] {
        let errors = results.reconstructionErrors
        guard errors.count == results.outputs.count else {
            throw Failure(.usage, "the model's first output is not of its first input's size")
        }
        guard !labels.isEmpty, !errors.isEmpty, errors.count % labels.count == 0 else {
            throw EvaluationError.countMismatch(predictions: errors.count, labels: labels.count)
        }
        let size = errors.count / labels.count
        return labels.indices.map { label in
            errors[label * size..<(label + 1) * size].reduce(0, +) / Double(size)
        }
    }
}

/// The output's elements as predictions of numbers.
struct RegressionTask: EvaluationTask {
    private let truths: [[Float]]

    var labelCount: Int { truths.count }

    init(_ array: NumpyArray, sampleCount: Int, _ path: String) throws {
        let values = try array.reals ?? array.integers(place: path).map { Float($0) }
        guard sampleCount > 0, !values.isEmpty, values.count % sampleCount == 0 else {
            throw EvaluationError.countMismatch(predictions: sampleCount, labels: values.count)
        }
        let width = values.count / sampleCount
        truths = stride(from: 0, to: values.count, by: width).map { start in
            Array(values[start..<start + width])
        }
    }

    func metrics(_ results: ModelResults, of places: [Int]) throws -> EvaluationMetrics {
        guard results.outputs.count == truths.count else {
            throw EvaluationError.countMismatch(
                predictions: results.outputs.count,
                labels: truths.count
            )
        }
        let evaluation = try RegressionEvaluation(
            predictions: places.map { results.outputs[$0] },
            truths: places.map { truths[$0] }
        )
        var metrics = EvaluationMetrics(samples: places.count)
        metrics.meanAbsoluteError = evaluation.meanAbsoluteError
        metrics.rootMeanSquaredError = evaluation.rootMeanSquaredError
        metrics.determination = evaluation.determination
        return metrics
    }

    func comparison(
        candidate: ModelResults,
        reference: ModelResults,
        maximalDrop: Double?
    ) throws -> ComparisonReport {
        let own = try RegressionEvaluation(predictions: candidate.outputs, truths: truths)
        let other = try RegressionEvaluation(predictions: reference.outputs, truths: truths)
        var report = ComparisonReport(
            drop: own.meanAbsoluteError - other.meanAbsoluteError,
            interval: other.riseInterval(to: own),
            reference: try metrics(reference, of: Array(truths.indices))
        )
        report.gate = maximalDrop.flatMap { other.verdict(candidate: own, maximalRise: $0) }
        return report
    }
}
