import ModelGraph
import Quantizer
import Testing

@testable import ModelImport

@Suite("ONNX operators")
struct ONNXOperatorTests {
    /// A model of one node on an image `[1, 2, 4, 6]`.
    private func image(
        _ type: String,
        _ constants: (inout ONNXFile) -> [String] = { _ in [] },
        ints: [String: [Int64]] = [:],
        int: [String: Int64] = [:],
        opset: Int64 = 17
    ) throws -> Graph {
        var file = ONNXFile(opset: opset)
        file.input("x", [1, 2, 4, 6])
        let others = constants(&file)
        file.output(file.node(type, ["x"] + others, ints: ints, int: int))
        return try file.imported()
    }

    @Test("a convolution takes OHWI weights between transposes of its image")
    func convolution() throws {
        let graph = try image(
            "Conv",
            { [$0.floats("w", [3, 2, 3, 3])] },
            ints: ["pads": [1, 0, 2, 1], "strides": [2, 1]]
        )
        #expect(graph.operatorNames == ["Transpose", "Convolution2D", "Transpose"])
        let node = graph.nodes[1]
        let padding = Padding2D(top: 1, left: 0, bottom: 2, right: 1)
        let window = Window2D(strideHeight: 2, strideWidth: 1, padding: padding)
        #expect(node.operator == .convolution2D(window, .none))
        let weights = try #require(node.inputs[1])
        #expect(graph[weights].shape == [3, 3, 3, 2])
        // OIHW element (0, 1, 0, 0) is the tenth; in OHWI it is the second.
        #expect(graph.floats(weights)?.prefix(3) == [1, 10, 2])
        #expect(graph.outputShape() == [1, 3, 3, 5])
    }

    @Test("as many groups as channels make a depthwise convolution with its multiplier")
    func depthwise() throws {
        let graph = try image("Conv", { [$0.floats("w", [6, 1, 2, 2])] }, int: ["group": 2])
        guard case .depthwiseConvolution2D(_, let multiplier, .none) = graph.nodes[1].operator
        else {
            Issue.record("\(graph.operatorNames)")
            return
        }
        #expect(multiplier == 3)
        #expect(graph.nodes[1].inputs[1].map { graph[$0].shape } == [1, 2, 2, 6])
        #expect(graph.outputShape() == [1, 6, 3, 5])
    }

    @Test("a convolution over a sequence is one over a single row")
    func sequence() throws {
        var file = ONNXFile()
        file.input("x", [1, 3, 8])
        file.floats("w", [4, 3, 3])
        file.output(file.node("Conv", ["x", "w"], ints: ["dilations": [2]]))
        let graph = try file.imported()
        let node = try #require(graph.nodes.first { $0.operator.name == "Convolution2D" })
        #expect(node.inputs[1].map { graph[$0].shape } == [4, 1, 3, 3])
        #expect(graph.outputShape() == [1, 4, 4])
    }

    @Test(
        "automatic padding divides as its name says",
        arguments: [("SAME_UPPER", 0, 1), ("SAME_LOWER", 1, 0)]
    )
    func automaticPadding(name: String, before: Int, after: Int) throws {
        var file = ONNXFile()
        file.input("x", [1, 1, 4, 4])
        file.floats("w", [1, 1, 2, 2])
        file.output(file.node("Conv", ["x", "w"], text: ["auto_pad": name]))
        let graph = try file.imported()
        let padding = Padding2D(top: before, left: before, bottom: after, right: after)
        let window = Window2D(padding: padding)
        #expect(graph.nodes.contains { $0.operator == .convolution2D(window, .none) })
    }

    @Test("padding that counts is explicit; rounding up pads behind")
    func averagePool() throws {
        let counted = try image(
            "AveragePool",
            ints: ["kernel_shape": [3, 3], "pads": [1, 1, 1, 1]],
            int: ["count_include_pad": 1]
        )
        #expect(counted.operatorNames == ["Pad", "Transpose", "AveragePool2D", "Transpose"])
        let edges = [0, 0, 1, 1]
        #expect(counted.nodes[0].operator == .pad(before: edges, after: edges, fill: nil))
        let rounded = try image(
            "AveragePool",
            ints: ["kernel_shape": [3, 3], "strides": [2, 2]],
            int: ["ceil_mode": 1]
        )
        #expect(rounded.outputShape() == [1, 2, 2, 3])
    }

