import InferenceRuntime
import ModelGraph
import ModelImport
import Testing

@testable import Planner

@Suite("Plans of models that keep state")
struct StatePlanTests {
    private static let vectors = [
        "lstm", "lstm_stacked", "variable_window", "variable_window_aligned", "variable_swapped",
        "variable_assigned_then_read", "variable_read_twice", "variable_delayed_input",
        "variable_never_assigned", "variable_running_maximum",
    ]

    @Test("a state's memory is its own from the first step to the caller", arguments: vectors)
    func memory(name: String) throws {
        let graph = try importModel(try OperatorVectors.model(name), name: name)
        let planned = try LoadedModel(graph).planned
        let blocks = planned.arenaPlan.blocks
        let end = blocks.map(\.lastStep).max() ?? 0
        for state in graph.states {
            let tensor = graph[state.tensor].name
            let block = try #require(blocks.first { $0.tensors.contains(tensor) })
            #expect(block.firstStep == 0 && block.lastStep == end)
            for other in blocks where other != block {
                let isApart =
                    other.offset >= block.offset + block.sizeBytes
                    || block.offset >= other.offset + other.sizeBytes
                #expect(isApart, "\(tensor) beside \(other.tensors)")
            }
        }
    }

    @Test("hidden values and cell are updated where they lie, and a window moves once")
    func copies() throws {
        func operators(_ name: String) throws -> Int {
            try LoadedModel(importModel(try OperatorVectors.model(name), name: name))
                .program.operatorCount
        }
        #expect(try operators("lstm") == 1)
        // Two copies join the window, one keeps its end.
        #expect(try operators("variable_window") == 3)
    }

    /// A layer of one unit whose first hidden values and cell are given, not kept.
    private func layer(keepsState: Bool, readsState: Bool) -> Graph {
        var graph = Graph(name: "g")
        func tensor(
            _ name: String,
            _ shape: [Int],
            _ type: DataType = .int8,
            scale: Float = 1 / 128,
            zeroPoint: Int32 = 0,
            constant: [UInt8]? = nil
        ) -> TensorID {
            graph.add(
                Tensor(
                    name: name,
                    shape: shape,
                    type: type,
                    quantization: Quantization(scale: scale, zeroPoint: zeroPoint),
                    constant: constant
                )
            )
        }
        let x = tensor("x", [1, 2, 1])
        let weights = (0..<8).map { tensor("w\($0)", [1, 1], scale: 0.02, constant: [100]) }
        let bias = (0..<4).map { tensor("b\($0)", [1], .int32, constant: [0, 0, 0, 0]) }
        let isGiven = !keepsState
        let hidden = tensor("h", [1, 1], constant: isGiven ? [64] : nil)
        let cell = tensor("c", [1, 1], .int16, scale: 0x1p-11, constant: isGiven ? [0, 8] : nil)
        let y = tensor("y", [1, 2, 1])
        let (nextHidden, nextCell) = (
            tensor("h'", [1, 1]), tensor("c'", [1, 1], .int16, scale: 0x1p-11)
        )
        graph.nodes = [
            Node(
                name: "lstm",
                operator: .longShortTermMemory(LongShortTermMemory()),
                inputs: [x] + weights + bias + [hidden, cell],
                outputs: [y, nextHidden, nextCell]
            )
        ]
        graph.inputs = [Port(name: "x", tensor: x, externalType: .int8)]
        graph.outputs = [Port(name: "y", tensor: y, externalType: .int8)]
        if readsState { graph.outputs.append(Port(name: "h", tensor: hidden, externalType: .int8)) }
        if keepsState {
            graph.states = [
                State(name: "h", tensor: hidden, next: nextHidden, initial: [64]),
                State(name: "c", tensor: cell, next: nextCell, initial: [0, 8]),
            ]
        }
        return graph
    }

    @Test("hidden values that are not the layer's own state are copied before it writes them")
    func copiedStates() throws {
        let sample: [[UInt8]] = [[30, 226]]
        let kept = try LoadedModel(layer(keepsState: true, readsState: false))
            .inferSequence([sample, sample])
        let given = try LoadedModel(layer(keepsState: false, readsState: false))
            .inferSequence([sample, sample])
        let read = try LoadedModel(layer(keepsState: true, readsState: true))
            .inferSequence([sample, sample])
        // From the same values the same output; afterwards only the state has moved on.
        #expect(given[0] == kept[0] && given[1] == kept[0] && kept[1] != kept[0])
        #expect(read.map { $0[0] } == kept.map { $0[0] })
        // The second output is what the inference found, which is the last step before.
        #expect(read.map { $0[1] } == [[64], [kept[0][0][1]]])
    }

    @Test("a layer whose scales have no fixed-point form is refused")
    func scales() throws {
        let broken: [(name: String, scale: Float)] = [
            ("c", 0x1p-8), ("c", 0x1p-16), ("c", 0.0005), ("h", 1 / 64), ("w3", 1e12),
        ]
        for (name, scale) in broken {
            var graph = layer(keepsState: true, readsState: false)
            for index in graph.tensors.indices {
                let isNamed = graph.tensors[index].name.hasPrefix(name)
                if isNamed { graph.tensors[index].quantization?.scales = [scale] }
            }
            #expect(throws: PlannerError.self, "\(name) \(scale)") { try LoadedModel(graph) }
        }
    }
}
