import ModelGraph
import Planner
import Quantizer

extension Fuzz {
    /// A float graph that keeps its outputs through preparation, and is quantized and planned.
    ///
    /// The first byte tells how far: its low bits are 0 or 1 for preparation alone, 2 or 3 for
    /// quantization too; 3 and 0x23 search, the latter to 60 dB, which takes ten times as long.
    /// The others choose the scheme, the second byte the samples, and the rest is the graph.
    static func passes(_ bytes: [UInt8]) {
        guard bytes.count >= 3 else { return }
        let (effort, seed) = (bytes[0], bytes[1])
        let recipe = FloatGraphRecipe(bytes[2...])
        let sample = recipe.sample(seed)
        let truth = FloatRun(recipe.graph, sample)
        guard truth.rounding < FloatRun.roundingMax else { return }
        let prepared = [false, true].map { preparation(of: recipe, equalizes: $0) }
        for preparation in prepared { truth.expectSame(FloatRun(preparation.graph, sample)) }
        guard effort & 2 != 0 else { return }
        let samples = [sample, recipe.sample(~seed)]
        if effort & ~0x20 != 3 {
            quantization(of: prepared[Int(effort >> 4 & 1)], samples, scheme: effort >> 5)
        } else {
            search(recipe.graph, samples, promotes: effort & 0x20 != 0)
        }
    }

    private static func preparation(
        of recipe: FloatGraphRecipe,
        equalizes: Bool
    ) -> PreparedGraph {
        do {
            return try prepareForQuantization(recipe.graph, equalizes: equalizes)
        } catch { fatalError("a valid graph is not prepared: \(error)") }
    }

    private static func quantization(
        of prepared: PreparedGraph,
        _ samples: [[FloatTensor]],
        scheme bits: UInt8
    ) {
        // The search for the least squared error takes longest.
        let methods: [RangeMethod] = [
            .minMax, .percentile(share: 0.99), .minMax, .meanSquaredError,
        ]
        let scheme = Scheme(
            rangeMethod: methods[Int(bits & 3)],
            correctsBiases: bits & 1 == 0,
            weightBits: bits & 4 == 0 ? .eight : .four
        )
        typed {
            let table = try calibrate(prepared.graph, samples: samples)
            return try quantize(prepared, calibration: table, scheme: scheme).0
        }
    }

    private static func search(
        _ graph: Graph,
        _ samples: [[FloatTensor]],
        promotes: Bool
    ) {
        typed {
            let space = SearchSpace(rangeMethods: [.minMax, .percentile(share: 0.99)])
            let calibrated = try CalibratedGraph(graph, samples: samples, space: space)
            return promotes
                ? try calibrated.quantized(toSignalToNoise: 60).0 : try calibrated.quantized().0
        }
    }

    /// Quantizes and plans; what is refused must be refused for what the graph is.
    private static func typed(_ quantized: () throws -> QuantizedGraph) {
        do {
            try planAndRun(quantized())
        } catch QuantizationError.graph(let error) {
            fatalError("the quantizer made a graph that breaks a rule: \(error)")
        } catch is QuantizationError {
        } catch is CalibrationError {
        } catch { fatalError("an error of another type: \(error)") }
    }

    private static func planAndRun(_ graph: QuantizedGraph) {
        let target = TargetProfile(name: "fuzz", sdk: "x86_64", memoryBytes: 1 << 26)
        do throws(PlannerError) {
            let planned = try plan(graph, for: target)
            let sections = [planned.program, planned.weights, planned.scales, planned.constants]
            guard run(sections) else { fatalError("the runtime refuses a planned program") }
        } catch {
            if case .programRefused = error { fatalError("\(error)") }
        }
    }
}

/// One run of a float graph, and how far rounding may move its outputs.
private struct FloatRun {
    /// Graphs whose values reach further overflow somewhere.
    static let roundingMax = 1e24
    /// The largest magnitude of any activation.
    private var reach = 0x1p-60
    private let outputs: [FloatTensor]
    /// The most that the outputs may differ by after exact rewriting.
    private(set) var rounding = 0.0

    /// - Parameters:
    ///   - graph: a graph that must be valid.
    ///   - sample: what fits its inputs.
    init(_ graph: Graph, _ sample: [FloatTensor]) {
        var reaches = graph.tensors.map { tensor in tensor.largest }
        do throws(InterpreterError) {
            let interpreter = try ReferenceInterpreter(graph)
            outputs = try interpreter.run(sample) { id, tensor in
                reaches[id.index] = tensor.values.reduce(0) { max($0, Double(abs($1))) }
            }
        } catch { fatalError("a graph is not valid: \(error)") }
        for tensor in graph.tensors.indices where graph.tensors[tensor].constant == nil {
            reach = max(reach, reaches[tensor])
        }
        rounding = graph.rounding(reaches)
    }

