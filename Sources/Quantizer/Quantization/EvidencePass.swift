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
        guard let truth else { return settle(output, isCompared: false) }
        try evaluate(truth, in: float, &truths)
        let shift = node.operator.isProduct && correctsBiases ? correctBias(index, output) : []
        settle(output, shift: shift, activation: node.operator.activation ?? .none)
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
    ///
    /// - Returns: what was added to each channel; empty when no bias moved.
    private mutating func correctBias(_ index: Int, _ output: TensorID) -> [Double] {
        guard let channels = float[output].shape.last, channels > 0,
            let (_, steps) = quantizer.graph.biasSteps(of: quantizer.graph.nodes[index])
        else { return [] }
        let (truths, values) = (truths, values)
        let parts = Computation.onAllCores(values.count) { sample in
            let (truth, value) = (truths[sample][output.index], values[sample][output.index])
            return truth.flatMap { truth in value.map { $0.channelDifferences(from: truth) } } ?? []
        }
        var sums = [Double](repeating: 0, count: channels)
        var count = 0
        for part in parts where part.count == channels {
            for channel in 0..<channels { sums[channel] += part[channel] }
            count += float[output].elementCount / channels
        }
        guard count > 0 else { return [] }
        // Only whole steps are stored.
        let shift = zip(sums, steps).map { sum, step in
            (sum / Double(count) / step).rounded(.toNearestOrAwayFromZero) * step
        }
        guard shift.contains(where: { $0 != 0 }) else { return [] }
        quantizer.shiftBias(ofNode: index, by: shift)
        correctedCount += 1
        return shift
    }

    /// Clamps both sides of a tensor, rounds the integer side to its steps, and compares them.
    private mutating func settle(
        _ id: TensorID,
        shift: [Double] = [],
        activation: Activation = .none,
        isCompared: Bool = true
    ) {
        let rounding = quantizer.graph[id].quantization.map {
            Settlement(shift: shift, activation, $0, quantizer.graph[id].type)
        }
        guard let rounding else { return }
        let (truths, values) = (truths, values)
        let settled = Computation.onAllCores(values.count) { sample in
            rounding.settled(
                isCompared ? truths[sample][id.index] : nil,
                values[sample][id.index]
            )
        }
        var sum = SignalNoise()
        for (sample, sides) in settled.enumerated() {
            if isCompared { self.truths[sample][id.index] = sides.truth }
            self.values[sample][id.index] = sides.value
            sum.add(sides.noise)
        }
        if isCompared { noise[id.index] = sum }
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
    /// - Returns: indices of tensors, by node.
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

/// What happens to both sides of a tensor once its node is computed.
private struct Settlement: Sendable {
    private let shift: [Double]
    private let activation: Activation
    private let scale: Double
    /// The stored integers less the zero point.
    private let limits: ClosedRange<Double>

    init(
        shift: [Double],
        _ activation: Activation,
        _ quantization: Quantization,
        _ type: DataType
    ) {
        self.shift = shift
        self.activation = activation
        scale = Double(quantization.scales[0])
        let (limits, zero) = (StoredRange.limits(type), Double(quantization.zeroPoints[0]))
        self.limits = limits.lowerBound - zero...limits.upperBound - zero
    }

    func settled(
        _ truth: FloatTensor?,
        _ value: FloatTensor?
    ) -> (truth: FloatTensor?, value: FloatTensor?, noise: SignalNoise) {
        var truths = truth?.values ?? []
        guard var values = value?.values else { return (truth, value, SignalNoise()) }
        var noise = SignalNoise()
        var channel = 0
        let isClamped = activation != .none
        for place in values.indices {
            var real = Double(values[place])
            if !shift.isEmpty {
                // As if the bias had been so from the beginning, in single precision.
                real = Double(Float(real + shift[channel]))
                channel = channel + 1 == shift.count ? 0 : channel + 1
            }
            if isClamped { real = activation.apply(real) }
            // NaN would have no integer; maximum and minimum drop it.
            let steps = Double.maximum(limits.lowerBound, StoredRange.nearest(real / scale))
            values[place] = Float(scale * Double.minimum(limits.upperBound, steps))
            guard place < truths.count else { continue }
            if isClamped { truths[place] = Float(activation.apply(Double(truths[place]))) }
            noise.add(Double(truths[place]), Double(values[place]))
        }
        return (
            truth.map { FloatTensor(proved: $0.shape, truths) },
            value.map { FloatTensor(proved: $0.shape, values) },
            noise
        )
    }
}

extension FloatTensor {
    /// For each channel the sum of what another tensor is larger.
    fileprivate func channelDifferences(from truth: FloatTensor) -> [Double] {
        let channels = shape.last ?? 1
        var sums = [Double](repeating: 0, count: channels)
        for start in stride(from: 0, to: values.count, by: max(1, channels)) {
            for channel in 0..<channels {
                sums[channel] +=
                    Double(truth.values[start + channel]) - Double(values[start + channel])
            }
        }
        return sums
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
