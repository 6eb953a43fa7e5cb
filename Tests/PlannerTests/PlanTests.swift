import InferenceRuntime
import ModelGraph
import Testing

@testable import Planner

@Suite("Plan")
struct PlanTests {
    /// A graph of int8 tensors with scale 1/2 and zero point -3, built in order.
    private struct Builder {
        var graph = Graph(name: "test")

        mutating func tensor(_ name: String, _ shape: [Int], scale: Float = 0.5) -> TensorID {
            let quantization = Quantization(scale: scale, zeroPoint: -3)
            return graph.add(
                Tensor(name: name, shape: shape, type: .int8, quantization: quantization)
            )
        }

        mutating func node(_ operation: Operator, _ inputs: [TensorID], _ output: TensorID) {
            let name = "node\(graph.nodes.count)"
            graph.nodes.append(
                Node(name: name, operator: operation, inputs: inputs, outputs: [output])
            )
        }

        mutating func planned(
            _ inputs: [TensorID],
            _ outputs: [TensorID],
            target: TargetProfile = .test
        ) throws -> PlannedProgram {
            func port(_ id: TensorID) -> Port {
                Port(name: graph[id].name, tensor: id, externalType: .int8)
            }
            graph.inputs = inputs.map(port)
            graph.outputs = outputs.map(port)
            return try plan(QuantizedGraph(proving: graph), for: target)
        }
    }

    @Test("nodes that no output depends on are left out")
    func deadNodes() throws {
        var builder = Builder()
        let x = builder.tensor("x", [64])
        let y = builder.tensor("y", [64])
        let unused = builder.tensor("unused", [64])
        builder.node(.unary(.relu), [x], unused)
        builder.node(.unary(.relu6), [x], y)
        let model = try LoadedModel(planned: try builder.planned([x], [y]))
        #expect(model.program.operatorCount == 1)
    }

    @Test("an elementwise operator overwrites an input that nothing reads afterwards")
    func inPlace() throws {
        var builder = Builder()
        let ids = (0..<4).map { builder.tensor("t\($0)", [128]) }
        for step in 0..<3 { builder.node(.unary(.tanh), [ids[step]], ids[step + 1]) }
        let planned = try builder.planned([ids[0]], [ids[3]])
        #expect(planned.arenaPlan.sizeBytes == 128)
        #expect(planned.arenaPlan.blocks.count == 1)
    }

    @Test("an input that is read again is not overwritten")
    func keptInput() throws {
        var builder = Builder()
        let x = builder.tensor("x", [64])
        let y = builder.tensor("y", [64])
        let sum = builder.tensor("sum", [64])
        builder.node(.unary(.relu), [x], y)
        builder.node(.binary(.add, .none), [x, y], sum)
        let model = try LoadedModel(planned: try builder.planned([x], [sum]))
        #expect(model.planned.arenaPlan.sizeBytes == 128)
        // x = -2 (stored -7) and 2 (stored 1): relu gives 0 and 2, the sums are -2 and 4.
        let input = (0..<64).map { UInt8(bitPattern: $0 < 32 ? -7 : 1) }
        let expected = (0..<64).map { UInt8(bitPattern: $0 < 32 ? -7 : 5) }
        #expect(try model.infer([input]) == [expected])
    }

    @Test("parts of a concatenation along the outermost dimension are computed in place")
    func concatenation() throws {
        var builder = Builder()
        let x = builder.tensor("x", [1, 64])
        let parts = (0..<2).map { builder.tensor("part\($0)", [1, 64]) }
        let whole = builder.tensor("whole", [2, 64])
        builder.node(.unary(.relu), [x], parts[0])
        builder.node(.unary(.leakyRelu(alpha: 0)), [x], parts[1])
        builder.node(.concatenation(axis: 0), parts, whole)
        let model = try LoadedModel(planned: try builder.planned([x], [whole]))
        #expect(model.program.operatorCount == 2)
        let output = try model.infer([Array(repeating: UInt8(bitPattern: -20), count: 64)])
        #expect(output == [Array(repeating: UInt8(bitPattern: -3), count: 128)])
    }

    @Test("the same part twice is copied, not shared")
    func repeatedPart() throws {
        var builder = Builder()
        let x = builder.tensor("x", [1, 64])
        let part = builder.tensor("part", [1, 64])
        let whole = builder.tensor("whole", [2, 64])
        builder.node(.unary(.relu), [x], part)
        builder.node(.concatenation(axis: 0), [part, part], whole)
        let model = try LoadedModel(planned: try builder.planned([x], [whole]))
        let input = (0..<64).map { UInt8($0) }
        #expect(try model.infer([input]) == [input + input])
    }

    @Test("an output that is an input is that input")
    func identity() throws {
        var builder = Builder()
        let x = builder.tensor("x", [2, 8])
        let y = builder.tensor("y", [16])
        builder.node(.reshape, [x], y)
        let model = try LoadedModel(planned: try builder.planned([x], [y]))
        let input = (0..<16).map { UInt8($0) }
        #expect(try model.infer([input]) == [input])
    }

    @Test("an arena beyond the target's budget is refused with both numbers")
    func budget() throws {
        var builder = Builder()
        let x = builder.tensor("x", [64])
        let y = builder.tensor("y", [64])
        builder.node(.softmax(beta: 1), [x], y)
        builder.graph[y].quantization = Quantization(scale: 1 / 256, zeroPoint: -128)
        var target = TargetProfile.test
        target.arenaBytes = 127
        #expect(throws: PlannerError.arenaTooLarge(sizeBytes: 128, limitBytes: 127)) {
            _ = try builder.planned([x], [y], target: target)
        }
    }

    @Test("everything that cannot be lowered is reported at once")
    func problems() throws {
        var builder = Builder()
        let x = builder.tensor("x", [1, 2, 2, 1])
        let hidden = builder.tensor("hidden", [1, 2, 2, 1], scale: 4)
        let y = builder.tensor("y", [1, 2, 2, 1])
        let window = Window2D()
        builder.node(.averagePool2D(height: 1, width: 1, window, .none), [x], hidden)
        builder.node(.softmax(beta: 1), [hidden], y)
        do {
            _ = try builder.planned([x], [y])
            Issue.record("planned")
        } catch let PlannerError.unsupported(problems) {
            #expect(problems.map(\.node) == ["node0", "node1"])
            #expect(problems.map(\.operatorName) == ["AveragePool2D", "Softmax"])
        }
    }

    @Test("a model without weights has no empty section, for which an image has no place")
    func emptySections() throws {
        var builder = Builder()
        let x = builder.tensor("x", [2, 8])
        let y = builder.tensor("y", [8, 2])
        builder.node(.transpose(permutation: [1, 0]), [x], y)
        let planned = try builder.planned([x], [y])
        for section in [planned.weights, planned.scales, planned.constants] {
            #expect(section == [UInt8](repeating: 0, count: 64))
        }
    }

    @Test("the same graph gives the same bytes")
    func determinism() throws {
        let programs = try (0..<2).map { _ in
            var builder = Builder()
            let ids = (0..<6).map { builder.tensor("t\($0)", [96]) }
            for step in 0..<5 { builder.node(.unary(.logistic), [ids[step]], ids[step + 1]) }
            return try builder.planned([ids[0]], [ids[5]])
        }
        #expect(programs[0].program == programs[1].program)
        #expect(programs[0].constants == programs[1].constants)
    }
}
