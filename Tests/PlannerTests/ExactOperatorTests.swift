import Foundation
import ModelGraph
import Planner
import Testing

@Suite("Operators against exact arithmetic")
struct ExactOperatorTests {
    struct Index: Decodable {
        var cases: [Case]
    }

    struct Case: Decodable, Sendable, CustomTestStringConvertible {
        var name: String
        var `operator`: String
        var inputs: [Value]
        var output: Value
        var expected: [Int]
        var tolerance: Int
        var epsilon: UInt32
        var axis: Int

        var testDescription: String { name }
    }

    /// A tensor; scales and float32 values are the bits of the float.
    struct Value: Decodable, Sendable {
        var shape: [Int]
        var type: String
        var scale: UInt32
        var zero: Int32
        var isConstant: Bool
        var values: [Int64]

        var bytes: [UInt8] {
            let size = type == "int8" ? 1 : type == "int64" ? 8 : 4
            return values.flatMap { value in
                (0..<size).map { UInt8(truncatingIfNeeded: value >> Int64(8 * $0)) }
            }
        }

        var tensor: Tensor {
            Tensor(
                name: type,
                shape: shape,
                type: DataType(rawValue: type) ?? .int8,
                quantization: type == "int8"
                    ? Quantization(scale: Float(bitPattern: scale), zeroPoint: zero) : nil,
                constant: isConstant ? bytes : nil
            )
        }
    }

    static var cases: [Case] {
        get throws {
            let file = OperatorVectors.vectors.appending(path: "exact/index.json")
            return try JSONDecoder().decode(Index.self, from: try Data(contentsOf: file)).cases
        }
    }

    @Test("an operator gives the real result rounded", arguments: try cases)
    func exact(_ item: Case) throws {
        let model = try LoadedModel(try graph(item))
        let inputs = item.inputs.filter { !$0.isConstant }.map(\.bytes)
        let given = try model.infer(inputs)[0].map { Int(Int8(bitPattern: $0)) }
        try #require(given.count == item.expected.count)
        let furthest = zip(given, item.expected).map { abs($0 - $1) }.max() ?? 0
        #expect(furthest <= item.tolerance, "\(given) == \(item.expected)")
    }

    @Test("quotients below half a step of the output are its zero point")
    func smallQuotients() throws {
        let item = try #require(try Self.cases.first { $0.name == "divide_coarsest" })
        let model = try LoadedModel(try graph(item))
        let given = try model.infer(item.inputs.map(\.bytes))[0].map { Int(Int8(bitPattern: $0)) }
        #expect(given == item.expected)
    }

    private func graph(_ item: Case) throws -> Graph {
        var graph = Graph(name: item.name)
        let inputs = item.inputs.map { graph.add($0.tensor) }
        let output = graph.add(item.output.tensor)
        graph.nodes = [
            Node(name: item.name, operator: try kind(item), inputs: inputs, outputs: [output])
        ]
        graph.inputs = inputs.filter { graph[$0].constant == nil }.enumerated().map { index, id in
            Port(name: "x\(index)", tensor: id, externalType: graph[id].type)
        }
        graph.outputs = [Port(name: "y", tensor: output, externalType: .int8)]
        return graph
    }

    private func kind(_ item: Case) throws -> Operator {
        let kinds: [String: Operator] = [
            "layerNormalization": .layerNormalization(epsilon: Float(bitPattern: item.epsilon)),
            "divide": .binary(.divide, .none),
            "power": .binary(.power, .none),
            "sum": .reduce(.sum, axes: [item.axis], keepsDimensions: false),
            "gather": .gather(axis: item.axis),
        ]
        return try #require(kinds[item.operator])
    }
}