    /// Traps unless another run has the same outputs within 1e-4 of the largest activation, or
    /// within what rounding explains where large values cancel.
    func expectSame(_ other: FloatRun) {
        let tolerance = max(1e-4 * reach, rounding)
        guard outputs.map(\.shape) == other.outputs.map(\.shape) else {
            fatalError("preparation changed the outputs' shapes")
        }
        for (one, two) in zip(outputs, other.outputs) {
            for (before, after) in zip(one.values, two.values) {
                guard Double(abs(before - after)) <= tolerance else {
                    fatalError("\(before) became \(after), the largest activation is \(reach)")
                }
            }
        }
    }
}

extension Tensor {
    /// The largest magnitude of a float constant.
    fileprivate var largest: Double { values.reduce(0) { max($0, abs($1)) } }

    private var values: [Double] {
        let bytes = constant ?? []
        return stride(from: 0, to: bytes.count - bytes.count % 4, by: 4).map { place in
            let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[place + $1]) << (8 * $1) }
            return Double(Float(bitPattern: bits))
        }
    }

    /// The largest sum of magnitudes of the weights of one output.
    fileprivate func largestSum(outputAxis axis: Int) -> Double {
        let pitch = shape.dropFirst(axis + 1).reduce(1, *)
        var sums = [Double](repeating: 0, count: shape[axis])
        for (place, value) in values.enumerated() {
            sums[place / pitch % sums.count] += abs(value)
        }
        return sums.max() ?? 0
    }

    /// The smallest magnitude of a float constant.
    fileprivate var smallest: Double { values.reduce(.infinity) { min($0, abs($1)) } }
}

extension Graph {
    /// How far rounding may move the outputs.
    ///
    /// Each tensor has a magnitude that its terms reach when none cancels, and an error: what the
    /// operands' grows to, and some roundings of the magnitude. A clamp ends what may be folded,
    /// and so the magnitude is again that of the values.
    ///
    /// - Parameter reaches: the largest magnitude of each tensor.
    /// - Returns: The largest error of an output.
    fileprivate func rounding(_ reaches: [Double]) -> Double {
        var (magnitudes, errors) = (reaches, reaches.map { _ in 0.0 })
        for node in nodes {
            let (gain, shift) = growth(of: node, reaches)
            let operands = node.inputs.compactMap { $0 }.filter { self[$0].constant == nil }
            let output = node.outputs[0].index
            let magnitude = operands.reduce(0) { max($0, magnitudes[$1.index]) } * gain + shift
            let error = operands.reduce(0) { max($0, errors[$1.index]) } * gain
            errors[output] = error + 0x1p-20 * magnitude
            magnitudes[output] = node.isClamped ? reaches[output] : magnitude
        }
        return outputs.reduce(0) { max($0, errors[$1.tensor.index]) }
    }

    /// The most that a node multiplies errors by, and adds to magnitudes.
    private func growth(of node: Node, _ reaches: [Double]) -> (gain: Double, shift: Double) {
        let constant = node.inputs.compactMap { $0 }.first { self[$0].constant != nil }
        let largest = constant.map { reaches[$0.index] } ?? 0
        switch node.operator {
        case .convolution2D, .depthwiseConvolution2D, .fullyConnected:
            let bias = node.inputs.count > 2 ? node.inputs[2].map { reaches[$0.index] } : nil
            var axis = 0
            if case .depthwiseConvolution2D = node.operator { axis = 3 }
            return (constant.map { self[$0].largestSum(outputAxis: axis) } ?? 1, bias ?? 0)
        case .binary(.multiply, _): return (largest, 0)
        case .binary(.divide, _): return (constant.map { 1 / self[$0].smallest } ?? 1, 0)
        case .binary: return (constant == nil ? 2 : 1, largest)
        case .reduce(.sum, _, _):
            return (node.inputs[0].map { Double(self[$0].elementCount) } ?? 1, 0)
        case .pad(_, _, let fill?): return (1, Double(abs(fill)))
        default: return (1, 0)
        }
    }
}

extension Node {
    /// Whether what comes before cannot be folded with what comes behind.
    fileprivate var isClamped: Bool {
        switch self.operator {
        case .unary(.negate): false
        case .unary: true
        case .convolution2D(_, let activation), .depthwiseConvolution2D(_, _, let activation),
            .fullyConnected(let activation), .binary(_, let activation):
            activation != .none
        default: false
        }
    }
}
