import ModelGraph

/// Runs a float graph and its integer form side by side over the kept samples, node by node.
///
/// The integer side is simulated in real numbers: constants are those that the stored integers
/// stand for, and every activation is rounded to the steps of its tensor. All samples pass a node
/// before the next one begins, so that biases can be corrected in sequence: a node's correction
/// sees the errors of all nodes before it, corrected themselves.
struct EvidencePass {
    private let float: Graph
    /// The integer form, with the biases as corrected so far.
    var quantizer: GraphQuantizer
    private let correctsBiases: Bool
    private let compensatesRounding: Bool
    /// The values of each sample, by tensor, on either side.
    private var truths: [[Int: FloatTensor]]
    private(set) var values: [[Int: FloatTensor]]
    /// Signal and noise of each tensor that a node writes or that enters the graph.
    private(set) var noise: [Int: SignalNoise] = [:]
    /// The number of products whose bias was moved by at least one step.
    private(set) var correctedCount = 0
    /// How many samples have their largest first output at the same place on both sides.
    private(set) var agreementCount = 0

    /// - Parameters:
    ///   - float: the float graph.
    ///   - quantizer: its integer form.
    ///   - evidence: samples for every input of the graph.
    ///   - correctsBiases: whether to correct biases on the way.
    ///   - compensatesRounding: whether to round weights anew on the way.
    /// - Throws: `InterpreterError` when a node cannot be computed.
    init(
        _ float: Graph,
        _ quantizer: GraphQuantizer,
        evidence: [[FloatTensor]],
        correctsBiases: Bool,
        compensatesRounding: Bool = false
    ) throws(InterpreterError) {
        self.float = float
        self.compensatesRounding = compensatesRounding
        self.quantizer = quantizer
        self.correctsBiases = correctsBiases
        truths = evidence.map { sample in
            Dictionary(
                zip(float.inputs.map(\.tensor.index), sample),
                uniquingKeysWith: { first, _ in first }
            )
        }
        values = truths
        for port in float.inputs { settle(port.tensor) }
        let truthOfOutput = Dictionary(
            float.nodes.map { ($0.outputs[0], $0) },
            uniquingKeysWith: { first, _ in first }
        )
        let lastReads = quantizer.graph.lastReads(truthOfOutput)
        for index in quantizer.graph.nodes.indices {
            let node = quantizer.graph.nodes[index]
            try compute(index, node, truth: truthOfOutput[node.outputs[0]])
            for sample in truths.indices {
                for tensor in lastReads[index] {
                    truths[sample][tensor] = nil
                    values[sample][tensor] = nil
                }
            }
        }
        countAgreement()
    }

    private mutating func compute(
        _ index: Int,
        _ node: Node,
        truth: Node?
    ) throws(InterpreterError) {
        let output = node.outputs[0]
        if compensatesRounding, node.operator.isProduct, let truth {
            compensateRounding(index, truth: truth)
        }
        try evaluate(quantizer.graph.nodes[index], in: quantizer.graph, &values)
        // A requantization has no counterpart in floating point.
        guard let truth else { return round(output) }
        try evaluate(truth, in: float, &truths)
        if node.operator.isProduct, correctsBiases { correctBias(index, output) }
        if let activation = node.operator.activation, activation != .none {
            for sample in values.indices {
                truths[sample][output.index]?.change { Float(activation.apply(Double($0))) }
                values[sample][output.index]?.change { Float(activation.apply(Double($0))) }
            }
        }
        settle(output)
    }

    /// Computes a node without its clamp on every sample.
    private func evaluate(
        _ node: Node,
        in graph: Graph,
        _ values: inout [[Int: FloatTensor]]
    ) throws(InterpreterError) {
        let constants = graph.realConstants(of: node)
        var open = node
        open.operator = node.operator.with(.none)
        var packed: PackedWeights?
        if let place = open.operator.packedInput, let weights = constants[place],
            let x = node.inputs[0]
        {
            packed = PackedWeights(weights, for: open.operator, input: graph[x].shape)
        }
        let output = node.outputs[0]
        let fill = graph.realFill(of: node)
        let (call, given) = (open, values)
        let weights = packed
        let results = Computation.onAllCores(given.count) { sample in
            Result<[Float], InterpreterError> { () throws(InterpreterError) in
                let operands = zip(node.inputs, constants).map { input, constant in
                    constant ?? input.flatMap { given[sample][$0.index] }
                }
                return try NodeCall(
                    node: call,
                    inputs: operands,
                    outputShape: graph[output].shape,
                    packed: weights
                ).run(fill: fill)
            }
        }
        for (sample, result) in results.enumerated() {
            let elements = try result.get()
            values[sample][output.index] = FloatTensor(proved: graph[output].shape, elements)
        }
    }

