import InferenceRuntime
import ModelGraph
import Testing

@testable import Planner

@Suite("Lowering of rarer operators")
struct RareLoweringTests {
    /// A graph of one node; tensors have scale 1 unless they say otherwise, the first is the input.
    private func graph(
        _ operation: Operator,
        _ inputs: [Tensor],
        to output: [Int],
        quantization: Quantization = Quantization(scale: 1, zeroPoint: -3)
    ) -> Graph {
        var graph = Graph(name: "g")
        let ids = inputs.map { graph.add($0) }
        let y = graph.add(
            Tensor(name: "y", shape: output, type: .int8, quantization: quantization)
        )
        graph.nodes = [Node(name: "n", operator: operation, inputs: ids, outputs: [y])]
        graph.inputs = ids.filter { graph[$0].constant == nil }.map { id in
            Port(name: graph[id].name, tensor: id, externalType: graph[id].type)
        }
        graph.outputs = [Port(name: "y", tensor: y, externalType: .int8)]
        return graph
    }

    private func tensor(
        _ shape: [Int],
        zero: Int32 = -3,
        scale: Float = 1,
        constant: [UInt8]? = nil
    ) -> Tensor {
        Tensor(
            name: "x",
            shape: shape,
            type: .int8,
            quantization: Quantization(scale: scale, zeroPoint: zero),
            constant: constant
        )
    }

    private func indices(_ values: [Int32]) -> Tensor {
        Tensor(
            name: "i",
            shape: [values.count],
            type: .int32,
            constant: values.flatMap { value in
                (0..<4).map { UInt8(truncatingIfNeeded: value >> Int32(8 * $0)) }
            }
        )
    }

    private func fault(_ graph: Graph) throws -> PlanFault? {
        let proved = try QuantizedGraph(proving: graph)
        do throws(PlannerError) {
            _ = try plan(proved, for: .test)
            return nil
        } catch {
            guard case .unsupported(let problems) = error else { return nil }
            return problems.first?.fault
        }
    }

    // MARK: Transposed convolution

    struct Geometry: Sendable {
        var input: (Int, Int)
        var kernel: (Int, Int)
        var stride: (Int, Int)
        var dilation: (Int, Int) = (1, 1)
        var padding = Padding2D()
        var extra: (Int, Int) = (0, 0)
    }

    static let geometries = [
        Geometry(input: (3, 4), kernel: (3, 3), stride: (2, 2)),
        Geometry(input: (3, 4), kernel: (2, 5), stride: (3, 1)),
        Geometry(input: (4, 3), kernel: (3, 2), stride: (1, 3), extra: (0, 2)),
        Geometry(
            input: (4, 4),
            kernel: (4, 5),
            stride: (2, 3),
            padding: Padding2D(top: 3, left: 1, bottom: 0, right: 4)
        ),
        Geometry(input: (3, 3), kernel: (3, 2), stride: (2, 2), dilation: (2, 3), extra: (1, 1)),
        Geometry(
            input: (2, 2),
            kernel: (7, 1),
            stride: (2, 4),
            padding: Padding2D(top: 6, left: 0, bottom: 0, right: 0)
        ),
        Geometry(input: (1, 1), kernel: (1, 1), stride: (5, 7), extra: (4, 6)),
    ]

