import InferenceRuntime
import ModelGraph
import Planner

/// A graph of one node of int16 tensors, built operand by operand.
struct Int16Graph {
    var graph = Graph(name: "test")

    mutating func tensor(
        _ shape: [Int],
        scale: Float,
        type: DataType = .int16,
        constant: [UInt8]? = nil
    ) -> TensorID {
        graph.add(
            Tensor(
                name: "t\(graph.tensors.count)",
                shape: shape,
                type: type,
                quantization: Quantization(scale: scale, zeroPoint: 0),
                constant: constant
            )
        )
    }

    mutating func bias(_ values: [Int64]) -> TensorID {
        graph.add(
            Tensor(
                name: "bias",
                shape: [values.count],
                type: .int64,
                constant: values.flatMap { value in
                    (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
                }
            )
        )
    }

    mutating func node(_ operation: Operator, _ inputs: [TensorID], _ output: TensorID) {
        let name = "node\(graph.nodes.count)"
        graph.nodes.append(
            Node(name: name, operator: operation, inputs: inputs, outputs: [output])
        )
        graph.outputs = [Port(name: "y", tensor: output, externalType: graph[output].type)]
    }

    mutating func inputs(_ ids: [TensorID]) {
        graph.inputs = ids.map { Port(name: "x", tensor: $0, externalType: graph[$0].type) }
    }

    /// The first fault of planning, or nil.
    func fault() throws -> PlanFault? {
        let proved = try QuantizedGraph(proving: graph)
        do throws(PlannerError) {
            _ = try plan(proved, for: .test)
            return nil
        } catch {
            guard case .unsupported(let problems) = error else { throw error }
            return problems.first?.fault
        }
    }
}

/// int16 integers as tensors store them.
enum Stored {
    static func bytes(_ values: [Int]) -> [UInt8] {
        values.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    }

    static func int16s(_ bytes: [UInt8]) -> [Int] {
        stride(from: 0, to: bytes.count, by: 2).map {
            Int(Int16(bitPattern: UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8))
        }
    }
}
