public import ModelGraph

/// Runs a graph in floating point: what the model means, before any integer rounds it.
///
/// Products are summed in double precision, and every tensor is rounded once to single precision.
/// A quantized graph runs on the real numbers that its integers stand for: constants are
/// dequantized, nodes that only change the integers behind a number (`quantize`, `dequantize`,
/// `requantize`) hand their input on, and activations saturate where their integers do. Indices and
/// truth values travel as real numbers, which are exact below 2²⁴.
///
/// The same inputs give the same outputs on every machine up to the last bits of the system's
/// mathematical functions.
public struct ReferenceInterpreter: Sendable {
    let graph: Graph
    /// The real numbers of constants.
    private let constants: [Int: FloatTensor]
    /// Weights in the order in which products read them, by node.
    let packed: [Int: PackedWeights]
    /// The node behind which a tensor is not needed any more.
    private let lastUse: [Int]
    /// What the graph's states hold before the first run.
    public let initialState: InterpreterState

    /// Prepares a graph.
    ///
    /// - Throws: `InterpreterError` when the graph breaks a rule or a constant has no real values.
    public init(_ graph: Graph) throws(InterpreterError) {
        do throws(GraphError) {
            try graph.proveWellFormed()
        } catch {
            throw .graph(error)
        }
        var constants: [Int: FloatTensor] = [:]
        for (index, tensor) in graph.tensors.enumerated() where tensor.constant != nil {
            guard let values = tensor.realValues() else {
                throw .constantUnreadable(tensor: tensor.name, type: tensor.type)
            }
            constants[index] = FloatTensor(proved: tensor.shape, values)
        }
        try graph.restoreBiases(&constants)
        var packed: [Int: PackedWeights] = [:]
        for (index, node) in graph.nodes.enumerated() {
            guard let id = node.operator.packedInput, let weights = node.inputs[id],
                let values = constants[weights.index]
            else { continue }
            packed[index] = PackedWeights(values, for: node.operator, input: graph.shape(node, 0))
        }
        initialState = try InterpreterState(graph)
        self.graph = graph
        self.constants = constants
        self.packed = packed
        lastUse = graph.lastUses()
    }

    /// Runs the graph once, from the initial values of its states.
    ///
    /// - Parameters:
    ///   - inputs: one tensor a port, in the ports' order, each of its port's shape.
    ///   - observe: is told every activation when it is known, inputs included.
    /// - Returns: One tensor an output port, in the ports' order.
    /// - Throws: `InterpreterError` when the inputs do not fit, or an index picks nothing.
    public func run(
        _ inputs: [FloatTensor],
        observe: ((TensorID, FloatTensor) -> Void)? = nil
    ) throws(InterpreterError) -> [FloatTensor] {
        var state = initialState
        return try run(inputs, state: &state, observe: observe)
    }

    /// Runs the graph once, and leaves in `state` what it keeps for the next run.
    ///
    /// - Parameters:
    ///   - inputs: one tensor a port, in the ports' order, each of its port's shape.
    ///   - state: `initialState`, or what a run of this interpreter left.
    ///   - observe: is told every activation when it is known, inputs and states included.
    /// - Returns: One tensor an output port, in the ports' order.
    /// - Throws: `InterpreterError` when the inputs do not fit, or an index picks nothing; then the
    ///   state is as before.
    public func run(
        _ inputs: [FloatTensor],
        state: inout InterpreterState,
        observe: ((TensorID, FloatTensor) -> Void)? = nil
    ) throws(InterpreterError) -> [FloatTensor] {
        var values = try startingValues(inputs, state)
        if let observe {
            for id in graph.inputs.map(\.tensor) + graph.states.map(\.tensor) {
                if let value = values[id.index] { observe(id, value) }
            }
        }
        for (index, node) in graph.nodes.enumerated() {
            let results = try results(of: node, index, values)
            for (output, result) in zip(node.outputs, results) {
                let tensor = graph[output]
                let value = FloatTensor(proved: tensor.shape, tensor.saturated(result))
                values[output.index] = value
                observe?(output, value)
            }
            for case let input? in node.inputs where lastUse[input.index] == index {
                values[input.index] = nil
            }
        }
        // Validation proved that each of these is an input, a constant or written by a node.
        state.values = graph.states.compactMap { values[$0.next.index] }
        return graph.outputs.compactMap { values[$0.tensor.index] }
    }

