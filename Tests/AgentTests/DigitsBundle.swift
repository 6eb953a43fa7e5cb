import BundleFormat
import Foundation
import InferenceRuntime
import ModelGraph
import ModelImport
import Packager
import Planner

/// A signed bundle of the project's own digits model, with golden vectors that LiteRT computed.
enum DigitsBundle {
    static let key = SigningKey()
    static let stranger = SigningKey()
    static let vectors = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Vectors/digits")
    static let inputSize = 64
    static let outputSize = 10

    /// The elements of an int8 array, 540 samples of a size.
    static func samples(_ name: String, size: Int) throws -> [[UInt8]] {
        let bytes = try [UInt8](Data(contentsOf: vectors.appending(path: name)))
        let elements = try [UInt8](bytes[NumpyFile(validating: bytes).dataRange])
        return stride(from: 0, to: elements.count, by: size).map {
            [UInt8](elements[$0..<$0 + size])
        }
    }

    static let inputs = try? samples("test_int8.npy", size: inputSize)
    static let outputs = try? samples("golden_int8.npy", size: outputSize)

    /// The bytes of a bundle; `changeGolden` may damage the golden vectors before they are signed.
    ///
    /// Another model than the digits' is named by its file, and needs golden vectors of its own.
    static func make(
        model file: URL = vectors.appending(path: "digits_int8.tflite"),
        codec: PayloadCodec = .zstd,
        keys: [SigningKey] = [key],
        architecture: String? = nil,
        runtimeAbi: UInt32 = 1,
        changeGolden: (inout [(inputs: [UInt8], outputs: [UInt8])]) -> Void = { _ in }
    ) throws -> [UInt8] {
        let model = try [UInt8](Data(contentsOf: file))
        let graph = try QuantizedGraph(proving: importModel(model, name: "digits"))
        let profile = TargetProfile(name: "any", sdk: "x86_64", memoryBytes: 64 << 20)
        let planned = try plan(graph, for: profile)
        var golden: [(inputs: [UInt8], outputs: [UInt8])] = []
        for (input, output) in zip(inputs ?? [], outputs ?? []).prefix(8) {
            golden.append((input, output))
        }
        changeGolden(&golden)
        let sections: [(kind: ImageSectionKind, bytes: [UInt8])] = [
            (.program, planned.program), (.weights, planned.weights), (.scales, planned.scales),
            (.constants, planned.constants), (.golden, GoldenVectors.encode(golden)),
        ]
        return try BundleWriter.encode(
            image: InstalledImage.encode(sections.filter { !$0.bytes.isEmpty }),
            manifest: manifest(codec, architecture, runtimeAbi, golden: golden),
            files: [],
            keys: keys
        ).bytes
    }

    private static func manifest(
        _ codec: PayloadCodec,
        _ architecture: String?,
        _ runtimeAbi: UInt32,
        golden: [(inputs: [UInt8], outputs: [UInt8])]
    ) -> Manifest {
        var manifest = Manifest()
        manifest.name = [UInt8]("digits".utf8)
        manifest.version = [UInt8]("1.0.0".utf8)
        manifest.counter = 1
        let all = ["aarch64", "armv7hf", "riscv64", "x86_64"]
        for name in architecture.map({ [$0] }) ?? all {
            manifest.targets.append(
                BundleTarget(architecture: [UInt8](name.utf8), tier: [UInt8]("scalar".utf8))
            )
        }
        manifest.runtimeAbi = runtimeAbi
        manifest.codec = codec
        manifest.selfTestCount = UInt32(golden.count)
        manifest.selfTestHash = Sodium.blake2b(golden.flatMap(\.outputs))
        return manifest
    }
}
