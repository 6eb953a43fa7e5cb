import ModelGraph
import Testing

@testable import Quantizer

@Suite("Preprocessing of features, and what does not fit a model")
struct PreprocessingRefusalTests {
    static func table() -> NetworkBuilder {
        var builder = NetworkBuilder(input: [1, 4], seed: 2)
        builder.dense(5)
        return builder
    }

    @Test("features of very different spans are standardised by the input's quantization")
    func callersFeatures() throws {
        let builder = Self.table()
        let declared = InputPreprocessing(
            mean: [0.5, 1_000, -3, 40],
            std: [0.01, 300, 2, 9]
        )
        let wrapped = try prepending([declared], to: builder.finished())
        let raw = try #require(wrapped.inputs[0])
        #expect(raw.place == .caller)
        #expect(wrapped.graph.nodes.count == 1)
        #expect(wrapped.decisions.contains { $0.place == "x" && $0.reason.contains("channel 0") })
        // (0.51 - 0.5) / 0.01, (700 - 1000) / 300, (-3 + 3) / 2, (49 - 40) / 9.
        let values = raw.transform.apply([0.51, 700, -3, 49], shape: [1, 4])
        for (value, expected) in zip(values, [Float(1), -1, 0, 1]) {
            #expect(abs(value - expected) < 1e-5)
        }
    }

    @Test("a mean far from 0 is left to the input's quantization too")
    func callersOffset() throws {
        // A temperature of 293 ± 2 kelvin: one step of raw int8 would be more than a kelvin.
        let declared = InputPreprocessing(mean: [293], std: [2])
        let wrapped = try prepending([declared], to: Self.table().finished())
        #expect(wrapped.inputs[0]?.place == .caller)
        let image = InputPreprocessing(mean: [127.5], std: [127.5])
        #expect(try prepending([image], to: Self.table().finished()).inputs[0]?.place == .device)
    }

    @Test("features of alike spans fold into the first layer")
    func deviceFeatures() throws {
        let builder = Self.table()
        let declared = InputPreprocessing(mean: [0, 1, -1, 0.5], std: [2, 2.5, 3, 2])
        let wrapped = try prepending([declared], to: builder.finished())
        #expect(wrapped.inputs[0]?.place == .device)
        #expect(try prepareForQuantization(wrapped.graph).graph.nodes.count == 1)
    }

    static let refusals: [(InputPreprocessing, PreprocessingError)] = [
        (.init(input: "z"), .unknownInput("z", known: ["x"])),
        (.init(scale: 0), .scaleNotPositive(input: "x", scale: 0)),
        (.init(scale: -.infinity), .scaleNotPositive(input: "x", scale: -.infinity)),
        (
            .init(mean: [1, 2, 3]),
            .lengthMismatch(input: "x", field: "mean", count: 3, channels: 4, axis: 1)
        ),
        (
            .init(std: []),
            .lengthMismatch(input: "x", field: "std", count: 0, channels: 4, axis: 1)
        ),
        (
            .init(mean: [1, 2, 3, 4], axis: 0),
            .lengthMismatch(input: "x", field: "mean", count: 4, channels: 1, axis: 0)
        ),
        (.init(mean: [0, .nan, 0, 0]), .meanNotFinite(input: "x", channel: 1)),
        (
            .init(std: [1, 1, 0, 1]),
            .deviationNotPositive(input: "x", channel: 2, value: 0)
        ),
        (
            .init(std: [-1]),
            .deviationNotPositive(input: "x", channel: 0, value: -1)
        ),
        (.init(axis: 2), .axisOutOfRange(input: "x", axis: 2, rank: 2)),
        (.init(axis: -1), .axisOutOfRange(input: "x", axis: -1, rank: 2)),
        (
            .init(layout: .channelsFirstToLast),
            .layoutNeedsImages(input: "x", shape: [1, 4])
        ),
        (.init(mean: [1e300]), .notRepresentable(input: "x")),
        (.init(std: [1e-300]), .notRepresentable(input: "x")),
    ]

    @Test("a declaration that does not fit is refused with what is wrong", arguments: 0..<14)
    func refused(index: Int) throws {
        let (declared, expected) = Self.refusals[index]
        let graph = Self.table().finished()
        #expect(throws: expected) { try prepending([declared], to: graph) }
        #expect(expected.description.contains(declared.input ?? "x"))
    }

    @Test("a declaration that is NaN is refused")
    func notANumber() {
        let graph = Self.table().finished()
        #expect(throws: PreprocessingError.self) {
            try prepending([.init(scale: .nan)], to: graph)
        }
        #expect(throws: PreprocessingError.self) {
            try prepending([.init(std: [1, .nan, 1, 1])], to: graph)
        }
    }

    @Test("one input is declared once, and among several by its name")
    func names() throws {
        var graph = Self.table().finished()
        #expect(throws: PreprocessingError.repeatedInput("x")) {
            try prepending([.init(), .init(input: "x")], to: graph)
        }
        let other = graph.add(Tensor(name: "w", shape: [1, 2], type: .float32))
        graph.inputs.append(Port(name: "w", tensor: other, externalType: .float32))
        #expect(throws: PreprocessingError.inputNotNamed(known: ["x", "w"])) {
            try prepending([.init()], to: graph)
        }
        graph.inputs[1].externalType = .int8
        graph[other].type = .int8
        #expect(throws: PreprocessingError.inputNotFloat("w", type: "int8")) {
            try prepending([.init(input: "w")], to: graph)
        }
    }
}
