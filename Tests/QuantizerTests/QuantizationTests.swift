import ModelGraph
import Testing

@testable import Quantizer

@Suite("Quantization")
struct QuantizationTests {
    static func quantized(
        _ builder: NetworkBuilder,
        scheme: Scheme = Scheme()
    ) throws -> (float: Graph, QuantizedGraph, QualityReport) {
        var builder = builder
        let prepared = try prepareForQuantization(builder.finished()).graph
        let table = try calibrate(prepared, samples: builder.samples(20))
        let (graph, report) = try quantize(prepared, calibration: table, scheme: scheme)
        return (prepared, graph, report)
    }

    static func classifier(_ seed: UInt64) -> NetworkBuilder {
        var builder = NetworkBuilder(input: [1, 8, 8, 3], seed: seed)
        builder.convolution(8, .relu)
        builder.depthwise(.relu)
        let skip = builder.last
        builder.convolution(8)
        builder.add(.binary(.add, .relu), [skip], to: builder.shape)
        let window = Window2D(strideHeight: 2, strideWidth: 2)
        builder.add(.maxPool2D(height: 2, width: 2, window, .none), to: [1, 4, 4, 8])
        builder.add(.averagePool2D(height: 4, width: 4, Window2D(), .none), to: [1, 1, 1, 8])
        builder.add(.reshape, to: [1, 8])
        builder.dense(5)
        return builder
    }

    @Test("a random residual network stays above 30 dB", arguments: 1...6)
    func residualNetwork(seed: UInt64) throws {
        let (_, _, report) = try Self.quantized(Self.classifier(seed))
        #expect(report.outputSignalToNoise > 30, "seed \(seed): \(report.outputSignalToNoise)")
        #expect(report.evidenceCount == 20)
        #expect(report.agreement >= 0.9)
    }

    @Test("ports keep their float type over int8 tensors")
    func ports() throws {
        let graph = try Self.quantized(Self.classifier(1)).1.graph
        #expect(graph.inputs.map(\.externalType) == [.float32])
        #expect(graph.outputs.map(\.externalType) == [.float32])
        #expect(graph[graph.inputs[0].tensor].type == .int8)
    }

    @Test("weights are symmetric, with one scale a channel, and off by at most half a step")
    func weights() throws {
        let scheme = Scheme(correctsBiases: false, compensatesRounding: false)
        let (float, quantized, _) = try Self.quantized(Self.classifier(2), scheme: scheme)
        var count = 0
        for node in quantized.graph.nodes {
            guard node.inputs.count == 3, let id = node.inputs[1], let bias = node.inputs[2]
            else { continue }
            let weights = quantized.graph[id]
            let scales = try #require(weights.quantization)
            let isDepthwise = node.operator.name == "DepthwiseConvolution2D"
            #expect(scales.axis == (isDepthwise ? 3 : 0))
            #expect(scales.zeroPoints.allSatisfy { $0 == 0 })
            let stored = try #require(weights.constant).map { Int8(bitPattern: $0) }
            #expect(stored.allSatisfy { $0 >= -127 })
            #expect(quantized.graph[bias].type == .int32)
            let truth = try #require(float.nodes.first { $0.name == node.name }?.inputs[1])
            let reals = try #require(float[truth].realValues())
            for (index, value) in stored.enumerated() {
                let pitch = stored.count / scales.scales.count
                let channel = isDepthwise ? index % scales.scales.count : index / pitch
                // Half a step, and the rounding of the scale to float32.
                let limit = 0.5001 * scales.scales[channel]
                #expect(abs(reals[index] - Float(value) * scales.scales[channel]) <= limit)
            }
            count += 1
        }
        #expect(count == 4)
    }

    @Test("zero is exactly representable in every activation")
    func zeroPoints() throws {
        let quantized = try Self.quantized(Self.classifier(3)).1
        for tensor in quantized.graph.tensors where tensor.type == .int8 {
            let zero = try #require(tensor.quantization?.zeroPoints.first)
            #expect((-128...127).contains(zero), "\(tensor.name)")
        }
    }

