import Foundation
import ModelGraph
import Quantizer
import SwiftProtobuf
import Testing

@testable import ModelImport

/// One folder of the wheel.
struct NodeCase {
    let proto: Onnx_ModelProto
    let operatorName: String
    /// 1 and 2 where all operators of the model are of these tiers, else 3; 0 for types that
    /// are not imported.
    let tier: Int
    let inputs: [Onnx_TensorProto]
    let outputs: [Onnx_TensorProto]

    init(_ folder: URL) throws {
        let bytes = try Data(contentsOf: folder.appending(path: "model.onnx"))
        proto = try Onnx_ModelProto(serializedBytes: bytes)
        let operators = Set(proto.graph.node.map(\.opType))
        // Cases of composed operators come a second time, expanded into elementary ones.
        operatorName = proto.graph.node.count > 1 ? "(expanded)" : operators.first ?? ""
        let second = NodeCases.firstTier + NodeCases.secondTier
        // Floats of 8 bits, integers of 2, 4 and 16 bits, unsigned ones beyond 8 bits, texts and
        // sequences are no part of what is imported: their cases are counted apart.
        let isForeign = (proto.graph.input + proto.graph.output).contains { value in
            guard case .tensorType(let tensor)? = value.type.value else { return true }
            let type = ONNXElementType(rawValue: Int(tensor.elemType))
            return type?.graphType == nil || type == .int16
        }
        tier =
            isForeign
            ? 0
            : operators.isSubset(of: NodeCases.firstTier)
                ? 1 : operators.isSubset(of: second) ? 2 : 3
        func tensors(_ role: String, _ count: Int) throws -> [Onnx_TensorProto] {
            try (0..<count).map { index in
                let place = folder.appending(path: "test_data_set_0/\(role)_\(index).pb")
                return try Onnx_TensorProto(serializedBytes: try Data(contentsOf: place))
            }
        }
        inputs = try tensors("input", proto.graph.input.count)
        outputs = try tensors("output", proto.graph.output.count)
    }

    private static let placeholder: Onnx_ValueInfoProto = {
        var dimension = Onnx_TensorShapeProto.Dimension()
        dimension.dimValue = 1
        var input = Onnx_ValueInfoProto()
        input.name = "placeholder"
        input.type.tensorType.elemType = 1
        input.type.tensorType.shape.dim = [dimension]
        return input
    }()

    /// Imports with every input open, then with all but one made constant, then with none open.
    func verdict() -> NodeVerdict {
        var reason = ""
        let open = [Array(inputs.indices)] + inputs.indices.map { [$0] } + [[]]
        for places in open {
            let result = attempt(places)
            if case .refused(let text) = result {
                if reason.isEmpty || places == [0] { reason = text }
                continue
            }
            return result
        }
        return .refused(reason)
    }

    private func attempt(_ open: [Int]) -> NodeVerdict {
        var model = proto
        var shapes: [String: [Int]] = [:]
        for (place, input) in proto.graph.input.enumerated() {
            var tensor = inputs[place]
            tensor.name = input.name
            if open.contains(place) {
                shapes[input.name] = tensor.dims.map { Int($0) }
            } else if !input.name.isEmpty {
                model.graph.initializer.append(tensor)
            }
        }
        // A graph has at least one input.
        if open.isEmpty { model.graph.input.append(NodeCase.placeholder) }
        do {
            let graph = try importModel(
                try model.serializedBytes(),
                name: "node",
                format: .onnx,
                options: ImportOptions(shapes: shapes)
            )
            let fed = try graph.inputs.map { port in
                guard let place = proto.graph.input.firstIndex(where: { $0.name == port.name })
                else { return try #require(FloatTensor(shape: [1], values: [0])) }
                return try real(inputs[place], graph[port.tensor])
            }
            let results = try ReferenceInterpreter(graph).run(fed)
            for (index, port) in graph.outputs.enumerated() {
                let problem = try compare(results[index], outputs[index], graph[port.tensor])
                if let problem { return .wrong("output \(index) (open \(open)): \(problem)") }
            }
            return .pass
        } catch ImportError.unsupported(let features) {
            return .refused(features.first?.reason ?? "")
        } catch let error as ImportError {
            return .refused("\(error)")
        } catch {
            return .refused("not interpreted: \(error)")
        }
    }

    /// The numbers that a stored tensor stands for at a tensor of the graph.
    private func real(_ proto: Onnx_TensorProto, _ tensor: Tensor) throws -> FloatTensor {
        let stored = try ONNXTensor(proto, externalData: ExternalData(folder: nil))
        var values = stored.floats
        if let quantization = tensor.quantization, stored.type.isInteger {
            let shift: Float = stored.type == .uint8 && tensor.type == .int8 ? 128 : 0
            values = values.map {
                ($0 - shift - Float(quantization.zeroPoints[0])) * quantization.scales[0]
            }
        }
        return try #require(FloatTensor(shape: stored.shape, values: values))
    }

    private func compare(
        _ result: FloatTensor,
        _ expected: Onnx_TensorProto,
        _ tensor: Tensor
    ) throws -> String? {
        let wanted = try real(expected, tensor)
        guard result.shape == wanted.shape else {
            return "the shape is \(result.shape), not \(wanted.shape)"
        }
        // Quantized values are computed without rounding to a step.
        let step = tensor.quantization?.scales.first ?? 0
        for (index, pair) in zip(result.values, wanted.values).enumerated() {
            let (a, b) = pair
            if a == b || a.isNaN && b.isNaN { continue }
            let tolerance = 1e-3 * abs(b) + 1e-5 + 0.501 * step
            if !(abs(a - b) <= tolerance) { return "element \(index) is \(a), not \(b)" }
        }
        return nil
    }
}
