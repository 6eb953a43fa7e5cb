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

    @Argument(help: "The model, a .tflite file.")
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

    @Option(help: "The true classes of the validation samples.")
    var labels: String?

    @Option(
        help: "Refuse (exit 6) when the accuracy on the validation samples is below this share."
    )
    var minAccuracy: Double?

    @Option(help: "Refuse (exit 6) when the integers cost more than this share of accuracy.")
    var maxDrop: Double?

    @Option(help: "Write how faithful the integers are, layer by layer, as JSON.")
    var report: String?

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
        guard minAccuracy == nil || labels != nil else {
            throw ValidationError("--min-accuracy needs --validation and --labels")
        }
        guard maxDrop == nil || labels != nil && !quantization.files.isEmpty else {
            throw ValidationError("--max-drop needs --calibration, --validation and --labels")
        }
        try quantization.check()
        guard report == nil || !quantization.files.isEmpty else {
            throw ValidationError("--report needs --calibration")
        }
    }

    mutating func run() throws {
        let target = try TargetProfileFile.read(target)
        let signers = try keys.map(password.signingKey)
        let bytes = try InputFile.read(model, limitBytes: HostBundle.sizeMax)
        Console.note("import and plan \(model)")
        let file = try modelFile(bytes, target: target.profile)
        let runnable = try HostModel(file.planned)
        runnable.rawInputs = file.calibrated?.rawInputs ?? []
        let measured = try Measurement(
            of: runnable,
            validation: validation,
            labels: labels,
            goldenCount: goldenVectors
        )
        try checkGates(measured, planned: file.planned, target: target)
        let comparison = try compare(measured, file: file)
        try checkDrop(comparison)
        let image = BundleAssembly.image(file.planned, measured: measured)
        let assembly = BundleAssembly(
            command: self,
            file: file,
            target: target,
            measured: measured,
            comparison: comparison
        )
        let facts = try assembly.facts(contentID: Sodium.blake2b(image))
        let metadata =
            try MetadataWriter.files(facts)
            + PreprocessingRecord.files(file.calibrated?.rawInputs ?? [])
        let bundle = try BundleWriter.encode(
            image: image,
            manifest: assembly.manifest(),
            files: metadata,
            keys: signers
        )
        try BundleWriter.write(bundle.bytes, to: output)
        if let report, let quality = file.calibrated?.report {
            try OutputFile.write(quality.json(), to: report)
        }
        try BuildResult(
            command: self,
            manifest: bundle.manifest,
            sizeBytes: bundle.bytes.count,
            file: file,
            measured: measured,
            comparison: comparison
        ).show()
    }

    private func modelFile(_ bytes: [UInt8], target: TargetProfile) throws -> ModelFile {
        guard !quantization.files.isEmpty else {
            return try ModelFile(path: model, bytes: bytes, target: target)
        }
        return try ModelFile(
            path: model,
            bytes: bytes,
            target: target,
            quantization: quantization,
            validation: validation,
            labels: labels
        )
    }

    /// The float model on the validation samples, where it was given and they are labelled.
    private func compare(_ measured: Measurement, file: ModelFile) throws -> FloatComparison? {
        guard let calibrated = file.calibrated, let labels, let evaluation = measured.evaluation
        else { return nil }
        return try FloatComparison(
            calibrated.float,
            samples: FloatSamples(
                paths: validation,
                graph: calibrated.float,
                raw: calibrated.rawInputs
            ),
            labels: NumpyArray(path: labels).integers(place: labels),
            predictions: measured.predictions,
            classCount: evaluation.confusion.count
        )
    }

    private func checkDrop(_ comparison: FloatComparison?) throws {
        guard let maxDrop, let comparison, comparison.drop > maxDrop else { return }
        throw Failure(
            .gate,
            "the integers cost \(comparison.drop) of the accuracy, above \(maxDrop)",
            help: "\(comparison.lostCount) samples are lost and \(comparison.wonCount) won; "
                + "--report names the layers with the lowest signal to noise"
        )
    }

    private func checkGates(
        _ measured: Measurement,
        planned: PlannedProgram,
        target: TargetProfileFile
    ) throws {
        let needed = UInt64(planned.arenaPlan.sizeBytes) + UInt64(planned.weights.count)
        guard needed <= target.memoryBytes else {
            throw Failure(
                .gate,
                "arena and weights need \(needed) bytes, the target has \(target.memoryBytes)",
                help: "choose a larger target or a smaller model"
            )
        }
        guard let minAccuracy, let evaluation = measured.evaluation else { return }
        guard evaluation.accuracy >= minAccuracy else {
            throw Failure(
                .gate,
                "the accuracy is \(evaluation.accuracy), below \(minAccuracy)",
                help: "the 95 % interval is \(evaluation.accuracyInterval.lower) to "
                    + "\(evaluation.accuracyInterval.upper); more samples narrow it"
            )
        }
    }
}
