import Foundation
import Testing

/// Small models with the reference kernels' outputs, listed in `Tests/Vectors/operators`.
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
    static let directory = vectors.appending(path: "operators")

    static func all() throws -> [Case] {
        let data = try Data(contentsOf: directory.appending(path: "index.json"))
        return try JSONDecoder().decode(Index.self, from: data).cases
    }

    static func model(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: directory.appending(path: name + ".tflite")))
    }

    static func rows(_ array: Array) throws -> [[UInt8]] {
        try numpyRows(directory.appending(path: array.file))
    }
}