    static let fixedOutputs: [(Operator, Float, Int32)] = [
        (.softmax(beta: 1), 1.0 / 256, -128), (.unary(.logistic), 1.0 / 256, -128),
        (.unary(.tanh), 1.0 / 128, 0),
    ]

    @Test(
        "softmax, logistic and tanh have the outputs that the kernels demand",
        arguments: fixedOutputs
    )
    func fixedOutput(operation: Operator, scale: Float, zeroPoint: Int32) throws {
        var builder = NetworkBuilder(input: [1, 6], seed: 4)
        builder.dense(6)
        builder.add(operation, to: [1, 6])
        // A reshape has the quantization of what it moves.
        builder.add(.reshape, to: [6])
        let (_, quantized, report) = try Self.quantized(builder)
        let expected = Quantization(scale: scale, zeroPoint: zeroPoint)
        #expect(quantized.graph[quantized.graph.outputs[0].tensor].quantization == expected)
        #expect(report.outputSignalToNoise > 20)
    }

    @Test("what only a concatenation reads shares its scale; what others read is requantized")
    func concatenation() throws {
        var builder = NetworkBuilder(input: [1, 4, 4, 3], seed: 5)
        builder.convolution(3, .relu)
        let shared = builder.last
        builder.convolution(3)
        let own = builder.last
        builder.add(.concatenation(axis: 3), [shared], to: [1, 4, 4, 6])
        let joined = builder.last
        builder.last = shared
        builder.depthwise()
        let side = Port(name: "side", tensor: builder.last, externalType: .float32)
        builder.last = joined
        // Behind a node of its own, so that the concatenation's group leaves no other way.
        builder.unary(.negate)
        var graph = builder.finished()
        graph.outputs.append(side)
        let table = try calibrate(graph, samples: builder.samples(5))
        let (quantized, report) = try quantize(graph, calibration: table)
        #expect(quantized.graph[own].quantization == quantized.graph[joined].quantization)
        #expect(quantized.graph[shared].quantization != quantized.graph[joined].quantization)
        #expect(quantized.graph.nodes.filter { $0.operator == .requantize }.count == 1)
        #expect(report.decisions.contains { $0.kind == .requantized })
        #expect(report.outputSignalToNoise > 25)
    }

    @Test("a bias too large for its channel raises the scale of the weights")
    func largeBias() throws {
        var builder = NetworkBuilder(input: [1, 4], seed: 6)
        builder.dense(2)
        builder.graph.nodes[0].inputs[1] = builder.constant([2, 4], [1e-9, 0, 0, 0, 0, 0, 0, 0])
        builder.graph.nodes[0].inputs[2] = builder.constant([2], [5, -3])
        let (_, quantized, report) = try Self.quantized(builder)
        #expect(report.decisions.contains { $0.kind == .raised })
        let y = try ReferenceInterpreter(quantized.graph).run(builder.sample())[0].values
        #expect(abs(y[0] - 5) < 0.04 && abs(y[1] + 3) < 0.04)
    }