    /// The values that are known before the first node.
    private func startingValues(
        _ inputs: [FloatTensor],
        _ state: InterpreterState
    ) throws(InterpreterError) -> [Int: FloatTensor] {
        guard inputs.count == graph.inputs.count else {
            throw .inputCountMismatch(given: inputs.count, needed: graph.inputs.count)
        }
        var values = constants
        for (port, input) in zip(graph.inputs, inputs) {
            guard input.shape == graph[port.tensor].shape else {
                throw .inputShapeMismatch(
                    port: port.name,
                    given: input.shape,
                    needed: graph[port.tensor].shape
                )
            }
            let tensor = graph[port.tensor]
            values[port.tensor.index] = FloatTensor(
                proved: input.shape,
                tensor.saturated(input.values)
            )
        }
        for (place, value) in zip(graph.states, state.values) {
            values[place.tensor.index] = value
        }
        return values
    }

    /// The elements of each of a node's outputs.
    private func results(
        of node: Node,
        _ index: Int,
        _ values: [Int: FloatTensor]
    ) throws(InterpreterError) -> [[Float]] {
        let call = NodeCall(
            node: node,
            inputs: node.inputs.map { $0.flatMap { values[$0.index] } },
            outputShape: graph[node.outputs[0]].shape,
            packed: packed[index]
        )
        if case .longShortTermMemory(let memory) = node.operator {
            return call.longShortTermMemory(memory)
        }
        return [try call.run(fill: graph.realFill(of: node))]
    }
}

extension Graph {
    /// The shape of an operand that was proved to be there.
    fileprivate func shape(_ node: Node, _ operand: Int) -> [Int] {
        node.inputs[operand].map { self[$0].shape } ?? []
    }

    /// For each tensor the last node that reads it; the node count for constants and for what
    /// leaves the run.
    fileprivate func lastUses() -> [Int] {
        var last = tensors.map { $0.constant == nil ? -1 : nodes.count }
        for (index, node) in nodes.enumerated() {
            for case let input? in node.inputs { last[input.index] = max(last[input.index], index) }
        }
        for id in resultTensors { last[id.index] = nodes.count }
        return last
    }

    /// The real number that a pad is filled with.
    func realFill(of node: Node) -> Float {
        guard case .pad(_, _, let fill?) = node.operator, let id = node.inputs.first ?? nil else {
            return 0
        }
        return self[id].quantization?.real(Float(fill)) ?? Float(fill)
    }

    /// The elements of a constant bias of int32 or int64; `nil` for another tensor.
    func storedBias(_ id: TensorID) -> [Double]? {
        guard let bytes = self[id].constant else { return nil }
        switch self[id].type {
        case .int32: return LittleEndian.int32s(bytes).map { Double($0) }
        case .int64: return LittleEndian.int64s(bytes).map { Double($0) }
        default: return nil
        }
    }

    /// Gives the integer biases of quantized products their scale, which follows from input and
    /// weights (fixed-point-spec, section 1).
    fileprivate func restoreBiases(
        _ constants: inout [Int: FloatTensor]
    ) throws(InterpreterError) {
        for (node, biasInput, weightInput) in nodes.flatMap(\.biasedProducts) {
            guard let bias = node.inputs[biasInput], let weights = node.inputs[weightInput],
                let x = node.inputs[0], let input = self[x].quantization,
                let scales = self[weights].quantization?.scales,
                let words = storedBias(bias)
            else { continue }
            let values = words.enumerated().map { index, value in
                let scale = scales.count == 1 ? scales[0] : scales[index % scales.count]
                return Float(value * Double(input.scales[0]) * Double(scale))
            }
            constants[bias.index] = FloatTensor(proved: self[bias].shape, values)
        }
    }
}

extension Node {
    /// The operands that are the bias of a product of the first operand, with its weights.
    fileprivate var biasedProducts: [(node: Node, bias: Int, weights: Int)] {
        if case .longShortTermMemory(let memory) = self.operator {
            return zip(memory.biasInputs, memory.weightInputs).map { (self, $0, $1) }
        }
        return self.operator.packedInput != nil && inputs.count == 3 ? [(self, 2, 1)] : []
    }
}
