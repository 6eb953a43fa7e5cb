import Foundation
import InferenceRuntime
import ModelGraph
import ModelImport
import Testing

@testable import Quantizer

/// Published float ONNX models and ONNX Runtime's outputs beside the project, where a machine has
/// them.
@Suite("Published float ONNX models")
struct SharedONNXModelTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        /// The samples, below the shared data.
        let input: String
        /// Whether samples are bytes of images `[N, H, W, C]`, which become `(x - 127) / 128` in
        /// `[N, C, H, W]`.
        var isImage = false
        /// What samples are divided by.
        var divisor: Float = 1
        /// Which samples the outputs belong to: every so many.
        var stride = 1
        var shapes: [String: [Int]] = [:]
        var testDescription: String { name }
    }

    static let present = [
        Case(name: "ad_autoencoder_float", input: "golden/ad_autoencoder_float_tflite/input0.npy"),
        Case(name: "digits_mlp_float", input: "golden/digits_mlp_float_onnx/input0.npy"),
        Case(
            name: "efficientnet_lite0_float",
            input: "imagenet_sample/inputs_u8_224.npy",
            isImage: true
        ),
        Case(name: "face_rfb320_float", input: "faces/inputs_u8.npy", isImage: true),
        Case(name: "fmnist_mnv2s_bn_float", input: "golden/fmnist_mnv2s_float_onnx/input0.npy"),
        Case(name: "fmnist_mnv2s_float", input: "golden/fmnist_mnv2s_float_onnx/input0.npy"),
        Case(name: "har_cnn1d_float", input: "golden/har_cnn1d_float_onnx/input0.npy"),
        Case(name: "ic_resnet8_float", input: "golden/ic_resnet8_float_tflite/input0.npy"),
        Case(name: "kws_dscnn_fp32", input: "golden/kws_dscnn_fp32_tflite/input0.npy"),
        Case(
            name: "ppocr_cls_float",
            input: "golden/ppocr_cls_float_onnx/input0.npy",
            shapes: ["x": [1, 3, 48, 192]]
        ),
        Case(
            name: "vww_mobilenetv1_float",
            input: "vww01/inputs_u8.npy",
            divisor: 255,
            stride: 15
        ),
    ].filter { FileManager.default.fileExists(atPath: path("models/\($0.name).onnx").path()) }

    private static func path(_ name: String) -> URL {
        SharedFloatModelTests.shared.appending(path: name)
    }

    @Test("a published model gives ONNX Runtime's outputs", arguments: present)
    func golden(_ item: Case) throws {
        let bytes = [UInt8](try Data(contentsOf: Self.path("models/\(item.name).onnx")))
        let options = ImportOptions(shapes: item.shapes)
        let graph = try importModel(bytes, name: item.name, options: options)
        let interpreter = try ReferenceInterpreter(graph)
        let shape = graph[graph.inputs[0].tensor].shape
        let size = shape.reduce(1, *)
        let outputs = try graph.outputs.indices.map {
            try reals(Self.path("data/golden/\(item.name)_onnx/output\($0).npy"))
        }
        let inputs = try reals(Self.path("data/\(item.input)"))
        // Large images take a debug build some seconds each.
        for sample in 0..<(size > 20_000 ? 1 : 4) {
            let start = sample * item.stride * size
            let part = inputs[start..<start + size].map { $0 / item.divisor }
            let values = item.isImage ? prepared(part, shape) : part
            let input = try #require(FloatTensor(shape: shape, values: values))
            for (result, golden) in zip(try interpreter.run([input]), outputs) {
                let count = result.values.count
                let expected = golden[sample * count..<(sample + 1) * count]
                // Single precision sums on the other side, relative to what the output spans.
                let bound = 1e-4 * max(1, expected.map(abs).max() ?? 1)
                let isClose = zip(result.values, expected).allSatisfy { abs($0 - $1) <= bound }
                #expect(isClose, "sample \(sample)")
            }
        }
    }

    /// Six elements of each output, at `k * count / 6 + 37`, on the input `(7919 n mod 2003 - 1001)
    /// / 2003`: from the ReferenceEvaluator of onnx 1.20.0 with every float as a double. ONNX
    /// Runtime's single precision is off by up to 1.7e-4 here, since logarithms of small energies
    /// follow long sums.
    private static let pitch: [[Float]] = [
        [0.146676, 0.122089, 0.115503, 0.238197, 0.104024, 0.116138],
        [0.124528, 0.108324, 0.102092, 0.0913086, 0.0984828, 0.101859],
        [0.117708, 0.104028, 0.11315, 0.119272, 0.104321, 0.113177],
    ]

    @Test(
        "a model of comparisons and shape arithmetic gives what double precision gives",
        arguments: ["basic_pitch_float"].filter {
            FileManager.default.fileExists(atPath: path("models/\($0).onnx").path())
        }
    )
    func doublePrecision(name: String) throws {
        let bytes = [UInt8](try Data(contentsOf: Self.path("models/\(name).onnx")))
        let graph = try importModel(bytes, name: name)
        let wave = (0..<43_844).map { Float($0 * 7_919 % 2_003 - 1_001) / 2_003 }
        let input = try #require(FloatTensor(shape: [1, 43_844, 1], values: wave))
        let outputs = try ReferenceInterpreter(graph).run([input])
        for (output, expected) in zip(outputs, Self.pitch) {
            for (index, value) in expected.enumerated() {
                let place = index * output.values.count / 6 + 37
                #expect(abs(output.values[place] - value) < 2e-5, "element \(place)")
            }
        }
    }

    private func prepared(_ bytes: [Float], _ shape: [Int]) -> [Float] {
        let area = shape[2] * shape[3]
        return (0..<shape[1]).flatMap { channel in
            (0..<area).map { (bytes[$0 * shape[1] + channel] - 127) / 128 }
        }
    }

    private func reals(_ path: URL) throws -> [Float] {
        let bytes = [UInt8](try Data(contentsOf: path))
        let file = try NumpyFile(validating: bytes)
        let tensor = Tensor(
            name: path.lastPathComponent,
            shape: file.shape,
            type: try #require(DataType(rawValue: "\(file.type)")),
            constant: [UInt8](bytes[file.dataRange])
        )
        return try #require(tensor.realValues())
    }
}
