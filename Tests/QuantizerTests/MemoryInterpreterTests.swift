import Foundation
import ModelGraph
import Testing

@testable import Quantizer

@Suite("State in the reference interpreter")
struct MemoryInterpreterTests {
    /// A layer of one unit and one input whose gates have the weights given, without recurrence
    /// but in the cell's candidate.
    private func layer(_ memory: LongShortTermMemory, shape: [Int]) -> Graph {
        var graph = Graph(name: "g")
        func tensor(_ name: String, _ shape: [Int], _ values: [Float]? = nil) -> TensorID {
            let bytes = values?.flatMap { value in
                (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
            }
            return graph.add(Tensor(name: name, shape: shape, type: .float32, constant: bytes))
        }
        let batches = memory.isTimeMajor ? shape[1] : shape[0]
        let x = tensor("x", shape)
        let weights = [0.5, -0.25, 1, 2].map { tensor("w", [1, 1], [$0]) }
        let recurrent = [0, 0, 3, 0].map { tensor("r", [1, 1], [$0]) }
        let bias = [0.1, 0.2, -0.3, 0.4].map { tensor("b", [1], [$0]) }
        let kept = ["h", "c"].map { tensor($0, [batches, 1]) }
        let y = tensor("y", shape)
        let next = ["h'", "c'"].map { tensor($0, [batches, 1]) }
        graph.nodes = [
            Node(
                name: "n",
                operator: .longShortTermMemory(memory),
                inputs: [x] + weights + recurrent + bias + kept,
                outputs: [y] + next
            )
        ]
        graph.inputs = [Port(name: "x", tensor: x, externalType: .float32)]
        graph.outputs = [Port(name: "y", tensor: y, externalType: .float32)]
        graph.states = zip(kept, next).map { id, next in
            State(
                name: graph[id].name,
                tensor: id,
                next: next,
                initial: [UInt8](repeating: 0, count: 4 * batches)
            )
        }
        return graph
    }

    /// The layer's formulas for one sequence, from `h` and `c` on.
    private func formulas(
        _ sequence: [Double],
        clip: Double = .infinity,
        h: inout Double,
        c: inout Double
    ) -> [Double] {
        func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
        return sequence.map { x in
            let input = logistic(0.5 * x + 0.1)
            let forget = logistic(-0.25 * x + 0.2)
            c = min(max(forget * c + input * tanh(x + 3 * h - 0.3), -clip), clip)
            h = logistic(2 * x + 0.4) * tanh(c)
            return h
        }
    }

    @Test(
        "a layer computes its formulas and goes on from its state",
        arguments: [0, 0.25] as [Float]
    )
    func sequence(clip: Float) throws {
        let memory = LongShortTermMemory(cellClip: clip)
        let interpreter = try ReferenceInterpreter(layer(memory, shape: [1, 3, 1]))
        let bound = clip == 0 ? .infinity : Double(clip)
        var state = interpreter.initialState
        var (h, c) = (0.0, 0.0)
        for sequence: [Float] in [[1, -2, 0.5], [0.25, 3, -1]] {
            let input = try #require(FloatTensor(shape: [1, 3, 1], values: sequence))
            let result = try interpreter.run([input], state: &state)[0].values
            let expected = formulas(sequence.map(Double.init), clip: bound, h: &h, c: &c)
            for (value, formula) in zip(result, expected) {
                #expect(abs(Double(value) - formula) < 1e-6)
            }
        }
    }

    @Test("with time first, two sequences run beside each other")
    func timeMajor() throws {
        let memory = LongShortTermMemory(isTimeMajor: true)
        let interpreter = try ReferenceInterpreter(layer(memory, shape: [2, 2, 1]))
        let input = try #require(FloatTensor(shape: [2, 2, 1], values: [1, 10, 2, 20]))
        let result = try interpreter.run([input])[0].values
        for (batch, sequence) in [[1.0, 2], [10, 20]].enumerated() {
            var (h, c) = (0.0, 0.0)
            let expected = formulas(sequence, h: &h, c: &c)
            for step in 0..<2 {
                #expect(abs(Double(result[step * 2 + batch]) - expected[step]) < 1e-6)
            }
        }
    }

    @Test("a run without a state starts from the initial values each time, and tells them")
    func fresh() throws {
        let graph = layer(LongShortTermMemory(), shape: [1, 1, 1])
        let interpreter = try ReferenceInterpreter(graph)
        let input = try #require(FloatTensor(shape: [1, 1, 1], values: [2]))
        let first = try interpreter.run([input])
        #expect(try interpreter.run([input]) == first)
        var seen: [String] = []
        _ = try interpreter.run([input]) { id, _ in seen.append(graph[id].name) }
        #expect(seen == ["x", "h", "c", "y", "h'", "c'"])
        var state = interpreter.initialState
        #expect(try interpreter.run([input], state: &state) == first)
        #expect(try interpreter.run([input], state: &state) != first)
        let wrong = try #require(FloatTensor(shape: [1, 2, 1], values: [2, 2]))
        let before = state
        #expect(throws: InterpreterError.self) { try interpreter.run([wrong], state: &state) }
        #expect(state.values == before.values)
    }

    @Test("a float model that keeps state is not quantized, and each state is named")
    func quantization() throws {
        let graph = layer(LongShortTermMemory(), shape: [1, 1, 1])
        let error = #expect(throws: QuantizationError.self) { try prepareForQuantization(graph) }
        guard case .unsupported(let problems) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(problems.map(\.node) == ["h", "c"])
    }
}