    @Test("a transposed convolution adds what its definition scatters", arguments: geometries)
    func transposed(_ item: Geometry) throws {
        let seed: UInt64 = 0x7472_616E
        var random = Random(state: seed)
        let window = Window2D(
            strideHeight: item.stride.0,
            strideWidth: item.stride.1,
            dilationHeight: item.dilation.0,
            dilationWidth: item.dilation.1,
            padding: item.padding
        )
        let padding = item.padding
        let height =
            (item.input.0 - 1) * item.stride.0 + (item.kernel.0 - 1) * item.dilation.0 + 1
            - padding.top - padding.bottom + item.extra.0
        let width =
            (item.input.1 - 1) * item.stride.1 + (item.kernel.1 - 1) * item.dilation.1 + 1
            - padding.left - padding.right + item.extra.1
        let image = [2, item.input.0, item.input.1, 2]
        let kernel = [3, item.kernel.0, item.kernel.1, 2]
        let x = (0..<image.reduce(1, *)).map { _ in Int8(random.below(7)) - 3 }
        let weights = (0..<kernel.reduce(1, *)).map { _ in Int8(random.below(5)) - 2 }
        let graph = graph(
            .transposeConvolution2D(window, .none),
            [
                tensor(image),
                tensor(kernel, zero: 0, constant: weights.map { UInt8(bitPattern: $0) }),
            ],
            to: [2, height, width, 3]
        )
        var sums = [Int](repeating: -3, count: 2 * height * width * 3)
        for index in x.indices {
            let (pixel, channel) = (index / 2, index % 2)
            let (row, column) = (pixel / image[2] % image[1], pixel % image[2])
            for tap in 0..<item.kernel.0 * item.kernel.1 {
                let (a, b) = (tap / item.kernel.1, tap % item.kernel.1)
                let i = row * item.stride.0 - padding.top + a * item.dilation.0
                let j = column * item.stride.1 - padding.left + b * item.dilation.1
                guard (0..<height).contains(i), (0..<width).contains(j) else { continue }
                let batch = pixel / (image[1] * image[2])
                for output in 0..<3 {
                    let weight = weights[((output * kernel[1] + a) * kernel[2] + b) * 2 + channel]
                    sums[((batch * height + i) * width + j) * 3 + output] +=
                        (Int(x[index]) + 3) * Int(weight)
                }
            }
        }
        let expected = sums.map { UInt8(bitPattern: Int8(clamping: $0)) }
        let given = try LoadedModel(graph).infer([x.map { UInt8(bitPattern: $0) }])
        #expect(given == [expected], "seed \(seed)")
    }

    @Test("strides whose remainders are too many are refused")
    func strides() throws {
        let window = Window2D(strideHeight: 17, strideWidth: 16)
        let graph = graph(
            .transposeConvolution2D(window, .none),
            [tensor([1, 1, 1, 1]), tensor([1, 1, 1, 1], zero: 0, constant: [1])],
            to: [1, 1, 1, 1]
        )
        let expected = PlanFault.parameterOutOfRange(
            "the product of the strides",
            value: 272,
            limit: 256
        )
        #expect(try fault(graph) == expected)
    }

    // MARK: Moves

