import Foundation
import ModelGraph
import SwiftProtobuf
import Testing

@testable import ModelImport

/// A small ONNX model, built node by node.
struct ONNXFile {
    var proto = Onnx_ModelProto()

    init(opset: Int64 = 17) {
        proto.irVersion = 8
        var domain = Onnx_OperatorSetIdProto()
        domain.version = opset
        proto.opsetImport = [domain]
    }

    /// Adds an input; extents of 0 stay open.
    @discardableResult
    mutating func input(_ name: String, _ shape: [Int], type: Int32 = 1) -> String {
        var input = Onnx_ValueInfoProto()
        input.name = name
        input.type.tensorType.elemType = type
        input.type.tensorType.shape.dim = shape.map { extent in
            var dimension = Onnx_TensorShapeProto.Dimension()
            if extent > 0 { dimension.dimValue = Int64(extent) }
            return dimension
        }
        proto.graph.input.append(input)
        return name
    }

    /// Adds a constant of floats, by default counting from 1.
    @discardableResult
    mutating func floats(_ name: String, _ shape: [Int], _ values: [Float]? = nil) -> String {
        var tensor = Onnx_TensorProto()
        tensor.name = name
        tensor.dataType = 1
        tensor.dims = shape.map { Int64($0) }
        tensor.floatData = values ?? (0..<shape.reduce(1, *)).map { Float($0 + 1) }
        proto.graph.initializer.append(tensor)
        return name
    }

    /// Adds a constant of int64.
    @discardableResult
    mutating func integers(_ name: String, _ values: [Int64], shape: [Int]? = nil) -> String {
        var tensor = Onnx_TensorProto()
        tensor.name = name
        tensor.dataType = 7
        tensor.dims = (shape ?? [values.count]).map { Int64($0) }
        tensor.int64Data = values
        proto.graph.initializer.append(tensor)
        return name
    }

    /// Adds a constant of bytes.
    @discardableResult
    mutating func bytes(
        _ name: String,
        _ values: [UInt8],
        _ shape: [Int] = [],
        type: Int32 = 3
    ) -> String {
        var tensor = Onnx_TensorProto()
        tensor.name = name
        tensor.dataType = type
        tensor.dims = shape.map { Int64($0) }
        tensor.rawData = Data(values)
        proto.graph.initializer.append(tensor)
        return name
    }

    /// Adds a node with one output, whose name it gives.
    @discardableResult
    mutating func node(
        _ type: String,
        _ inputs: [String],
        _ output: String = "",
        ints: [String: [Int64]] = [:],
        int: [String: Int64] = [:],
        float: [String: Float] = [:],
        text: [String: String] = [:]
    ) -> String {
        var node = Onnx_NodeProto()
        node.opType = type
        node.name = "n\(proto.graph.node.count)"
        node.input = inputs
        node.output = [output.isEmpty ? "t\(proto.graph.node.count)" : output]
        func add(_ name: String, _ change: (inout Onnx_AttributeProto) -> Void) {
            var attribute = Onnx_AttributeProto()
            attribute.name = name
            change(&attribute)
            node.attribute.append(attribute)
        }
        for (name, value) in ints {
            add(name) {
                $0.type = .ints
                $0.ints = value
            }
        }
        for (name, value) in int {
            add(name) {
                $0.type = .int
                $0.i = value
            }
        }
        for (name, value) in float {
            add(name) {
                $0.type = .float
                $0.f = value
            }
        }
        for (name, value) in text {
            add(name) {
                $0.type = .string
                $0.s = Data(value.utf8)
            }
        }
        proto.graph.node.append(node)
        return node.output[0]
    }

    /// Says which value the model gives.
    mutating func output(_ name: String) {
        var output = Onnx_ValueInfoProto()
        output.name = name
        output.type.tensorType.elemType = 1
        proto.graph.output.append(output)
    }

    func bytes() throws -> [UInt8] { try proto.serializedBytes() }

    func imported(_ options: ImportOptions = ImportOptions()) throws -> Graph {
        try importModel(try bytes(), name: "test", format: .onnx, options: options)
    }

    /// What stands in the way of this model; fails when nothing does.
    func features(_ options: ImportOptions = ImportOptions()) throws -> [UnsupportedFeature] {
        do {
            _ = try imported(options)
        } catch ImportError.unsupported(let features) {
            return features
        }
        Issue.record("the model imports")
        return []
    }
}

extension Graph {
    /// The names of the operators in order.
    var operatorNames: [String] { nodes.map(\.operator.name) }

    /// The shape that output `index` has.
    func outputShape(_ index: Int = 0) -> [Int] { self[outputs[index].tensor].shape }
}
