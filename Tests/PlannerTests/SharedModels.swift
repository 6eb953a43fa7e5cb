import Foundation
import InferenceRuntime
import Testing

/// Trained models and their golden outputs beside the project.
///
/// They are not part of the project; a measuring machine has them.
enum SharedModels {
    static let directory = URL(filePath: #filePath)
        .appending(path: "../../../../shared")
        .standardizedFileURL

    /// The directory as text, for listings.
    static var root: String { directory.path }

    /// A model with the inputs and outputs that the reference kernels computed.
    struct Case: Sendable, CustomTestStringConvertible {
        var model: String
        var inputs: String
        var outputs: String
        /// The lower bound of the arena, where the study of memory plans states it.
        var arenaBytes: Int?
        /// Whether the outputs follow from the samples in order, not from each alone.
        var keepsState = false

        var testDescription: String { "\(model) on \(inputs)" }
    }

    private static let known = [
        Case(
            model: "kws_dscnn_int8",
            inputs: "data/kws01/inputs_int8.npy",
            outputs: "data/kws01/golden_int8_outputs.npy",
            arenaBytes: 16_000
        ),
        golden("ic_resnet8_int8", arenaBytes: 49_152),
        golden("vww_mobilenetv1_int8", arenaBytes: 55_296),
        golden("ad_autoencoder_int8", arenaBytes: 768),
        golden(
            "mobilenet_v2_1.0_224_int8",
            inputs: "data/imagenet_sample/inputs_u8_224.npy",
            arenaBytes: 1_505_280
        ),
        golden(
            "mobilenet_v1_0.25_128_uint8",
            inputs: "data/imagenet_sample/inputs_u8_128.npy",
            arenaBytes: 98_304
        ),
        golden("hello_world_int8"),
        golden("micro_speech_int8"),
        golden("person_detect_int8"),
        golden("sww_1dconv_int8"),
        // Its goldens were made without a reset between the samples.
        streaming("mnist_lstm_int8"),
        streaming("okay_nabu_streaming_int8"),
    ]

    private static func golden(
        _ model: String,
        inputs: String? = nil,
        arenaBytes: Int? = nil
    ) -> Case {
        Case(
            model: model,
            inputs: inputs ?? "data/golden/\(model)/input0.npy",
            outputs: "data/golden/\(model)/output0.npy",
            arenaBytes: arenaBytes
        )
    }

    private static func streaming(_ model: String) -> Case {
        var item = golden(model)
        item.keepsState = true
        return item
    }

    /// The cases whose model is here; none on a machine without the shared models.
    static let present = known.filter { load("models/\($0.model).tflite") != nil }

    static func load(_ path: String) -> [UInt8]? {
        (try? Data(contentsOf: directory.appending(path: path))).map(Array.init)
    }

    /// The rows of an array along its first dimension.
    static func rows(_ path: String) throws -> [[UInt8]] {
        try numpyRows(directory.appending(path: path))
    }
}

/// The bytes of each row of a stored array along its first dimension.
func numpyRows(_ file: URL) throws -> [[UInt8]] {
    let bytes = [UInt8](try Data(contentsOf: file))
    let header = try NumpyFile(validating: bytes)
    let count = header.shape.first ?? 1
    let size = header.dataRange.count / count
    return (0..<count).map { row in
        let start = header.dataRange.lowerBound + row * size
        return Array(bytes[start..<start + size])
    }
}
