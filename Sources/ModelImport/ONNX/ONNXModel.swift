import ModelGraph
import SwiftProtobuf

/// Limits of an ONNX file, besides those of every model file.
enum ONNXLimits {
    /// The operator sets whose meaning is known; those after 21 add operators and types.
    static let opsets = 7...25
    /// Operators whose meaning from set 1 on is that in set 7; older sets of others are refused.
    static let unchangedOperators: Set = [
        "Abs", "ArgMax", "ArgMin", "Ceil", "Conv", "ConvTranspose", "DepthToSpace", "Exp",
        "Flatten", "Floor", "Gather", "GlobalAveragePool", "GlobalMaxPool", "Identity",
        "LeakyRelu", "Log", "LogSoftmax", "MaxPool", "Neg", "Not", "Reciprocal", "ReduceMax",
        "ReduceMean", "ReduceMin", "ReduceSum", "Relu", "Shape", "Sigmoid", "Size", "Softmax",
        "Softplus", "SpaceToDepth", "Sqrt", "Squeeze", "Tanh", "Transpose", "Unsqueeze",
    ]
    /// The newest version of the file format.
    static let irVersionMax: Int64 = 13
    /// Nesting of messages: a subgraph takes three levels.
    static let messageDepthMax = 64
    /// Attributes of one node; the largest operators have a dozen.
    static let attributeCountMax = 256
    /// Nested `If` branches that are followed.
    static let branchDepthMax = 8
    /// Bytes of constants: twice the largest file.
    static let constantSizeBytesMax = 1 << 32
    /// Elements of one constant that is computed; position tables and masks have a million.
    static let computedElementCountMax = 1 << 24
    /// Elements that folding may compute in all.
    static let foldedElementCountMax = 1 << 27
}

/// One node of an ONNX graph with its attributes by name.
struct ONNXNode {
    let index: Int
    let name: String
    let type: String
    let domain: String
    let inputs: [String]
    let outputs: [String]
    let attributes: [String: Onnx_AttributeProto]

