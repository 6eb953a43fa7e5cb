import InferenceRuntime
import ModelGraph

/// Translates the nodes of a graph into the runtime's operators.
///
/// Each `lower…` method proves what its kernel relies on and throws what it cannot prove; the
/// faults of all nodes are collected.
struct Lowering {
    let graph: Graph
    var program = LoweredProgram()
    /// The value of each tensor, by tensor index.
    private var valueOfTensor: [Int?]
    /// The node being lowered.
    var node: Node

    private init(_ graph: Graph) {
        self.graph = graph
        valueOfTensor = Array(repeating: nil, count: graph.tensors.count)
        node = Node(name: graph.name, operator: .reshape, inputs: [], outputs: [])
    }

    /// Lowers a whole graph, leaving out nodes that no output depends on.
    static func lower(_ graph: Graph) throws(PlannerError) -> LoweredProgram {
        var lowering = Lowering(graph)
        lowering.program.inputs = graph.inputs.map { lowering.value($0.tensor) }
        lowering.program.states = graph.states.map {
            LoweredState(
                name: $0.name,
                value: lowering.value($0.tensor),
                initial: $0.initial
            )
        }
        var problems: [PlanProblem] = []
        for node in graph.liveNodes() {
            do throws(PlanFault) {
                lowering.node = node
                try lowering.lowerNode()
            } catch {
                problems.append(
                    PlanProblem(node: node.name, operatorName: node.operator.name, fault: error)
                )
            }
        }
        guard problems.isEmpty else { throw .unsupported(problems) }
        lowering.program.outputs = graph.outputs.map { lowering.outputValue($0) }
        lowering.keepStates()
        return lowering.program
    }

    private mutating func lowerNode() throws(PlanFault) {
        switch node.operator {
        case .convolution2D(let window, let activation):
            try lowerConvolution(window, activation)
        case .depthwiseConvolution2D(let window, let multiplier, let activation):
            try lowerDepthwise(window, multiplier, activation)
        case .fullyConnected(let activation): try lowerFullyConnected(activation)
        case .averagePool2D(let height, let width, let window, let activation):
            try lowerPool(.averagePool2D, height, width, window, activation)
        case .maxPool2D(let height, let width, let window, let activation):
            try lowerPool(.maxPool2D, height, width, window, activation)
        case .binary(.multiply, let activation): try lowerMultiply(activation)
        case .binary(.add, let activation): try lowerAdd(activation, isSubtraction: false)
        case .binary(.subtract, let activation): try lowerAdd(activation, isSubtraction: true)
        case .binary(.maximum, let activation): try lowerMaximum(activation, isMinimum: false)
        case .binary(.minimum, let activation): try lowerMaximum(activation, isMinimum: true)
        case .unary(let kind): try lowerUnary(kind)
        case .requantize: try lowerRequantize()
        case .reduce(.mean, let axes, _): try lowerMean(axes)
        case .softmax(let beta): try lowerSoftmax(beta)
        case .reshape: try lowerReshape()
        case .transpose(let permutation): try lowerTranspose(permutation)
        case .pad(let before, let after, let fill): try lowerPad(before, after, fill)
        case .concatenation(let axis): try lowerConcatenation(axis)
        case .slice(let begin, let strides, let sizes): try lowerSlice(begin, strides, sizes)
        case .resizeBilinear(let mapping): try lowerResize(mapping, isBilinear: true)
        case .resizeNearest(let mapping): try lowerResize(mapping, isBilinear: false)
        case .argMax(let axis): try lowerArgMax(axis)
        case .longShortTermMemory(let memory): try lowerMemory(memory)
        case .quantize, .dequantize: throw .notInteger("floats are converted by the caller")
        default: try lowerRare()
        }
    }

    /// Operators that few models have, whose kernels know int8 only.
    private mutating func lowerRare() throws(PlanFault) {
        let tensors = node.inputs.compactMap { $0 } + node.outputs
        guard !tensors.contains(where: { graph[$0].type == .int16 }) else { throw .noKernel }
        switch node.operator {
        case .reduce(.sum, let axes, _): try lowerSum(axes)
        case .reduce(.maximum, let axes, _): try lowerExtremum(axes, isMinimum: false)
        case .reduce(.minimum, let axes, _): try lowerExtremum(axes, isMinimum: true)
        case .binary(.squaredDifference, let activation):
            try lowerSquaredDifference(activation)
        case .binary(.divide, let activation): try lowerDivide(activation)
        case .binary(let kind, let activation): try lowerPairTable(kind, activation)
        case .prelu: try lowerPrelu()
        case .transposeConvolution2D(let window, let activation):
            try lowerTransposeConvolution(window, activation)
        case .batchMatMul(let left, let right):
            try lowerBatchMatMul(transposesLeft: left, transposesRight: right)
        case .layerNormalization(let epsilon): try lowerLayerNormalization(epsilon)
        case .logSoftmax: try lowerLogSoftmax()
        case .gather(let axis): try lowerGather(axis)
        case .select: try lowerSelect()
        case .broadcast: try lowerBroadcast()
        case .tile(let multiples): try lowerTile(multiples)
        default: throw .noKernel
        }
    }

