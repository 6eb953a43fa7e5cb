import BundleFormat
import Foundation
import InferenceRuntime
import ModelGraph
import Planner
import Quantizer
import Terminal

/// What a build knows, put together for the quality report.
struct BuildReport {
    private let assembly: BundleAssembly
    private let runnable: HostModel
    private let image: [UInt8]
    private let bundleBytes: Int
    /// Why no bundle is written.
    var refusal: (any Error)?

    /// Makes a report of what went into a bundle, and of the bundle.
    init(_ assembly: BundleAssembly, _ runnable: HostModel, image: [UInt8], bundle: [UInt8]) {
        self.assembly = assembly
        self.runnable = runnable
        self.image = image
        bundleBytes = bundle.count
    }

    private var command: BuildCommand { assembly.command }
    private var planned: PlannedProgram { assembly.file.planned }

    /// The quantizer's report with what the build added.
    ///
    /// - Parameter measuresLatency: whether to run the model against a clock.
    /// - Returns: `nil` for a model that came as integers.
    func quality(measuresLatency: Bool) -> QualityReport? {
        guard let calibrated = assembly.file.calibrated else { return nil }
        var report = calibrated.report
        report.deployment = QualityReport.Deployment(
            name: command.name,
            version: command.version,
            model: URL(filePath: command.model).lastPathComponent,
            target: assembly.target.name,
            targetDescription: assembly.target.description,
            contentID: Sodium.blake2b(image).hexadecimal,
            refusal: refusal.map(BuildReport.text),
            gates: gates,
            evaluation: evaluation,
            sizes: sizes(calibrated.float),
            arena: QualityReport.Arena(planned.arenaPlan),
            latency: measuresLatency ? QualityReport.Latency(timing: runnable) : nil
        )
        return report
    }

    private static func text(_ error: any Error) -> String {
        (error as? Failure)?.what ?? "\(error)"
    }

    private var evaluation: QualityReport.Evaluation? {
        guard let measured = assembly.evaluation,
            let (metric, integer) = measured.metrics.leading
        else { return nil }
        var evaluation = QualityReport.Evaluation(
            metric: metric,
            sampleCount: measured.metrics.samples,
            integer: integer,
            confusion: measured.metrics.confusion
        )
        guard let comparison = measured.comparison else { return evaluation }
        evaluation.float = comparison.reference.leading?.estimate
        evaluation.drop = QualityReport.Estimate(
            value: comparison.drop,
            lower: comparison.dropLower,
            upper: comparison.dropUpper
        )
        evaluation.agreement = comparison.agreement
        evaluation.lostCount = comparison.referenceOnly
        evaluation.wonCount = comparison.candidateOnly
        return evaluation
    }

    private var gates: [QualityReport.Gate] {
        var gates: [QualityReport.Gate] = []
        if let limit = command.gate.maxDrop, let comparison = assembly.evaluation?.comparison,
            let verdict = comparison.gate
        {
            // The budget of an error is a share of the float model's.
            let unit = comparison.reference.meanAbsoluteError ?? 1
            gates.append(
                QualityReport.Gate(drop: comparison.drop, limit: limit * unit, verdict: verdict)
            )
        }
        if let limit = command.minAccuracy, let accuracy = assembly.evaluation?.metrics.accuracy {
            gates.append(
                QualityReport.Gate(
                    measure: .accuracy,
                    limit: limit,
                    value: accuracy,
                    verdict: accuracy >= limit ? .pass : .fail
                )
            )
        }
        let needed = planned.memoryBytes
        gates.append(
            QualityReport.Gate(
                measure: .memoryBytes,
                limit: Double(assembly.target.memoryBytes),
                value: Double(needed),
                verdict: needed <= assembly.target.memoryBytes ? .pass : .fail
            )
        )
        return gates
    }

    private func sizes(_ float: Graph) -> QualityReport.Sizes {
        let constants = float.tensors.filter { $0.constant != nil && $0.type == .float32 }
        return QualityReport.Sizes(
            modelFileBytes: assembly.file.bytes.count,
            floatWeightBytes: constants.reduce(0) { $0 + ($1.constant?.count ?? 0) },
            weightBytes: planned.weights.count,
            imageBytes: image.count,
            bundleBytes: bundleBytes,
            multiplyAccumulates: assembly.file.graph.graph.multiplyAccumulateCount
        )
    }
}

extension EvaluationMetrics {
    /// The metric that a gate compares, where there is one.
    fileprivate var leading:
        (metric: QualityReport.Evaluation.Metric, estimate: QualityReport.Estimate)?
    {
        func estimate(_ value: Double) -> QualityReport.Estimate {
            QualityReport.Estimate(value: value, lower: intervalLower, upper: intervalUpper)
        }
        if let accuracy { return (.accuracy, estimate(accuracy)) }
        if let area { return (.area, estimate(area)) }
        return meanAbsoluteError.map { (.meanAbsoluteError, estimate($0)) }
    }
}

extension QualityReport.Arena {
    /// The plan of a program's arena.
    init(_ plan: ArenaPlan) {
        self.init(
            sizeBytes: plan.sizeBytes,
            lowerBoundBytes: plan.lowerBoundBytes,
            blocks: plan.blocks.map { block in
                Block(
                    tensors: block.tensors,
                    offset: block.offset,
                    sizeBytes: block.sizeBytes,
                    firstStep: block.firstStep,
                    lastStep: block.lastStep
                )
            }
        )
    }
}

extension QualityReport.Latency {
    private static let runCountMax = 200
    /// Slow models are timed less often.
    private static let timeLimit = Duration.seconds(2)

    /// Times a model on this machine, on inputs of zeros, after one run that is not counted.
    init(timing model: HostModel) {
        let inputs = model.inputs.map { [UInt8](repeating: 0, count: $0.sizeBytes)[...] }
        _ = model.infer(inputs)
        let clock = ContinuousClock()
        let begin = clock.now
        var times: [Double] = []
        repeat {
            let start = clock.now
            _ = model.infer(inputs)
            times.append((clock.now - start).microseconds)
        } while times.count < Self.runCountMax && clock.now - begin < Self.timeLimit
        times.sort()
        self.init(
            medianMicroseconds: times[times.count / 2],
            percentile90Microseconds: times[times.count * 9 / 10],
            runCount: times.count,
            method: "measured by running it on the building machine, not on the target"
        )
    }
}
