import InferenceRuntime
import ModelGraph
import ModelImport
import Planner
import Testing

@Suite("Operators of int16 against the reference kernels")
struct Int16GoldenTests {
    static let folder = "operators_int16"

    /// Functions that no integer model is imported with, and the scales of their cases.
    static let sampled: [(name: String, UnaryOperator, x: Float, y: Float)] = [
        ("exp_0", .exponential, 0.0002, 0.03), ("exp_1", .exponential, 0.0001, 0.001),
        ("exp_2", .exponential, 0.0004, 6), ("log_0", .logarithm, 0.0002, 0.0003),
        ("log_1", .logarithm, 0.1, 0.0005), ("log_2", .logarithm, 0.01, 0.0002),
    ]

    static var imported: [OperatorVectors.Case] {
        get throws {
            try OperatorVectors.all(in: folder).filter { item in
                !sampled.contains { $0.name == item.name }
            }
        }
    }

    @Test("an operator gives the reference's bytes", arguments: try imported)
    func golden(_ item: OperatorVectors.Case) throws {
        let bytes = try OperatorVectors.model(item.name, in: Self.folder)
        try compare(item, try LoadedModel(try importModel(bytes, name: item.name)))
    }

    /// The reference fills these tables in single precision, and where a logarithm has no value in
    /// its own way, so inputs up to the first entry above 0 are left out for it.
    @Test("an interpolated function is within a step of the reference", arguments: sampled.indices)
    func interpolated(index: Int) throws {
        let (name, function, x, y) = Self.sampled[index]
        let all = try OperatorVectors.all(in: Self.folder)
        let item = try #require(all.first { $0.name == name })
        var graph = Graph(name: name)
        let ids = [x, y].enumerated().map { index, scale in
            graph.add(
                Tensor(
                    name: "t\(index)",
                    shape: [13, 31],
                    type: .int16,
                    quantization: Quantization(scale: scale, zeroPoint: 0)
                )
            )
        }
        graph.nodes = [
            Node(name: name, operator: .unary(function), inputs: [ids[0]], outputs: [ids[1]])
        ]
        graph.inputs = [Port(name: "x", tensor: ids[0], externalType: .int16)]
        graph.outputs = [Port(name: "y", tensor: ids[1], externalType: .int16)]
        let input = try OperatorVectors.rows(item.inputs[0], in: Self.folder)[0]
        let expected = try OperatorVectors.rows(item.outputs[0], in: Self.folder)[0]
        let computed = try LoadedModel(graph).infer([input])[0]
        let rows = zip(
            zip(Stored.int16s(computed), Stored.int16s(expected)),
            Stored.int16s(input)
        )
        let counted = rows.filter { function == .exponential || $0.1 >= 128 }.map(\.0)
        #expect(counted.count >= 199)
        #expect(counted.allSatisfy { abs($0.0 - $0.1) <= 1 })
        #expect(counted.count { $0.0 != $0.1 } <= 2)
    }

    private func compare(_ item: OperatorVectors.Case, _ model: LoadedModel) throws {
        let inputs = try item.inputs.map { try OperatorVectors.rows($0, in: Self.folder) }
        let outputs = try item.outputs.map { try OperatorVectors.rows($0, in: Self.folder) }
        #expect(model.program.inputCount == inputs.count)
        #expect(model.program.outputCount == outputs.count)
        for sample in 0..<item.samples {
            let computed = try model.infer(inputs.map { $0[sample] })
            for (port, rows) in outputs.enumerated() {
                #expect(computed[port] == rows[sample], "sample \(sample), output \(port)")
            }
        }
    }
}