    init(_ proto: Onnx_NodeProto, index: Int) throws(ImportError) {
        let operands = max(proto.input.count, proto.output.count)
        guard operands <= ImportLimits.operandCountMax else {
            throw .countOutOfRange(
                place: "operands of node \(index)",
                count: operands,
                limit: ImportLimits.operandCountMax
            )
        }
        guard proto.attribute.count <= ONNXLimits.attributeCountMax else {
            throw .countOutOfRange(
                place: "attributes of node \(index)",
                count: proto.attribute.count,
                limit: ONNXLimits.attributeCountMax
            )
        }
        self.index = index
        name = String(proto.name.prefix(ImportLimits.nameSizeBytesMax))
        type = String(proto.opType.prefix(ImportLimits.nameSizeBytesMax))
        domain = proto.domain == "ai.onnx" ? "" : proto.domain
        inputs = proto.input
        outputs = proto.output
        attributes = Dictionary(
            proto.attribute.map { ($0.name, $0) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    /// The names that the node reads, those that its branches take from outside included.
    var reads: [String] {
        var names = inputs
        for attribute in attributes.values where attribute.hasG {
            names += ONNXNode.captures(of: attribute.g, depth: 0)
        }
        return names.filter { !$0.isEmpty }
    }

    private static func captures(of graph: Onnx_GraphProto, depth: Int) -> [String] {
        guard depth <= ONNXLimits.branchDepthMax else { return [] }
        var names = graph.output.map(\.name)
        for node in graph.node {
            names += node.input
            for attribute in node.attribute where attribute.hasG {
                names += captures(of: attribute.g, depth: depth + 1)
            }
        }
        return names
    }
}

/// A decoded ONNX file whose counts are within limits.
struct ONNXModel {
    let proto: Onnx_ModelProto
    /// The version of the default operator set; `nil` when the file names none.
    let opset: Int?
    /// The nodes of the main graph, each behind those whose outputs it reads.
    let nodes: [ONNXNode]

    /// Decodes a file.
    ///
    /// - Throws: `ImportError` for bytes that are no such message, for counts beyond the limits
    ///   and for nodes that read each other in a circle.
    init(_ bytes: [UInt8]) throws(ImportError) {
        guard ProtobufCensus.messageCount(of: bytes) != nil else {
            throw .malformedMessage(detail: "the messages do not fit into each other")
        }
        var options = BinaryDecodingOptions()
        options.messageDepthLimit = ONNXLimits.messageDepthMax
        options.discardUnknownFields = true
        do {
            proto = try Onnx_ModelProto(serializedBytes: bytes, options: options)
        } catch {
            throw .malformedMessage(detail: "\(error)")
        }
        opset = proto.opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }
            .map { Int($0.version) }
        let graph = proto.graph
        try Self.check(graph.node.count, "nodes", GraphLimits.nodeCountMax)
        try Self.check(graph.output.count, "outputs", GraphLimits.portCountMax)
        guard graph.initializer.count <= GraphLimits.tensorCountMax else {
            throw .countOutOfRange(
                place: "constants",
                count: graph.initializer.count,
                limit: GraphLimits.tensorCountMax
            )
        }
        nodes = try Self.sorted(Self.nodes(of: graph))
    }

    /// Inputs and initializers that are float16 or bfloat16.
    var narrowTypes: [String: ONNXElementType] {
        let stated =
            proto.graph.initializer.map { ($0.name, $0.dataType) }
            + proto.graph.input.map { ($0.name, $0.type.tensorType.elemType) }
        var types: [String: ONNXElementType] = [:]
        for (name, number) in stated {
            guard let type = ONNXElementType(rawValue: Int(number)),
                type == .float16 || type == .bfloat16
            else { continue }
            types[name] = type
        }
        return types
    }

    private static func check(_ count: Int, _ place: String, _ limit: Int) throws(ImportError) {
        guard (1...limit).contains(count) else {
            throw .countOutOfRange(place: place, count: count, limit: limit)
        }
    }

    /// The nodes of a graph in the file's order.
    static func nodes(of graph: Onnx_GraphProto) throws(ImportError) -> [ONNXNode] {
        var nodes: [ONNXNode] = []
        for (index, node) in graph.node.enumerated() {
            nodes.append(try ONNXNode(node, index: index))
        }
        return nodes
    }

    /// The nodes so that each comes behind the writers of what it reads, else in file order.
    private static func sorted(_ nodes: [ONNXNode]) throws(ImportError) -> [ONNXNode] {
        var writers: [String: Int] = [:]
        for (place, node) in nodes.enumerated() {
            for output in node.outputs where !output.isEmpty {
                guard writers.updateValue(place, forKey: output) == nil else {
                    throw .invalidGraph(.tensorWrittenTwice(node: node.name, tensor: output))
                }
            }
        }
        var waiting = nodes.map { node in Set(node.reads.compactMap { writers[$0] }).count }
        var readers = [[Int]](repeating: [], count: nodes.count)
        for (place, node) in nodes.enumerated() {
            for writer in Set(node.reads.compactMap { writers[$0] }) {
                readers[writer].append(place)
            }
        }
        if nodes.indices.allSatisfy({ place in
            nodes[place].reads.allSatisfy { (writers[$0] ?? -1) < place }
        }) {
            return nodes
        }
        var ready = nodes.indices.filter { waiting[$0] == 0 }
        var order: [ONNXNode] = []
        var next = 0
        while next < ready.count {
            let place = ready[next]
            next += 1
            order.append(nodes[place])
            for reader in readers[place] {
                waiting[reader] -= 1
                if waiting[reader] == 0 { ready.append(reader) }
            }
        }
        guard order.count == nodes.count else {
            let stuck = nodes.indices.first { waiting[$0] > 0 }.map { nodes[$0] }
            throw .invalidGraph(
                .tensorUsedBeforeProduced(
                    node: stuck?.name ?? "",
                    tensor: stuck?.outputs.first ?? ""
                )
            )
        }
        return order
    }
}
