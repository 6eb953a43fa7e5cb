import ModelGraph
import Testing

@testable import ModelImport

@Suite("ONNX folding and fusing")
struct ONNXFoldingTests {
    @Test("a shape computed from the input's shape is folded away")
    func shapes() throws {
        var file = ONNXFile()
        file.input("x", [0, 3, 4])
        file.integers("zero", [0], shape: [])
        file.integers("rest", [-1])
        file.integers("axes", [0])
        let shape = file.node("Shape", ["x"])
        let batch = file.node("Gather", [shape, "zero"])
        let row = file.node("Unsqueeze", [batch, "axes"])
        let target = file.node("Concat", [row, "rest"], int: ["axis": 0])
        file.output(file.node("Reshape", ["x", target]))
        let graph = try file.imported()
        #expect(graph.operatorNames == ["Reshape"])
        #expect(graph.outputShape() == [1, 12])
    }

    @Test("a constant condition takes one branch and drops the other")
    func branches() throws {
        var file = ONNXFile()
        file.input("x", [2])
        file.bytes("condition", [1], [], type: 9)
        var taken = ONNXFile()
        taken.output(taken.node("Neg", ["x"], "taken"))
        var dropped = ONNXFile()
        dropped.output(dropped.node("NoSuchOperator", ["x"], "dropped"))
        file.node("If", ["condition"], "y")
        for (name, branch) in [("then_branch", taken), ("else_branch", dropped)] {
            var attribute = Onnx_AttributeProto()
            attribute.name = name
            attribute.type = .graph
            attribute.g = branch.proto.graph
            file.proto.graph.node[0].attribute.append(attribute)
        }
        file.output("y")
        #expect(try file.imported().operatorNames == ["Negate"])
    }

    @Test("an operator that no output needs is not looked at")
    func deadNodes() throws {
        var file = ONNXFile()
        file.input("x", [2])
        file.node("NoSuchOperator", ["x"])
        file.output(file.node("Relu", ["x"]))
        #expect(try file.imported().operatorNames == ["Relu"])
    }

    @Test("hard swish behind Add, Clip, Mul and Div is one operator")
    func hardSwish() throws {
        var file = ONNXFile()
        file.input("x", [1, 4])
        for (name, value) in [("three", 3), ("zero", 0), ("six", 6)] as [(String, Float)] {
            file.floats(name, [], [value])
        }
        let sum = file.node("Add", ["x", "three"])
        let clip = file.node("Clip", [sum, "zero", "six"])
        file.output(file.node("Div", [file.node("Mul", ["x", clip]), "six"]))
        #expect(try file.imported().operatorNames == ["HardSwish"])
    }

    @Test("SiLU and GELU behind their formulas are one operator each")
    func activations() throws {
        var silu = ONNXFile()
        silu.input("x", [1, 4])
        silu.output(silu.node("Mul", ["x", silu.node("Sigmoid", ["x"])]))
        #expect(try silu.imported().operatorNames == ["Silu"])
        var gelu = ONNXFile()
        gelu.input("x", [1, 4])
        gelu.floats("root", [], [Float(2).squareRoot()])
        gelu.floats("one", [], [1])
        gelu.floats("half", [], [0.5])
        let curve = gelu.node("Erf", [gelu.node("Div", ["x", "root"])])
        let product = gelu.node("Mul", ["x", gelu.node("Add", [curve, "one"])])
        gelu.output(gelu.node("Mul", [product, "half"]))
        let graph = try gelu.imported()
        #expect(graph.nodes.map(\.operator) == [.unary(.gelu(isApproximate: false))])
    }

    @Test("layer normalization behind its formula is one operator")
    func layerNormalization() throws {
        var file = ONNXFile()
        file.input("x", [1, 2, 4])
        file.floats("two", [], [2])
        file.floats("epsilon", [], [1e-5])
        file.floats("scale", [4])
        file.floats("bias", [4])
        let mean = file.node("ReduceMean", ["x"], ints: ["axes": [-1]])
        let centred = file.node("Sub", ["x", mean])
        let square = file.node("Pow", [centred, "two"])
        let variance = file.node("ReduceMean", [square], ints: ["axes": [-1]])
        let root = file.node("Sqrt", [file.node("Add", [variance, "epsilon"])])
        let quotient = file.node("Div", [centred, root])
        file.output(file.node("Add", [file.node("Mul", [quotient, "scale"]), "bias"]))
        let graph = try file.imported()
        #expect(graph.nodes.map(\.operator) == [.layerNormalization(epsilon: 1e-5)])
        #expect(graph.nodes[0].inputs.count == 3)
    }

    @Test("dequantize, operator, quantize is one integer operator; uint8 becomes int8")
    func quantized() throws {
        var file = ONNXFile()
        file.input("x", [1, 2])
        file.floats("sx", [], [0.5])
        file.bytes("zx", [130], type: 2)
        file.bytes("w", [1, 2, 3, 255], [2, 2])
        file.floats("sw", [], [0.25])
        file.bytes("zw", [0])
        let stored = file.node("QuantizeLinear", ["x", "sx", "zx"])
        let real = file.node("DequantizeLinear", [stored, "sx", "zx"])
        let weights = file.node("DequantizeLinear", ["w", "sw", "zw"])
        let product = file.node("MatMul", [real, weights])
        let result = file.node("QuantizeLinear", [product, "sx", "zx"])
        file.output(file.node("DequantizeLinear", [result, "sx", "zx"]))
        let graph = try file.imported()
        #expect(graph.operatorNames == ["FullyConnected"])
        #expect(throws: Never.self) { try QuantizedGraph(proving: graph) }
        let port = graph.inputs[0]
        #expect(port.externalType == .float32)
        #expect(graph[port.tensor].type == .int8)
        #expect(graph[port.tensor].quantization == Quantization(scale: 0.5, zeroPoint: 2))
        let stayed = try #require(graph.nodes[0].inputs[1])
        #expect(graph[stayed].constant == [1, 3, 2, 255])
    }
}
