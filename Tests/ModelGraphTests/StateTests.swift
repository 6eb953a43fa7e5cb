import ModelGraph
import Testing

@Suite("States of a graph")
struct StateTests {
    /// `y = max(x, old)`, which is kept as the next `old`.
    private var running: Graph {
        var graph = Graph(name: "g")
        let quantization = Quantization(scale: 0.5, zeroPoint: 3)
        func tensor(_ name: String) -> TensorID {
            graph.add(Tensor(name: name, shape: [4], type: .int8, quantization: quantization))
        }
        let (x, old, y) = (tensor("x"), tensor("old"), tensor("y"))
        graph.nodes = [
            Node(name: "n", operator: .binary(.maximum, .none), inputs: [x, old], outputs: [y])
        ]
        graph.inputs = [Port(name: "x", tensor: x, externalType: .int8)]
        graph.outputs = [Port(name: "y", tensor: y, externalType: .int8)]
        graph.states = [State(name: "s", tensor: old, next: y, initial: [3, 3, 3, 3])]
        return graph
    }

    @Test("a state is a value before the first node")
    func accepts() throws {
        try running.validate()
        var broken = running
        broken.states = []
        #expect(throws: GraphError.tensorUsedBeforeProduced(node: "n", tensor: "old")) {
            try broken.validate()
        }
    }

    @Test("a state's tensor is written by nothing else, and by one state only")
    func writtenOnce() {
        var broken = running
        broken.states[0].tensor = broken.inputs[0].tensor
        #expect(throws: GraphError.tensorWrittenTwice(node: "state", tensor: "x")) {
            try broken.validate()
        }
        broken = running
        broken.states.append(broken.states[0])
        #expect(throws: GraphError.tensorWrittenTwice(node: "state", tensor: "old")) {
            try broken.validate()
        }
        broken = running
        broken.nodes[0].outputs = [broken.states[0].tensor]
        #expect(throws: GraphError.tensorWrittenTwice(node: "n", tensor: "old")) {
            try broken.validate()
        }
    }

    @Test("a state's next value exists, is computed and is of the state's kind")
    func next() {
        var broken = running
        broken.states[0].next = TensorID(9)
        #expect(
            throws: GraphError.tensorOutOfRange(
                place: "the next value of state 's'",
                index: 9,
                count: 3
            )
        ) { try broken.validate() }
        broken = running
        broken.states[0].next = broken.add(broken[broken.outputs[0].tensor])
        #expect(throws: GraphError.tensorUsedBeforeProduced(node: "state", tensor: "y")) {
            try broken.validate()
        }
        for change in 0..<3 {
            broken = running
            var kind = broken[broken.states[0].tensor]
            if change == 0 { kind.shape = [2, 2] }
            if change == 1 { kind.quantization = Quantization(scale: 0.25, zeroPoint: 3) }
            if change == 2 { kind.type = .uint8 }
            broken[broken.states[0].tensor] = kind
            let error = #expect(throws: GraphError.self) { try broken.validate() }
            guard case .stateMismatch("s", _) = error else {
                Issue.record("change \(change): \(String(describing: error))")
                continue
            }
        }
    }

    @Test("a state has the initial bytes of its shape", arguments: [0, 3, 5])
    func initial(count: Int) {
        var broken = running
        broken.states[0].initial = [UInt8](repeating: 3, count: count)
        #expect(
            throws: GraphError.stateMismatch(
                state: "s",
                detail: "\(count) initial bytes where 4 are needed"
            )
        ) { try broken.validate() }
    }

    @Test("states beyond the limit are refused")
    func limit() {
        var broken = running
        let state = broken.states[0]
        broken.states = Array(repeating: state, count: GraphLimits.stateCountMax + 1)
        #expect(throws: GraphError.self) { try broken.validate() }
    }
}

@Suite("Long short-term memory in a graph")
struct LongShortTermMemoryTests {
    /// Shapes of a layer of 3 units on 2 sequences of 5 steps of 4 values.
    private static let inputs: [[Int]] =
        [[2, 5, 4]] + Array(repeating: [3, 4], count: 4) + Array(repeating: [3, 3], count: 4)
        + Array(repeating: [3], count: 4) + [[2, 3], [2, 3]]
    private static let outputs = [[2, 5, 3], [2, 3], [2, 3]]

    private func layer(
        _ memory: LongShortTermMemory = LongShortTermMemory(),
        inputs: [[Int]] = Self.inputs,
        outputs: [[Int]] = Self.outputs
    ) -> Graph {
        var graph = Graph(name: "g")
        func tensor(_ shape: [Int]) -> TensorID {
            graph.add(Tensor(name: "t", shape: shape, type: .float32))
        }
        let (ids, results) = (inputs.map(tensor), outputs.map(tensor))
        graph.nodes = [
            Node(
                name: "n",
                operator: .longShortTermMemory(memory),
                inputs: ids,
                outputs: results
            )
        ]
        return graph
    }

    private func prove(_ graph: Graph) throws(GraphError) {
        try graph.proveOperands(of: graph.nodes[0])
        try graph.proveShapes(of: graph.nodes[0])
    }

    @Test("the shapes of a layer follow from its sequence and its units, batch or time first")
    func shapes() throws {
        try prove(layer())
        var inputs = Self.inputs
        inputs[0] = [5, 2, 4]
        let timeMajor = LongShortTermMemory(isTimeMajor: true)
        try prove(layer(timeMajor, inputs: inputs, outputs: [[5, 2, 3], [2, 3], [2, 3]]))
        #expect(throws: GraphError.self) { try prove(layer(inputs: inputs)) }
        #expect(layer().multiplyAccumulateCount == 2 * 5 * 4 * 3 * (4 + 3))
    }

    @Test("every operand and output of another shape is refused", arguments: 0..<18)
    func wrongShape(place: Int) {
        var (inputs, outputs) = (Self.inputs, Self.outputs)
        if place < 15 { inputs[place][0] += 1 } else { outputs[place - 15][0] += 1 }
        let graph = layer(inputs: inputs, outputs: outputs)
        #expect(throws: GraphError.self) { try prove(graph) }
    }

    @Test("a layer has fifteen operands and three outputs, and a finite bound")
    func operands() {
        let few = layer(inputs: Self.inputs.dropLast())
        #expect(throws: GraphError.self) { try prove(few) }
        let single = layer(outputs: [[2, 5, 3]])
        #expect(throws: GraphError.self) { try prove(single) }
        for clip in [-1, Float.infinity, .nan] {
            let graph = layer(LongShortTermMemory(cellClip: clip))
            #expect(throws: GraphError.self) { try prove(graph) }
        }
    }
}