    // MARK: Values

    /// The value of a tensor, made when first asked for.
    mutating func value(_ id: TensorID) -> Int {
        if let known = valueOfTensor[id.index] { return known }
        let tensor = graph[id]
        let value = program.add(
            LoweredValue(
                name: tensor.name,
                shape: tensor.shape,
                // A program has no booleans: a condition is bytes, 0 or not.
                type: tensor.type == .bool ? .uint8 : tensor.type,
                scale: tensor.quantization?.scales.first ?? 0,
                zeroPoint: tensor.quantization?.zeroPoints.first ?? 0,
                constant: tensor.constant
            )
        )
        valueOfTensor[id.index] = value
        return value
    }

    /// The value of an input of the current node.
    mutating func input(_ number: Int) throws(PlanFault) -> Int {
        guard number < node.inputs.count, let id = node.inputs[number] else {
            throw .shapeMismatch("input \(number) is missing")
        }
        return value(id)
    }

    /// The value of the current node's output.
    mutating func output() -> Int { value(node.outputs[0]) }

    /// A temporary with the quantization of `like`.
    mutating func temporary(_ suffix: String, shape: [Int], like: Int) -> Int {
        var value = program.values[like]
        value.name += suffix
        value.shape = shape
        value.constant = nil
        value.view = nil
        return program.add(value)
    }

    /// A graph output that is a constant, or is kept where a state is, is copied to its own place.
    private mutating func outputValue(_ port: Port) -> Int {
        let source = value(port.tensor)
        let root = program.storage(of: source).root
        guard program.values[root].constant != nil || isState(root) else { return source }
        node.name = port.name
        let target = temporary(".output", shape: program.values[source].shape, like: source)
        copyWhole(source, to: target)
        return target
    }

    // MARK: Steps

    mutating func emit(
        _ opcode: Opcode,
        _ inputs: [Int],
        to output: Int,
        _ parameters: OperatorParameters,
        weights: [UInt8] = [],
        scales: [ScaleFactor] = [],
        constants: [UInt8] = [],
        contiguousTarget: Int? = nil
    ) {
        program.steps.append(
            LoweredStep(
                node: node.name,
                opcode: opcode,
                inputs: inputs,
                output: output,
                parameters: parameters,
                weights: weights,
                scales: scales,
                constants: constants,
                contiguousTarget: contiguousTarget
            )
        )
    }

    /// The bounds of a fused activation (2.6) in the output's stored integers.
    func clamp(_ activation: Activation, _ output: Int) -> Clamp {
        let value = program.values[output]
        let range = Clamp(rangeOf: value.type)
        func stored(_ real: Float) -> Int32 {
            let steps = (real / value.scale).rounded(.toNearestOrAwayFromZero)
            let stored = steps + Float(value.zeroPoint)
            return Int32(min(max(stored, Float(range.low)), Float(range.high)))
        }
        switch activation {
        case .none: return range
        case .relu: return Clamp(low: stored(0), high: range.high)
        case .relu6: return Clamp(low: stored(0), high: stored(6))
        case .reluN1To1: return Clamp(low: stored(-1), high: stored(1))
        }
    }

    /// An extent or parameter as the runtime stores it.
    func word(_ value: Int, _ what: String, limit: Int32 = .max) throws(PlanFault) -> Int32 {
        guard let word = Int32(exactly: value), word <= limit else {
            throw .parameterOutOfRange(what, value: value, limit: Int(limit))
        }
        return word
    }
}

extension Graph {
    /// The nodes that an output depends on, in order.
    fileprivate func liveNodes() -> [Node] {
        var isNeeded = Array(repeating: false, count: tensors.count)
        for id in resultTensors { isNeeded[id.index] = true }
        var live: [Node] = []
        for node in nodes.reversed() where node.outputs.contains(where: { isNeeded[$0.index] }) {
            for case let input? in node.inputs { isNeeded[input.index] = true }
            live.append(node)
        }
        return live.reversed()
    }
}