    @Test("evenly spaced indices are one run")
    func runs() {
        let runs = IndexRun.runs(of: [4, 4, 4, 0, 2, 4, 9, 8])
        #expect(
            runs == [
                IndexRun(first: 4, step: 0, count: 3, place: 0),
                IndexRun(first: 0, step: 2, count: 3, place: 3),
                IndexRun(first: 9, step: -1, count: 2, place: 6),
            ]
        )
    }

    @Test("constant indices are copies while they are few", arguments: [10, 66])
    func gather(count: Int) throws {
        // No two neighbours are as far apart as the two before them.
        let values = (0..<count).flatMap { [Int32($0 * $0 % 100), Int32($0 % 2) * 100] }
        let graph = graph(
            .gather(axis: 0),
            [tensor([101, 3]), indices(values)],
            to: [values.count, 3]
        )
        let model = try LoadedModel(graph)
        let x = (0..<303).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let expected = values.flatMap { x[3 * Int($0)..<3 * Int($0) + 3] }
        #expect(try model.infer([x]) == [expected])
        #expect((model.program.operatorCount == 1) == (count > 64))
    }

    @Test("a constant index outside the slices is refused")
    func outside() throws {
        let graph = graph(.gather(axis: 0), [tensor([4, 3]), indices([0, -5])], to: [2, 3])
        #expect(try fault(graph) == .shapeMismatch("an index is outside the 4 slices"))
    }

    @Test("a tile of six dimensions takes more copies than one")
    func tile() throws {
        let shape = [2, 1, 2, 2, 2, 2]
        let multiples = [2, 3, 1, 2, 2, 2]
        let tiled = zip(shape, multiples).map { $0 * $1 }
        let graph = graph(.tile(multiples: multiples), [tensor(shape)], to: tiled)
        let x = (0..<32).map { UInt8($0) }
        let expected = (0..<tiled.reduce(1, *)).map { index in
            var (rest, source, pitch) = (index, 0, 1)
            for d in (0..<6).reversed() {
                source += rest % tiled[d] % shape[d] * pitch
                pitch *= shape[d]
                rest /= tiled[d]
            }
            return x[source]
        }
        #expect(try LoadedModel(graph).infer([x]) == [expected])
    }

    // MARK: Refusals

    @Test("a product of square matrices does not overwrite an input")
    func squareMatrices() throws {
        let graph = graph(
            .batchMatMul(transposesLeft: false, transposesRight: false),
            [tensor([8, 8]), tensor([8, 8])],
            to: [8, 8]
        )
        // Stored integers from the zero point -3: the first reverses the rows of the second.
        let reversal = (0..<64).map { UInt8(bitPattern: $0 / 8 + $0 % 8 == 7 ? -2 : -3) }
        let rows = (0..<64).map { UInt8($0) }
        let expected = (0..<64).map { UInt8(8 * (7 - $0 / 8) + $0 % 8) }
        #expect(try LoadedModel(graph).infer([reversal, rows]) == [expected])
    }

    @Test("a gather that keeps the size does not overwrite its input")
    func sameSizeGather() throws {
        var order = indices([])
        (order.shape, order.constant) = ([64], nil)
        let graph = graph(.gather(axis: 0), [tensor([64]), order], to: [64])
        let reversed = (0..<64).flatMap { [UInt8(63 - $0), 0, 0, 0] }
        let given = try LoadedModel(graph).infer([(0..<64).map { UInt8($0) }, reversed])
        #expect(given == [(0..<64).map { UInt8(63 - $0) }])
    }

    @Test("a sum of products that may overflow is refused")
    func products() throws {
        let graph = graph(
            .batchMatMul(transposesLeft: false, transposesRight: false),
            [tensor([1, 40000]), tensor([40000, 1])],
            to: [1, 1]
        )
        let expected = PlanFault.parameterOutOfRange(
            "the number of products",
            value: 40000,
            limit: 32768
        )
        #expect(try fault(graph) == expected)
    }

    @Test("the logarithm of softmax needs its one output quantization")
    func logSoftmax() throws {
        guard case .quantizationMismatch? = try fault(graph(.logSoftmax, [tensor([4])], to: [4]))
        else {
            Issue.record("accepted")
            return
        }
    }

    @Test("a gain of 65,536 steps is refused")
    func gain() throws {
        let gain = tensor([2], zero: 0, scale: 0.5, constant: [2, 2])
        let graph = graph(
            .layerNormalization(epsilon: 0.5),
            [tensor([3, 2]), gain],
            to: [3, 2],
            quantization: Quantization(scale: 0x1p-16, zeroPoint: 0)
        )
        #expect(try fault(graph) == .ratioOutOfRange(65536))
    }

    @Test("quantized gains and biases stand for their real numbers")
    func quantizedParameters() throws {
        // Rows of ±1 around a mean have variance 1: the result is ±gain + bias.
        let gain = tensor([2], zero: 0, scale: 0.5, constant: [4, 8])
        let bias = tensor([2], zero: 1, scale: 2, constant: [2, 0])
        let graph = graph(
            .layerNormalization(epsilon: 0),
            [tensor([1, 2]), gain, bias],
            to: [1, 2],
            quantization: Quantization(scale: 0.5, zeroPoint: 10)
        )
        // -1 * 2 + 2 = 0 and 1 * 4 - 2 = 2, in steps of 1/2 from 10.
        #expect(try LoadedModel(graph).infer([[5, 7]]) == [[10, 14]])
    }
}
