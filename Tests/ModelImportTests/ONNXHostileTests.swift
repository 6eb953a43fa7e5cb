import Foundation
import ModelGraph
import Testing

@testable import ModelImport

/// Models that ask for more than they give, or that contradict themselves.
@Suite("Hostile ONNX files")
struct ONNXHostileTests {
    private func problem(_ file: ONNXFile) throws -> UnsupportedFeature {
        try #require(try file.features().first)
    }

    @Test("graphs in attributes of nodes in graphs, too deep to follow, are refused")
    func nesting() throws {
        var attribute = Onnx_AttributeProto()
        for _ in 0..<100 {
            var node = Onnx_NodeProto()
            node.opType = "If"
            node.attribute = [attribute]
            var outer = Onnx_AttributeProto()
            outer.name = "then_branch"
            outer.type = .graph
            outer.g.node = [node]
            attribute = outer
        }
        var file = ONNXFile()
        file.input("x", [1])
        file.output(file.node("Relu", ["x"]))
        file.proto.graph.node[0].attribute = [attribute]
        #expect {
            try file.imported()
        } throws: { error in
            guard case .malformedMessage = error as? ImportError else { return false }
            return true
        }
    }

    @Test("counts beyond the limits are named")
    func counts() throws {
        var operands = ONNXFile()
        operands.input("x", [1])
        let many = [String](repeating: "x", count: ImportLimits.operandCountMax + 1)
        operands.output(operands.node("Sum", many))
        var attributes = ONNXFile()
        attributes.input("x", [1])
        attributes.output(attributes.node("Relu", ["x"]))
        attributes.proto.graph.node[0].attribute = (0...ONNXLimits.attributeCountMax).map {
            var attribute = Onnx_AttributeProto()
            attribute.name = "a\($0)"
            return attribute
        }
        var nodes = ONNXFile()
        nodes.input("x", [1])
        nodes.output(nodes.node("Relu", ["x"], "y"))
        let spare = Onnx_NodeProto()
        nodes.proto.graph.node += [Onnx_NodeProto](
            repeating: spare,
            count: GraphLimits.nodeCountMax
        )
        var outputs = ONNXFile()
        outputs.input("x", [1])
        for file in [operands, attributes, nodes, outputs] {
            #expect {
                try file.imported()
            } throws: { error in
                guard case .countOutOfRange = error as? ImportError else { return false }
                return true
            }
        }
    }

    @Test("an input without a shape, and one larger than any tensor, are refused")
    func inputShapes() throws {
        var shapeless = ONNXFile()
        shapeless.input("x", [])
        shapeless.proto.graph.input[0].type.tensorType.clearShape()
        shapeless.output(shapeless.node("Relu", ["x"]))
        #expect(try problem(shapeless).help.contains("--shape 'x="))
        for shape in [[1, 65_536, 65_536], [1 << 62, 1 << 62], [1, 1, 1, 1, 1, 1, 1]] {
            var file = ONNXFile()
            file.input("x", shape)
            file.output(file.node("Relu", ["x"]))
            #expect(try problem(file).reason.hasPrefix("input 'x'"))
        }
    }

    @Test("an output that nothing writes is refused")
    func missingOutput() throws {
        var file = ONNXFile()
        file.input("x", [1])
        file.node("Relu", ["x"])
        file.output("nowhere")
        #expect(try problem(file).reason.contains("nothing writes"))
    }

    @Test("extents of 0 hide no others: such constants are refused, not multiplied")
    func hiddenExtents() throws {
        var file = ONNXFile()
        file.input("x", [1])
        file.floats("w", [0], [])
        file.proto.graph.initializer[0].dims = [0, 1 << 62, 1 << 62]
        file.output(file.node("Gather", ["w", "x"]))
        #expect(try problem(file).reason.contains("unusable shape"))
        var reshaped = ONNXFile()
        reshaped.input("x", [1])
        reshaped.floats("w", [0], [])
        reshaped.integers("shape", [0, 1 << 62, 1 << 62])
        let empty = reshaped.node("Reshape", ["w", "shape"], int: ["allowzero": 1])
        reshaped.output(reshaped.node("Concat", ["x", empty], int: ["axis": 0]))
        #expect(try problem(reshaped).reason.contains("unusable shape"))
    }

    @Test(
        "small files that ask for large constants are refused before those are made",
        arguments: ["Pad", "edge", "Resize", "Expand", "Tile", "LayerNormalization", "RNN"]
    )
    func computedConstants(name: String) throws {
        var file = ONNXFile()
        file.input("x", name == "LayerNormalization" ? [1, 1 << 27] : [1, 1])
        file.floats("one", [1], [1])
        file.floats("value", [], [1])
        file.integers("huge", [1, 1 << 27])
        switch name {
        case "Pad", "edge":
            file.integers("pads", [0, 0, 0, 1 << 27])
            let mode = name == "Pad" ? "constant" : "edge"
            file.output(file.node("Pad", ["x", "pads", "value"], text: ["mode": mode]))
        case "Resize":
            file.output(file.node("Resize", ["x", "", "", "huge"]))
        case "Expand", "Tile":
            file.floats("w", [1, 1], [1])
            let large = file.node(name, ["w", "huge"])
            file.output(file.node("Add", ["x", large]))
        case "LayerNormalization":
            file.output(file.node("LayerNormalization", ["x", "one"]))
        default:
            file.proto.graph.input[0].type.tensorType.shape.dim = ([1, 1 << 27, 1] as [Int64]).map {
                var dimension = Onnx_TensorShapeProto.Dimension()
                dimension.dimValue = $0
                return dimension
            }
            file.floats("w", [1, 1, 1], [1])
            file.output(file.node("RNN", ["x", "w", "w"], int: ["hidden_size": 1]))
        }
        #expect(try problem(file).reason.contains("would be computed"))
    }

    @Test("a long sequence is not unrolled")
    func longSequence() throws {
        var file = ONNXFile()
        file.input("x", [4_096, 1, 1])
        file.floats("w", [1, 1, 1], [1])
        file.output(file.node("RNN", ["x", "w", "w"], int: ["hidden_size": 1]))
        #expect(try problem(file).reason.contains("4096 steps"))
    }

    @Test(
        "external data that is not where the model says is refused",
        arguments: [
            ("weights", "8", "8"), ("weights", "-1", "8"), ("weights", "0", "4"),
            ("weights", "0", "12"), ("weights", "9223372036854775807", "8"),
            ("weights", "99999999999999999999", "8"), ("weights", "x", "8"),
            ("missing", "0", "8"), ("weights\u{0}", "0", "8"), ("a\\b", "0", "8"),
        ]
    )
    func externalData(location: String, offset: String, length: String) throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "onnx-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(repeating: 0, count: 8).write(to: folder.appending(path: "weights"))
        var file = ONNXFile()
        file.input("x", [1, 2])
        file.floats("w", [2], [])
        file.proto.graph.initializer[0].dataLocation = .external
        let entries = [("location", location), ("offset", offset), ("length", length)]
        file.proto.graph.initializer[0].externalData = entries.map { key, value in
            var entry = Onnx_StringStringEntryProto()
            entry.key = key
            entry.value = value
            return entry
        }
        file.output(file.node("Add", ["x", "w"]))
        let options = ImportOptions(folder: folder.path())
        #expect(try file.features(options).count == 1)
    }

    @Test("a chain of factors does not copy the weights before it once for each")
    func factorChain() throws {
        var file = ONNXFile()
        file.input("x", [1, 2])
        file.floats("w", [2, 2])
        file.floats("two", [], [2])
        var value = file.node("MatMul", ["x", "w"])
        for _ in 0..<40 { value = file.node("Mul", [value, "two"]) }
        file.output(value)
        let names = try file.imported().operatorNames
        #expect(names.filter { $0 == "Multiply" }.count == 24)
    }
}