    @Test("batch normalization and an activation go into the convolution before them")
    func folding() throws {
        var file = ONNXFile()
        file.input("x", [1, 1, 2, 2])
        file.floats("w", [2, 1, 1, 1], [1, 2])
        for (name, values) in [
            ("scale", [2, 3]), ("bias", [10, 20]), ("mean", [1, 2]), ("variance", [1, 4]),
        ] as [(String, [Float])] {
            file.floats(name, [2], values)
        }
        let conv = file.node("Conv", ["x", "w"])
        let norm = file.node(
            "BatchNormalization",
            [conv, "scale", "bias", "mean", "variance"],
            float: ["epsilon": 0]
        )
        file.output(file.node("Relu", [norm]))
        let graph = try file.imported()
        // One channel: the transpose in front is a reshape.
        #expect(graph.operatorNames == ["Reshape", "Convolution2D", "Transpose"])
        let node = graph.nodes[1]
        #expect(node.operator == .convolution2D(Window2D(), .relu))
        // w * scale / √variance, and bias - mean * scale / √variance.
        #expect(graph.floats(node.inputs[1]) == [2, 3])
        #expect(graph.floats(node.inputs[2]) == [8, 17])
    }

    @Test("weights behind a flattened image follow its layout")
    func flatten() throws {
        var file = ONNXFile()
        file.input("x", [1, 2, 2, 2])
        file.floats("w", [2, 2, 1, 1], [1, 0, 0, 1])
        file.floats("m", [1, 8])
        let conv = file.node("Conv", ["x", "w"])
        let flat = file.node("Flatten", [conv])
        file.output(file.node("Gemm", [flat, "m"], int: ["transB": 1]))
        let graph = try file.imported()
        #expect(
            graph.operatorNames == ["Transpose", "Convolution2D", "Reshape", "FullyConnected"]
        )
        // NCHW order 1...8 read as NHWC.
        #expect(graph.floats(graph.nodes[3].inputs[1]) == [1, 5, 2, 6, 3, 7, 4, 8])
        let result = try ReferenceInterpreter(graph)
            .run([try #require(FloatTensor(shape: [1, 2, 2, 2], values: (1...8).map(Float.init)))])
        #expect(result[0].values == [204])
    }

    @Test("a residual block keeps its images in one layout")
    func residual() throws {
        var file = ONNXFile()
        file.input("x", [1, 2, 4, 4])
        file.floats("w", [2, 2, 1, 1], [1, 2, 3, 4])
        let first = file.node("Relu", [file.node("Conv", ["x", "w"])])
        let second = file.node("Conv", [first, "w"])
        let sum = file.node("Relu", [file.node("Add", [first, second])])
        file.output(file.node("Conv", [sum, "w"]))
        let graph = try file.imported()
        #expect(graph.operatorNames.filter { $0 == "Transpose" }.count == 2)
        #expect(graph.nodes.contains { $0.operator == .binary(.add, .relu) })
    }

    @Test("concatenation, padding and slices of images move their axes")
    func movedAxes() throws {
        var file = ONNXFile()
        file.input("x", [1, 2, 4, 4])
        file.floats("w", [2, 2, 1, 1], [1, 2, 3, 4])
        file.integers("pads", [0, 0, 1, 0, 0, 0, 0, 2])
        for (name, value) in [("starts", 1), ("ends", 3), ("axes", 1)] as [(String, Int64)] {
            file.integers(name, [value])
        }
        let conv = file.node("Conv", ["x", "w"])
        let joined = file.node("Concat", [conv, conv], int: ["axis": 1])
        let padded = file.node("Pad", [joined, "pads"])
        let part = file.node("Slice", [padded, "starts", "ends", "axes"])
        file.output(file.node("Conv", [part, "w"]))
        let graph = try file.imported()
        #expect(graph.nodes.contains { $0.operator == .concatenation(axis: 3) })
        #expect(
            graph.nodes.contains {
                $0.operator == .pad(before: [0, 1, 0, 0], after: [0, 0, 2, 0], fill: nil)
            }
        )
        #expect(graph.operatorNames.filter { $0 == "Transpose" }.count == 2)
        #expect(graph.outputShape() == [1, 2, 5, 6])
    }

    @Test("before operator set 13 a softmax runs over everything from its axis on")
    func softmax() throws {
        let old = try image("Softmax", int: ["axis": 1], opset: 11)
        #expect(old.operatorNames == ["Reshape", "Softmax", "Reshape"])
        #expect(old[old.nodes[1].outputs[0]].shape == [1, 48])
        let new = try image("Softmax", int: ["axis": 1], opset: 13)
        #expect(new.operatorNames == ["Transpose", "Softmax", "Transpose"])
        #expect(new[new.nodes[1].outputs[0]].shape == [1, 4, 6, 2])
    }
}
