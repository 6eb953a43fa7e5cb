import ArgumentParser
import BundleFormat
import Foundation
import InferenceRuntime
import ModelGraph
import Packager
import Planner
import Quantizer
import Terminal

/// The pipeline from a trained model to a signed bundle, read top to bottom.
struct BuildCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Import, calibrate, quantize, plan, sign and pack a model into one bundle.",
        discussion: """
            A float model needs --calibration: samples like those that it will see, prepared as it \
            was trained. A model that is already int8 or uint8 needs none. Validation data \
            becomes the drift baseline and the golden vectors by which devices prove themselves; \
            without it the golden inputs are random and the baseline is empty. The same input \
            gives the same bytes.
            """
    )

    @Argument(help: "The model, TFLite or ONNX.")
    var model: String

    @Option(help: "The product's name: a-z, 0-9, '.', '_', '-'.")
    var name: String

    @Option(help: "The version for people.")
    var version: String

    @Option(help: "Orders the releases of one name; raise it with every release.")
    var counter: UInt64 = 1

    @Option(help: "The lowest counter that devices may still run after this release.")
    var floor: UInt64 = 0

    @Option(help: "A target profile's name or file ('martlet target list').")
    var target: String

    @Option(name: .customLong("sign"), help: "A secret key; may be repeated.")
    var keys: [String]

    @Option(help: "The bundle to write.")
    var output: String

    @Option(
        name: .customLong("validation"),
        help: "Samples for every input, in order, or NAME=FILE."
    )
    var validation: [String] = []

    @Option(help: "The truth of the validation samples, as 'martlet evaluate' takes it.")
    var labels: String?

    @Option(help: "What the model does: classification, anomaly or regression.")
    var task: EvaluationTaskKind = .classification

    @Option(
        help: "Refuse (exit 6) when the accuracy on the validation samples is below this share."
    )
    var minAccuracy: Double?

    @OptionGroup var gate: GateOptions

    @OptionGroup var report: ReportOptions

    @OptionGroup var options: ModelOptions
    @OptionGroup var quantization: QuantizationOptions

    @Option(help: "How many golden vectors to carry, 1 to 64.")
    var goldenVectors = 4

    @Option(help: "How the image is stored: zstd, or none to map the bundle itself.")
    var codec: Codec = .zstd

    @Option(help: "The model's licence as an SPDX expression.")
    var licence: String?

    @Flag(help: "Print the result as JSON.")
    var json = false

    @OptionGroup var password: PasswordOptions

    /// The codecs by their names.
    enum Codec: String, ExpressibleByArgument, CaseIterable {
        case zstd, none
    }

    func validate() throws {
        guard (1...GoldenVectors.countMax).contains(goldenVectors) else {
            throw ValidationError("--golden-vectors takes a number from 1 to 64")
        }
        guard labels == nil || !validation.isEmpty else {
            throw ValidationError("--labels needs --validation")
        }
        guard minAccuracy == nil || labels != nil && task == .classification else {
            throw ValidationError(
                "--min-accuracy needs --validation, --labels and --task classification"
            )
        }
        guard gate.maxDrop == nil || labels != nil && !quantization.files.isEmpty else {
            throw ValidationError("--max-drop needs --calibration, --validation and --labels")
        }
        try gate.check()
        try quantization.check()
        try report.check()
        guard report.paths.isEmpty || !quantization.files.isEmpty else {
            throw ValidationError("--report needs --calibration")
        }
    }

    mutating func run() throws {
        let target = try TargetProfileFile.read(target)
        let signers = try password.signingKeys(paths: keys)
        let bytes = try InputFile.read(model, limitBytes: HostBundle.sizeMax)
        Console.note("import and plan \(model)")
        let candidate = try BuildCandidate(
            modelFile(bytes, target: target.profile),
            command: self
        ).promoted(for: target, command: self)
        let (file, measured) = (candidate.file, candidate.measured)
        let (runnable, evaluation) = (candidate.runnable, candidate.evaluation)
        let image = BundleAssembly.image(file.planned, measured: measured)
        let assembly = BundleAssembly(
            command: self,
            file: file,
            target: target,
            measured: measured,
            evaluation: evaluation
        )
        let facts = try assembly.facts(contentID: Sodium.blake2b(image))
        let metadata =
            try MetadataWriter.files(facts)
            + PreprocessingRecord.files(file.calibrated?.rawInputs ?? [])
            + QuantizationRecord.files(file.calibrated?.report)
        let bundle = try BundleWriter.encode(
            image: image,
            manifest: assembly.manifest(),
            files: metadata,
            keys: signers
        )
        // A build that is refused has a report too: it says why.
        var outcome = BuildReport(assembly, runnable, image: image, bundle: bundle.bytes)
        do {
            try checkMemory(file.planned, target: target)
            try checkAccuracy(evaluation)
            try gate.check(evaluation?.comparison)
        } catch {
            outcome.refusal = error
        }
        try report.write(outcome)
        if let refusal = outcome.refusal { throw refusal }
        try BundleWriter.write(bundle.bytes, to: output)
        try BuildResult(
            command: self,
            manifest: bundle.manifest,
            sizeBytes: bundle.bytes.count,
            file: file,
            measured: measured,
            evaluation: evaluation
        ).show()
    }

    private func modelFile(_ bytes: [UInt8], target: TargetProfile) throws -> ModelFile {
        guard !quantization.files.isEmpty else {
            return try ModelFile(path: model, bytes: bytes, options: options, target: target)
        }
        return try ModelFile(
            path: model,
            bytes: bytes,
            options: options,
            target: target,
            quantization: quantization,
            validation: validation,
            labels: labels
        )
    }

    private func checkMemory(_ planned: PlannedProgram, target: TargetProfileFile) throws {
        let needed = planned.memoryBytes
        guard needed <= target.memoryBytes else {
            throw Failure(
                .gate,
                "arena and weights need \(needed) bytes, the target has \(target.memoryBytes)",
                help: "choose a larger target or a smaller model"
            )
        }
    }

    private func checkAccuracy(_ evaluation: EvaluationReport?) throws {
        guard let minAccuracy, let metrics = evaluation?.metrics, let accuracy = metrics.accuracy,
            accuracy < minAccuracy
        else { return }
        throw Failure(
            .gate,
            "the accuracy is \(accuracy), below \(minAccuracy)",
            help: "the 95 % interval is \(metrics.intervalLower ?? 0) to "
                + "\(metrics.intervalUpper ?? 0); more samples narrow it"
        )
    }
}
