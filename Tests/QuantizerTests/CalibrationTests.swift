import ModelGraph
import Testing

@testable import Quantizer

@Suite("Calibration")
struct CalibrationTests {
    static func network(_ seed: UInt64) -> NetworkBuilder {
        var builder = NetworkBuilder(input: [1, 4, 4, 2], seed: seed)
        builder.convolution(3, .relu)
        builder.depthwise()
        builder.unary(.tanh)
        return builder
    }

    @Test("the table does not depend on the order of the samples", arguments: 1...5)
    func order(seed: UInt64) throws {
        var builder = Self.network(seed)
        let samples = builder.samples(12)
        let options = CalibrationOptions(evidenceCountMax: 5)
        let graph = builder.finished()
        let one = try calibrate(graph, samples: samples, options: options)
        let shuffled = samples.shuffled(using: &builder.random)
        let other = try calibrate(graph, samples: shuffled, options: options)
        #expect(one.entries.map { $0?.histogram } == other.entries.map { $0?.histogram })
        #expect(one.growingTensors == other.growingTensors)
        #expect(one.evidence == other.evidence, "seed \(seed)")
        #expect(one.evidence.count == 5)
    }

    @Test("activations have entries, constants have none")
    func entries() throws {
        var builder = Self.network(1)
        let graph = builder.finished()
        let table = try calibrate(graph, samples: builder.samples(2))
        for (tensor, entry) in zip(graph.tensors, table.entries) {
            #expect((entry == nil) == (tensor.constant != nil), "\(tensor.name)")
        }
    }

    @Test("a range that rests on one sample is still growing")
    func growth() throws {
        var builder = NetworkBuilder(input: [1, 4], seed: 3)
        builder.unary(.negate)
        let steady = (0..<10).map { _ in [FloatTensor(proved: [1, 4], [-1, 0, 0.5, 1])] }
        let graph = builder.finished()
        #expect(try calibrate(graph, samples: steady).growingTensors.isEmpty)
        let outlier = [FloatTensor(proved: [1, 4], [0, 0, 0, 30])]
        let table = try calibrate(graph, samples: steady + [outlier])
        #expect(table.growingTensors.count == 2)
        #expect(try calibrate(graph, samples: [outlier]).growingTensors.count == 2)
    }

    @Test("no samples, wrong shapes and NaN are refused")
    func refusals() throws {
        var builder = Self.network(2)
        let graph = builder.finished()
        #expect(throws: CalibrationError.noSamples) { try calibrate(graph, samples: []) }
        let wrong = [FloatTensor(proved: [1, 2], [0, 0])]
        #expect(throws: CalibrationError.self) { try calibrate(graph, samples: [wrong]) }
        let good = builder.sample()
        var values = good[0].values
        values[3] = .nan
        let samples = [good, [FloatTensor(proved: good[0].shape, values)]]
        #expect(throws: CalibrationError.notFinite(tensor: "x", sample: 1)) {
            try calibrate(graph, samples: samples)
        }
    }
}
