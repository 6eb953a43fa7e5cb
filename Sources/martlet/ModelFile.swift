import BundleFormat
import Foundation
import ModelGraph
import ModelImport
import Planner
import Terminal

/// A trained model that was read, proved quantized and planned.
struct ModelFile {
    let bytes: [UInt8]
    let graph: QuantizedGraph
    let planned: PlannedProgram
    /// How the integers came about, when the model was in floating point.
    let calibrated: CalibratedModel?

    /// The name that a model has without its extension.
    static func name(of path: String) -> String {
        URL(filePath: path).deletingPathExtension().lastPathComponent
    }

    /// Reads, proves and plans a model.
    ///
    /// - Throws: `Failure` that says everything that stands in the way.
    init(
        path: String,
        bytes: [UInt8],
        options: ModelOptions,
        target: TargetProfile
    ) throws {
        self.bytes = bytes
        graph = try ModelFile.quantizedGraph(path: path, bytes: bytes, options: options)
        calibrated = nil
        planned = try plan(graph, for: target)
    }

    /// Reads a float model, makes it integer on calibration samples, and plans it.
    ///
    /// - Throws: `Failure` or a module's error, which say what stands in the way.
    init(
        path: String,
        bytes: [UInt8],
        options: ModelOptions,
        target: TargetProfile,
        quantization: QuantizationOptions,
        validation: [String],
        labels: String?
    ) throws {
        self.bytes = bytes
        let imported = try ModelFile.graph(path: path, bytes: bytes, options: options)
        guard imported.inputs.contains(where: { imported[$0.tensor].type == .float32 }) else {
            throw Failure(
                .usage,
                "the model already computes in integers",
                place: path,
                help: "leave out --calibration"
            )
        }
        let calibrated = try CalibratedModel(
            imported,
            quantization,
            validation: validation,
            labels: labels
        )
        graph = calibrated.graph
        self.calibrated = calibrated
        planned = try plan(graph, for: target)
    }

    /// The same model with other integers.
    ///
    /// - Throws: an error of the planner.
    init(_ file: ModelFile, calibrated: CalibratedModel, target: TargetProfile) throws {
        bytes = file.bytes
        graph = calibrated.graph
        self.calibrated = calibrated
        planned = try plan(calibrated.graph, for: target)
    }

    /// Reads a model and proves that it computes on integers only.
    static func quantizedGraph(
        path: String,
        bytes: [UInt8],
        options: ModelOptions
    ) throws -> QuantizedGraph {
        let graph = try graph(path: path, bytes: bytes, options: options)
        if graph.inputs.contains(where: { graph[$0.tensor].type == .float32 }) {
            throw Failure(
                .unsupported,
                "the model computes in float32, and devices compute in integers",
                place: path,
                help: "give 'martlet build' --calibration with samples like those that the model "
                    + "will see; 'martlet infer --reference' runs it as it is"
            )
        }
        return try QuantizedGraph(proving: graph)
    }

    /// Reads a model of any kind: the one place where the command line does.
    static func graph(path: String, bytes: [UInt8], options: ModelOptions) throws -> Graph {
        do {
            return try importModel(
                bytes,
                name: name(of: path),
                options: options.importOptions(path: path)
            )
        } catch {
            if case .unsupported(let features) = error {
                for feature in features { Console.note("  \(feature)") }
                throw Failure(
                    .unsupported,
                    "the model uses \(features.count) feature(s) that are not supported",
                    place: path,
                    help: "each line above names a node and a way out"
                )
            }
            throw Failure(import: error, place: path)
        }
    }
}

/// A model or a bundle, ready to run on the host.
struct RunnableModel {
    let model: HostModel
    /// The operations of one inference, when the source model is at hand.
    let graph: QuantizedGraph?
    let name: String

    init(path: String, options: ModelOptions, trust: TrustOptions) throws {
        let bytes = try InputFile.read(path, limitBytes: HostBundle.sizeMax)
        if HostBundle.isBundle(bytes) {
            let bundle = try HostBundle(bytes: bytes, path: path, trust: trust)
            model = try HostModel(image: bundle.image)
            model.rawInputs = try PreprocessingRecord.rawInputs(
                of: bundle,
                model: model,
                path: path
            )
            graph = nil
            name = String(decoding: bundle.verified.manifest.name, as: UTF8.self)
        } else {
            let target = TargetProfile(name: "host", sdk: "x86_64", memoryBytes: .max)
            let file = try ModelFile(path: path, bytes: bytes, options: options, target: target)
            model = try HostModel(file.planned)
            graph = file.graph
            name = file.graph.graph.name
        }
    }
}
