import ModelGraph
import Testing

@testable import Quantizer

@Suite("Declared preprocessing")
struct PreprocessingTests {
    /// The prepared numbers, by the definition: `(raw * scale - mean) / std`.
    static func prepared(
        _ raw: [Float],
        _ declared: InputPreprocessing,
        channels: Int,
        inner: Int = 1
    ) -> [Float] {
        raw.enumerated().map { index, value in
            let channel = index / inner % channels
            let mean = declared.mean.count == 1 ? declared.mean[0] : declared.mean[channel]
            let std = declared.std.count == 1 ? declared.std[0] : declared.std[channel]
            return Float((Double(value) * declared.scale - mean) / std)
        }
    }

    static func bytes(_ count: Int, _ random: inout SplitMix64) -> [Float] {
        (0..<count).map { _ in Float(random.integer(0...255)) }
    }

    static func distance(_ a: FloatTensor, _ b: FloatTensor) -> Float {
        let reach = a.values.reduce(1) { max($0, abs($1)) }
        return zip(a.values, b.values).reduce(0) { max($0, abs($1.0 - $1.1)) } / reach
    }

    @Test("folded or not, raw data gives what prepared data gives the model", arguments: 1...60)
    func foldingKeepsResults(seed: UInt64) throws {
        var builder = PreparationTests.randomNetwork(seed)
        let model = builder.finished()
        let isImage = builder.random.integer(0...1) == 0
        let isVector = builder.random.integer(0...1) == 0
        func numbers(_ range: ClosedRange<Int>) -> [Double] {
            (0..<(isVector ? 3 : 1)).map { _ in Double(builder.random.integer(range)) + 0.25 }
        }
        var declared = InputPreprocessing(scale: 1 / 255, mean: [0.5], std: [0.25])
        if isVector { declared.mean = [0.485, 0.456, 0.406] }
        if isImage {
            // A fraction of a step would move into the bias, which is exact inside the image only.
            declared.type = .uint8
            declared.mean = isVector ? declared.mean : [127 / 255.0]
        } else {
            declared.scale = 1
            declared.mean = numbers(-2...2)
            declared.std = numbers(6...9)
        }
        let wrapped = try prepending([declared], to: model)
        let folded = try prepareForQuantization(wrapped.graph)
        try folded.graph.validate()
        for _ in 0..<3 {
            let raw = Self.bytes(75, &builder.random)
            let sample = FloatTensor(proved: [1, 5, 5, 3], raw)
            let input = FloatTensor(
                proved: [1, 5, 5, 3],
                Self.prepared(raw, declared, channels: 3)
            )
            let truth = try ReferenceInterpreter(model).run([input])[0]
            let unfolded = try ReferenceInterpreter(wrapped.graph).run([sample])[0]
            let result = try ReferenceInterpreter(folded.graph).run([sample])[0]
            // Raw numbers are some ten times larger than prepared ones, and so are their sums.
            #expect(Self.distance(truth, unfolded) < 1e-4, "seed \(seed)")
            #expect(Self.distance(truth, result) < 1e-3, "seed \(seed): \(folded.decisions)")
        }
    }

    static func image(padding: Int, seed: UInt64 = 3) -> NetworkBuilder {
        var builder = NetworkBuilder(input: [1, 6, 6, 3], seed: seed)
        builder.convolution(4, .relu, padding: padding)
        return builder
    }

    /// Declares, prepares, calibrates on bytes and quantizes.
    static func quantized(
        _ builder: inout NetworkBuilder,
        _ declared: InputPreprocessing
    ) throws -> (graph: Graph, report: QualityReport) {
        let wrapped = try prepending([declared], to: builder.finished())
        let prepared = try prepareForQuantization(wrapped.graph).preceded(by: wrapped.decisions)
        var samples: [[FloatTensor]] = []
        let shape = wrapped.graph[wrapped.graph.inputs[0].tensor].shape
        for _ in 0..<8 {
            samples.append([FloatTensor(proved: shape, bytes(shape.reduce(1, *), &builder.random))])
        }
        let table = try calibrate(prepared.graph, samples: samples)
        let (graph, report) = try quantize(prepared, calibration: table)
        return (graph.graph, report)
    }

    @Test("one whole mean of a byte input becomes its zero point, beside padding too")
    func zeroPoint() throws {
        var builder = Self.image(padding: 1)
        let declared = InputPreprocessing(type: .uint8, mean: [127], std: [128])
        let (graph, report) = try Self.quantized(&builder, declared)
        let port = graph.inputs[0]
        #expect(port.externalType == .uint8)
        #expect(graph[port.tensor].type == .int8)
        // real = byte - 127 = (stored + 128) - 127.
        #expect(graph[port.tensor].quantization == Quantization(scale: 1, zeroPoint: -1))
        #expect(graph.nodes.map(\.operator.name) == ["Convolution2D"])
        #expect(report.decisions.contains { $0.reason.contains("into the zero point") })
        #expect(report.outputSignalToNoise > 30)
    }

    @Test("bytes that a model takes unscaled have scale 1, whatever bytes calibration holds")
    func plainBytes() throws {
        for (type, zeroPoint) in [(InputPreprocessing.RawType.uint8, Int32(-128)), (.int8, 0)] {
            var builder = Self.image(padding: 1)
            let (graph, _) = try Self.quantized(&builder, InputPreprocessing(type: type))
            let quantization = graph[graph.inputs[0].tensor].quantization
            #expect(quantization == Quantization(scale: 1, zeroPoint: zeroPoint))
        }
    }