    /// Moves each channel's bias by the mean difference of both sides before the clamp
    /// (Nagel and others 2019, section 4.2, measured instead of estimated).
    private mutating func correctBias(_ index: Int, _ output: TensorID) {
        guard let channels = float[output].shape.last,
            let (_, steps) = quantizer.graph.biasSteps(of: quantizer.graph.nodes[index])
        else { return }
        var sums = [Double](repeating: 0, count: channels)
        var count = 0
        for (truth, value) in zip(truths, values) {
            guard let truth = truth[output.index], let value = value[output.index] else { continue }
            for position in truth.values.indices {
                sums[position % channels] +=
                    Double(truth.values[position]) - Double(value.values[position])
            }
            count += truth.values.count / channels
        }
        guard count > 0 else { return }
        // Only whole steps are stored.
        let shift = zip(sums, steps).map { sum, step in
            (sum / Double(count) / step).rounded(.toNearestOrAwayFromZero) * step
        }
        guard shift.contains(where: { $0 != 0 }) else { return }
        quantizer.shiftBias(ofNode: index, by: shift)
        correctedCount += 1
        for sample in values.indices {
            values[sample][output.index]?.shiftChannels(by: shift)
        }
    }

    /// Rounds the integer side of a tensor to its steps.
    private mutating func round(_ id: TensorID) {
        guard let quantization = quantizer.graph[id].quantization else { return }
        let type = quantizer.graph[id].type
        for sample in values.indices {
            guard let value = values[sample][id.index] else { continue }
            let rounded = StoredRange.rounded(value.values, quantization, type)
            values[sample][id.index] = FloatTensor(proved: value.shape, rounded)
        }
    }

    /// Rounds a tensor and compares both sides.
    private mutating func settle(_ id: TensorID) {
        round(id)
        var sum = SignalNoise()
        for (truth, value) in zip(truths, values) {
            guard let truth = truth[id.index], let value = value[id.index] else { continue }
            sum.add(truth, value)
        }
        noise[id.index] = sum
    }

    private mutating func countAgreement() {
        guard let output = float.outputs.first?.tensor.index else { return }
        agreementCount = zip(truths, values).reduce(0) { count, sides in
            let (truth, value) = (sides.0[output], sides.1[output])
            return count + (truth?.largestIndex == value?.largestIndex ? 1 : 0)
        }
    }
}

extension Graph {
    /// The operands of a node that are constants, as real numbers.
    fileprivate func realConstants(of node: Node) -> [FloatTensor?] {
        var constants = node.inputs.map { input -> FloatTensor? in
            guard let input, let values = self[input].realValues() else { return nil }
            return FloatTensor(proved: self[input].shape, values)
        }
        if let (id, steps) = biasSteps(of: node) {
            let reals = zip(storedBias(id) ?? [], steps).map { Float($0 * $1) }
            constants[2] = FloatTensor(proved: self[id].shape, reals)
        }
        return constants
    }

    /// For each node the tensors that nothing reads after it, on either side.
    ///
    /// - Parameter truths: the float node that writes each tensor.
    fileprivate func lastReads(_ truths: [TensorID: Node]) -> [[Int]] {
        var reader = [Int?](repeating: nil, count: tensors.count)
        for (index, node) in nodes.enumerated() {
            let truth = truths[node.outputs[0]]?.inputs ?? []
            for id in (node.inputs + truth).compactMap({ $0 }) + node.outputs {
                reader[id.index] = index
            }
        }
        for port in outputs { reader[port.tensor.index] = nil }
        var result = [[Int]](repeating: [], count: nodes.count)
        for (tensor, node) in reader.enumerated() {
            if let node { result[node].append(tensor) }
        }
        return result
    }
}

extension FloatTensor {
    fileprivate mutating func change(_ function: (Float) -> Float) {
        self = FloatTensor(proved: shape, values.map(function))
    }

    fileprivate mutating func shiftChannels(by shift: [Double]) {
        let shifted = values.indices.map { Float(Double(values[$0]) + shift[$0 % shift.count]) }
        self = FloatTensor(proved: shape, shifted)
    }

    /// The place of the first of the largest elements.
    fileprivate var largestIndex: Int {
        values.indices.reduce(0) { values[$1] > values[$0] ? $1 : $0 }
    }
}

extension EvidencePass {
    /// The lowest signal to noise of what the outputs are made of, in decibels; infinite without
    /// an error.
    ///
    /// Behind a softmax a few samples near a decision hold nearly all noise, so that the number
    /// would say more about the samples than about the integers; before it all samples count.
    func scoreDecibels(_ float: Graph) -> Double {
        float.outputs.map { noise[float.scores(of: $0.tensor).index]?.decibels ?? .infinity }.min()
            ?? .infinity
    }
}

extension Graph {
    /// What a softmax or sigmoid at the end of the graph turns into an output.
    fileprivate func scores(of output: TensorID) -> TensorID {
        var id = output
        while let node = nodes.first(where: { $0.outputs.contains(id) }),
            let input = node.inputs[0],
            node.operator.isSquashing
        {
            id = input
        }
        return id
    }
}

extension Operator {
    fileprivate var isSquashing: Bool {
        switch self {
        case .softmax, .logSoftmax, .unary(.logistic), .unary(.tanh), .reshape, .requantize: true
        default: false
        }
    }
}
