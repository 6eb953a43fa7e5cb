import ModelGraph
import Testing

@testable import Quantizer

@Suite("Activations with 16 bits, weights with 4, channels evened out")
struct PromotionTests {
    private static func calibrated(
        _ builder: NetworkBuilder,
        _ space: SearchSpace = SearchSpace(equalizations: [.none])
    ) throws -> CalibratedGraph {
        var builder = builder
        let samples = builder.samples(40)
        return try CalibratedGraph(builder.finished(), samples: samples, space: space)
    }

    private static func types(_ graph: Graph) -> Set<DataType> {
        Set(graph.nodes.map { graph[$0.outputs[0]].type })
    }

    @Test("promotion raises the signal to noise, and ports keep 8 bits", arguments: 1...4)
    func promotion(seed: UInt64) throws {
        let calibrated = try Self.calibrated(QuantizationTests.classifier(seed))
        let (plain, before) = try calibrated.quantized()
        let (wide, after) = try calibrated.quantized(toSignalToNoise: 100)
        #expect(Self.types(plain.graph) == [.int8])
        #expect(Self.types(wide.graph) == [.int8, .int16])
        for port in wide.graph.inputs + wide.graph.outputs {
            #expect(wide.graph[port.tensor].type == .int8)
        }
        let gained = (after.scoreSignalToNoise ?? 0) - (before.scoreSignalToNoise ?? 0)
        #expect(gained > 1, "seed \(seed): \(gained) dB")
        #expect(after.decisions.contains { $0.kind == .promoted })
    }

    @Test(
        "a constant that is compared with a promoted activation has 16 bits too",
        arguments: [BinaryOperator.maximum, .minimum]
    )
    func comparedConstant(kind: BinaryOperator) throws {
        var builder = NetworkBuilder(input: [1, 5, 5, 3], seed: 11)
        builder.convolution(3)
        builder.affine(kind)
        builder.convolution(2)
        let (wide, _) = try Self.calibrated(builder).quantized(toSignalToNoise: 200)
        let node = try #require(wide.graph.nodes.first { $0.operator == .binary(kind, .none) })
        for case let operand? in node.inputs { #expect(wide.graph[operand].type == .int16) }
    }

    @Test("no more is promoted than the aim needs")
    func fewest() throws {
        let calibrated = try Self.calibrated(QuantizationTests.classifier(3))
        let (_, before) = try calibrated.quantized()
        let low = try calibrated.quantized(toSignalToNoise: (before.scoreSignalToNoise ?? 0) - 6)
        #expect(Self.types(low.0.graph) == [.int8])
        func promotedCount(_ aim: Double) throws -> Int {
            try calibrated.quantized(toSignalToNoise: aim).1.decisions.count {
                $0.kind == .promoted
            }
        }
        let aim = (before.scoreSignalToNoise ?? 0) + 1
        #expect(try promotedCount(aim) <= promotedCount(100))
    }

    @Test("widening keeps the real numbers, and joins the widths by requantizations")
    func widening() throws {
        var builder = QuantizationTests.classifier(5)
        let graph = try prepareForQuantization(builder.finished()).graph
        let table = try calibrate(graph, samples: builder.samples(3))
        let groups = ScaleGroups(graph)
        for chosen in graph.nodes.indices.dropLast() {
            let root = groups.root(graph.nodes[chosen].outputs[0].index)
            let members = graph.tensors.indices.filter { groups.root($0) == root }
            let widening = Widening(graph, table, chosen: Set(members))
            try widening.graph.validate()
            let sample = builder.sample()
            let before = try ReferenceInterpreter(graph).run(sample)
            let after = try ReferenceInterpreter(widening.graph).run(sample)
            #expect(before == after, "node \(chosen)")
            #expect(widening.graph.nodes.count > graph.nodes.count)
        }
    }

    @Test("4-bit weights lie in -7...7, but for the first and the last product")
    func fourBits() throws {
        let space = SearchSpace(equalizations: [.none], weightBits: .four)
        let (quantized, report) = try Self.calibrated(QuantizationTests.classifier(6), space)
            .quantized()
        let products = quantized.graph.nodes.filter { $0.operator.isProduct }
        for (place, node) in products.enumerated() {
            let bytes = try #require(node.inputs[1].flatMap { quantized.graph[$0].constant })
            let reach = bytes.map { abs(Int(Int8(bitPattern: $0))) }.max() ?? 0
            let isEnd = place == 0 || place == products.count - 1
            #expect(isEnd ? reach > 7 : reach <= 7, "\(node.name)")
        }
        #expect(report.layers.contains { $0.weightBits == 4 })
        #expect(report.outputSignalToNoise > 8)
    }

    @Test("features of very different spans are evened out before a dense product")
    func migration() throws {
        var builder = NetworkBuilder(input: [1, 8], seed: 9)
        builder.dense(6, .relu)
        let weights = try #require(builder.graph.nodes[0].inputs[1])
        // Counts up to 16, and two that are 0 or 1, whose weights reach as far as the others'.
        let spans: [Float] = [16, 16, 16, 16, 16, 16, 1, 1]
        let values = (builder.graph[weights].realValues() ?? []).enumerated().map {
            $1 / spans[$0 % 8]
        }
        builder.graph.nodes[0].inputs[1] = builder.constant([6, 8], values)
        builder.dense(3)
        var samples: [[FloatTensor]] = []
        for _ in 0..<64 {
            let counts = spans.map { span in
                Float(builder.random.integer(0...Int(span)))
            }
            samples.append([FloatTensor(proved: [1, 8], counts)])
        }
        let graph = builder.finished()
        func decibels(_ equalization: SearchSpace.Equalization) throws -> Double {
            let space = SearchSpace(equalizations: [equalization])
            let calibrated = try CalibratedGraph(graph, samples: samples, space: space)
            return try calibrated.quantized().1.outputSignalToNoise
        }
        let (plain, migrated) = try (decibels(.none), decibels(.activations))
        #expect(migrated > plain + 6, "\(plain) dB, \(migrated) dB")
        let calibrated = try CalibratedGraph(
            graph,
            samples: samples,
            space: SearchSpace(equalizations: [.activations])
        )
        let before = try ReferenceInterpreter(graph).run(samples[0])[0].values
        let after = try ReferenceInterpreter(calibrated.graph).run(samples[0])[0].values
        for (a, b) in zip(before, after) { #expect(abs(a - b) <= 1e-4 * max(1, abs(a))) }
    }

    @Test("two calibrations on shuffled samples give the same integers", arguments: 1...2)
    func order(seed: UInt64) throws {
        var builder = QuantizationTests.classifier(seed)
        let samples = builder.samples(30)
        let graph = builder.finished()
        let shuffled = samples.shuffled(using: &builder.random)
        let one = try CalibratedGraph(graph, samples: samples).quantized(toSignalToNoise: 45)
        let two = try CalibratedGraph(graph, samples: shuffled).quantized(toSignalToNoise: 45)
        #expect(one.0.graph.tensors.map(\.constant) == two.0.graph.tensors.map(\.constant))
        #expect(one.0.graph.tensors.map(\.quantization) == two.0.graph.tensors.map(\.quantization))
    }
}
