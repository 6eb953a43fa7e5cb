import Foundation
import Testing

/// Small models with the reference kernels' outputs, listed in `Tests/Vectors/operators` and, for
/// int16 activations, `operators_int16`.
enum OperatorVectors {
    struct Index: Decodable {
        var cases: [Case]
    }

    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        var name: String
        var samples: Int
        var inputs: [Array]
        var outputs: [Array]

        var testDescription: String { name }
    }

    struct Array: Decodable, Sendable {
        var file: String
        var dtype: String
    }

    static let vectors = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Vectors")

    static func all(in folder: String = "operators") throws -> [Case] {
        let data = try Data(contentsOf: vectors.appending(path: "\(folder)/index.json"))
        return try JSONDecoder().decode(Index.self, from: data).cases
    }

    static func model(_ name: String, in folder: String = "operators") throws -> [UInt8] {
        [UInt8](try Data(contentsOf: vectors.appending(path: "\(folder)/\(name).tflite")))
    }

    static func rows(_ array: Array, in folder: String = "operators") throws -> [[UInt8]] {
        try numpyRows(vectors.appending(path: "\(folder)/\(array.file)"))
    }
}