    @Test("all nodes without an integer form are refused at once, each with a way out")
    func refusals() throws {
        var builder = NetworkBuilder(input: [1, 4], seed: 7)
        builder.unary(.leakyRelu(alpha: -1))
        builder.unary(.relu)
        let first = builder.graph.inputs[0].tensor
        builder.add(.fullyConnected(.none), [first], to: [1, 1])
        builder.unary(.leakyRelu(alpha: -2))
        let prepared = try prepareForQuantization(builder.finished()).graph
        let samples = builder.samples(2)
        let table = try calibrate(prepared, samples: samples)
        let error = #expect(throws: QuantizationError.self) {
            try quantize(prepared, calibration: table)
        }
        guard case .unsupported(let problems)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(problems.map(\.node) == ["n0", "n2", "n3"])
        #expect(problems.allSatisfy { !$0.advice.isEmpty })
    }

    @Test(
        "rarer operators have an integer form near the real one",
        arguments: [
            "prelu", "divide", "log softmax", "layer normalization", "matrix product",
            "transposed convolution", "sum", "maximum", "power",
        ]
    )
    func rarerOperators(name: String) throws {
        var builder = NetworkBuilder(input: [1, 4, 4, 6], seed: 17)
        builder.convolution(6)
        let image = builder.shape
        switch name {
        case "prelu": builder.add(.prelu, [builder.constant([6])], to: image)
        case "divide":
            builder.unary(.clamp(low: 1, high: 9))
            builder.add(.binary(.divide, .none), [builder.graph.inputs[0].tensor], to: image)
            swapOperands(&builder)
        case "log softmax":
            builder.unary(.tanh)
            builder.add(.logSoftmax, to: image)
        case "layer normalization":
            let scale = builder.constant([6], [0.5, 1, 1.5, 2, 1, 0.75])
            let bias = builder.constant([6])
            builder.add(.layerNormalization(epsilon: 1e-5), [scale, bias], to: image)
        case "matrix product":
            let other = builder.graph.inputs[0].tensor
            let product = Operator.batchMatMul(transposesLeft: false, transposesRight: true)
            builder.add(product, [other], to: [1, 4, 4, 4])
        case "transposed convolution":
            let weights = builder.constant([5, 3, 3, 6])
            let window = Window2D(strideHeight: 2, strideWidth: 2)
            builder.add(.transposeConvolution2D(window, .relu), [weights, nil], to: [1, 9, 9, 5])
        case "sum":
            builder.add(
                .reduce(.sum, axes: [1, 2], keepsDimensions: true),
                to: [1, 1, 1, 6]
            )
        case "maximum":
            builder.add(
                .reduce(.maximum, axes: [3], keepsDimensions: false),
                to: [1, 4, 4]
            )
        default:
            builder.unary(.clamp(low: 0.5, high: 4))
            builder.add(.binary(.power, .none), [builder.graph.inputs[0].tensor], to: image)
        }
        let (_, _, report) = try Self.quantized(builder)
        #expect(report.outputSignalToNoise > 20, "\(name): \(report.outputSignalToNoise) dB")
    }

    /// Gives the last node its operands in the other order.
    private func swapOperands(_ builder: inout NetworkBuilder) {
        let last = builder.graph.nodes.count - 1
        builder.graph.nodes[last].inputs.swapAt(0, 1)
    }

    @Test("a table of another graph is refused")
    func foreignTable() throws {
        var builder = Self.classifier(8)
        let table = try calibrate(builder.finished(), samples: builder.samples(1))
        builder.unary(.relu)
        let other = builder.finished()
        #expect(throws: QuantizationError.self) { try quantize(other, calibration: table) }
    }

    @Test("weights that are NaN are refused by name")
    func nanWeights() throws {
        var builder = NetworkBuilder(input: [1, 2], seed: 9)
        builder.dense(2)
        let graph = builder.finished()
        let table = try calibrate(graph, samples: builder.samples(1))
        let id = try #require(graph.nodes[0].inputs[1])
        let source = builder.constant([2, 2], [.nan, 0, 0, 0])
        var broken = graph
        broken[id].constant = builder.graph[source].constant
        #expect(throws: QuantizationError.constantNotFinite(tensor: graph[id].name)) {
            try quantize(broken, calibration: table)
        }
    }

    @Test("correction never costs signal to noise", arguments: 1...4)
    func biasCorrection(seed: UInt64) throws {
        let builder = Self.classifier(seed)
        let plain = try Self.quantized(builder, scheme: Scheme(correctsBiases: false)).2
        let corrected = try Self.quantized(builder).2
        #expect(corrected.outputSignalToNoise >= plain.outputSignalToNoise, "seed \(seed)")
        #expect(corrected.decisions.contains { $0.kind == .corrected || $0.kind == .kept })
    }

    @Test("two runs give the same integers and the same report")
    func reproducible() throws {
        let (_, one, report) = try Self.quantized(Self.classifier(11))
        let (_, other, again) = try Self.quantized(Self.classifier(11))
        #expect(one.graph.tensors.map(\.constant) == other.graph.tensors.map(\.constant))
        #expect(one.graph.tensors.map(\.quantization) == other.graph.tensors.map(\.quantization))
        #expect(try report.json() == again.json())
    }
}