    @Test("half a step of the mean moves into the bias, exact inside the image")
    func halfStep() throws {
        var builder = Self.image(padding: 1)
        let declared = InputPreprocessing(type: .uint8, mean: [127.5], std: [127.5])
        let model = builder.finished()
        let wrapped = try prepending([declared], to: model)
        let prepared = try prepareForQuantization(wrapped.graph)
        let raw = Self.bytes(108, &builder.random)
        let input = Self.prepared(raw, declared, channels: 3)
        let truth = try ReferenceInterpreter(model).run([FloatTensor(proved: [1, 6, 6, 3], input)])
        let result = try ReferenceInterpreter(prepared.graph)
            .run([FloatTensor(proved: [1, 6, 6, 3], raw)])
        // At most 8 taps of 3 channels, weights below 2, half a step of 1 / 127.5.
        let bound: Float = 24 * 2 * 0.5 / 127.5
        for index in truth[0].values.indices {
            let (row, column) = (index / 24, index / 4 % 6)
            let isInside = (1...4).contains(row) && (1...4).contains(column)
            let difference = abs(truth[0].values[index] - result[0].values[index])
            #expect(difference <= (isInside ? 1e-4 : bound), "pixel \(row), \(column)")
        }
        let (graph, _) = try Self.quantized(&builder, declared)
        #expect(graph.nodes.count == 1)
    }

    @Test("means that differ fold into a layer without padding")
    func foldsWithoutPadding() throws {
        var builder = Self.image(padding: 0)
        let declared = InputPreprocessing(
            type: .uint8,
            scale: 1 / 255,
            mean: [0.485, 0.456, 0.406],
            std: [0.229, 0.224, 0.225]
        )
        let (graph, report) = try Self.quantized(&builder, declared)
        #expect(graph.nodes.count == 1)
        #expect(report.decisions.filter { $0.kind == .folded }.count == 2)
        #expect(report.outputSignalToNoise > 30)
    }

    @Test("means that differ stay an integer step before a layer with padding")
    func keptBeforePadding() throws {
        var builder = Self.image(padding: 1)
        let declared = InputPreprocessing(
            type: .uint8,
            scale: 1 / 255,
            mean: [0.485, 0.456, 0.406],
            std: [0.229, 0.224, 0.225]
        )
        let (graph, report) = try Self.quantized(&builder, declared)
        #expect(graph.nodes.map(\.operator.name) == ["DepthwiseConvolution2D", "Convolution2D"])
        let kept = try #require(report.decisions.first { $0.kind == .kept })
        #expect(kept.place == "x.mean" && kept.reason.contains("padding"))
        #expect(report.outputSignalToNoise > 30)
        // The step is exact for each channel: one weight of 127 at a scale of its own.
        let weights = try #require(graph.nodes[0].inputs[1])
        #expect(graph[weights].constant == [127, 127, 127])
    }

    @Test("channels first become channels last, and two layout changes cancel")
    func layout() throws {
        var builder = Self.image(padding: 0)
        let declared = InputPreprocessing(
            type: .uint8,
            mean: [100, 120, 140],
            std: [50, 60, 70],
            layout: .channelsFirstToLast
        )
        let model = builder.finished()
        let wrapped = try prepending([declared], to: model)
        #expect(wrapped.graph[wrapped.graph.inputs[0].tensor].shape == [1, 3, 6, 6])
        let raw = Self.bytes(108, &builder.random)
        let planes = Self.prepared(raw, declared, channels: 3, inner: 36)
        let pixels = (0..<108).map { planes[$0 % 3 * 36 + $0 / 3] }
        let truth = try ReferenceInterpreter(model).run([FloatTensor(proved: [1, 6, 6, 3], pixels)])
        let result = try ReferenceInterpreter(prepareForQuantization(wrapped.graph).graph)
            .run([FloatTensor(proved: [1, 3, 6, 6], raw)])
        #expect(Self.distance(truth[0], result[0]) < 1e-4)

        var channelsFirst = NetworkBuilder(input: [1, 3, 6, 6], seed: 9)
        channelsFirst.add(.transpose(permutation: [0, 2, 3, 1]), to: [1, 6, 6, 3])
        channelsFirst.convolution(4, padding: 0)
        let back = InputPreprocessing(type: .uint8, mean: [1, 2, 3], layout: .channelsLastToFirst)
        let short = try prepareForQuantization(
            prepending([back], to: channelsFirst.finished()).graph
        )
        #expect(short.graph[short.graph.inputs[0].tensor].shape == [1, 6, 6, 3])
        #expect(short.graph.nodes.map(\.operator.name) == ["Convolution2D"])
    }

    @Test("a scale passes padding of its own and folds behind it")
    func explicitPadding() throws {
        var builder = NetworkBuilder(input: [1, 5, 5, 3], seed: 11)
        builder.add(
            .pad(before: [0, 1, 1, 0], after: [0, 1, 1, 0], fill: nil),
            to: [1, 7, 7, 3]
        )
        builder.convolution(4, padding: 0)
        let declared = InputPreprocessing(type: .uint8, mean: [128], std: [50, 60, 70])
        let (graph, report) = try Self.quantized(&builder, declared)
        #expect(graph.nodes.map(\.operator.name) == ["Pad", "Convolution2D"])
        #expect(graph[graph.inputs[0].tensor].quantization == Quantization(scale: 1, zeroPoint: 0))
        #expect(report.outputSignalToNoise > 30)
    }
}
