import Planner
import Quantizer
import Terminal

/// Integers that a build may ship, and what they do on the validation samples.
struct BuildCandidate {
    let file: ModelFile
    let runnable: HostModel
    let measured: Measurement
    /// What the labels say of the integers, and of the float model where it was given.
    let evaluation: EvaluationReport?
    /// The float model on the validation samples, which is the same for all candidates.
    private let reference: ModelResults?

    /// The most that is asked of the scores: more signal to noise than 16 bits leave.
    private static let decibelsMax = 72.0
    private static let decibelsStep = 6.0

    /// Runs a planned model over the validation samples of a build.
    ///
    /// - Throws: `Failure` or another error that says what stands in the way.
    init(_ file: ModelFile, command: BuildCommand) throws {
        try self.init(file, command, reference: nil)
    }

    private init(
        _ file: ModelFile,
        _ command: BuildCommand,
        reference known: ModelResults?
    ) throws {
        self.file = file
        runnable = try HostModel(file.planned)
        runnable.rawInputs = file.calibrated?.rawInputs ?? []
        measured = try Measurement(
            of: runnable,
            validation: command.validation,
            isLabelled: command.labels != nil,
            goldenCount: command.goldenVectors
        )
        reference = try known ?? BuildCandidate.reference(file, command)
        evaluation = try BuildCandidate.evaluate(measured, against: reference, command)
    }

    /// The first candidate that passes the gate when activations get 16 bits, 6 dB at a time.
    ///
    /// It stays as it is without a gate, when the gate passes, when no sample is lost that could be
    /// won back, and when more would not fit the target's memory.
    ///
    /// - Throws: an error of the quantizer or the planner.
    func promoted(
        for target: TargetProfileFile,
        command: BuildCommand
    ) throws -> BuildCandidate {
        guard command.quantization.mixedPrecision == .needed, let calibrated = file.calibrated,
            var aim = calibrated.report.scoreSignalToNoise
        else { return self }
        var best = self
        while best.isPromising, aim < BuildCandidate.decibelsMax {
            aim += BuildCandidate.decibelsStep
            Console.note("the gate does not pass: promote activations to 16 bits")
            guard let next = try BuildCandidate.promoted(calibrated, file, target, to: aim) else {
                return best
            }
            best = try BuildCandidate(next, command, reference: reference)
            if let reached = next.calibrated?.report.scoreSignalToNoise, reached < aim { break }
        }
        return best
    }

    /// The model with more activations of 16 bits; `nil`, with a note, when the graph has no such
    /// form or the target is too small for it: then fewer bits are still right.
    private static func promoted(
        _ calibrated: CalibratedModel,
        _ file: ModelFile,
        _ target: TargetProfileFile,
        to decibels: Double
    ) throws -> ModelFile? {
        do {
            let model = try calibrated.promoted(toSignalToNoise: decibels)
            let next = try ModelFile(file, calibrated: model, target: target.profile)
            if next.planned.memoryBytes <= target.memoryBytes { return next }
            Console.note("more activations with 16 bits would not fit the target's memory")
        } catch let error as PlannerError {
            Console.note("more activations with 16 bits cannot be planned: \(error)")
        } catch let error as QuantizationError {
            Console.note("more activations with 16 bits are not possible: \(error)")
        }
        return nil
    }

    /// Whether the gate does not pass, and samples are lost that more bits could win back.
    private var isPromising: Bool {
        guard let comparison = evaluation?.comparison, let gate = comparison.gate else {
            return false
        }
        return gate != .pass && comparison.referenceOnly != 0
    }

    /// The float model that integers were made of on labelled validation samples.
    private static func reference(
        _ file: ModelFile,
        _ command: BuildCommand
    ) throws -> ModelResults? {
        guard command.labels != nil, !command.validation.isEmpty, let model = file.calibrated
        else { return nil }
        return try ModelResults(
            float: model.float,
            inputs: command.validation,
            raw: model.rawInputs
        )
    }

    private static func evaluate(
        _ measured: Measurement,
        against reference: ModelResults?,
        _ command: BuildCommand
    ) throws -> EvaluationReport? {
        guard let labels = command.labels, let results = measured.results else { return nil }
        let task = try command.task.make(labels: labels, results: results, topCount: nil)
        var report = EvaluationReport(
            task: command.task,
            metrics: try task.metrics(results, of: Array(0..<task.labelCount))
        )
        guard let reference else { return report }
        report.comparison = try task.comparison(
            candidate: results,
            reference: reference,
            maximalDrop: command.gate.maxDrop
        )
        report.comparison?.against = "its float model"
        return report
    }
}

extension PlannedProgram {
    /// What a device holds in memory: arena and weights, in bytes.
    var memoryBytes: UInt64 { UInt64(arenaPlan.sizeBytes) + UInt64(weights.count) }
}
