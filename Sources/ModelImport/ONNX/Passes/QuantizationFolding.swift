import ModelGraph

extension Graph {
    /// The same function with dequantize, operator and quantize as one integer operator.
    ///
    /// Only a graph in which every operator stands between the two becomes integer (fixed-point
    /// spec, section 10); any other stays as it is, but with its weights in float.
    func foldingQuantization() -> Graph {
        let hasQuantization = nodes.contains {
            switch $0.operator {
            case .quantize, .dequantize: true
            default: false
            }
        }
        guard hasQuantization else { return dequantizingConstants() }
        var pass = QuantizationFolding(graph: self)
        return pass.run() ? pass.graph : dequantizingConstants()
    }

    /// With floats in the place of quantized constants that float operators read.
    func dequantizingConstants() -> Graph {
        var graph = self
        var floats: [TensorID: TensorID] = [:]
        for index in graph.nodes.indices {
            let node = graph.nodes[index]
            guard node.outputs.allSatisfy({ graph[$0].type == .float32 }) else { continue }
            if case .dequantize = node.operator { continue }
            graph.nodes[index].inputs = node.inputs.map { input in
                guard let input, graph[input].quantization != nil, graph[input].constant != nil
                else { return input }
                if let known = floats[input] { return known }
                let id = graph.addDequantized(input)
                floats[input] = id
                return id
            }
        }
        return graph
    }

    fileprivate mutating func addDequantized(_ id: TensorID) -> TensorID {
        let tensor = self[id]
        guard let quantization = tensor.quantization else { return id }
        let constant = ONNXTensor(
            shape: tensor.shape,
            storage: .quantized(integers(id), tensor.type, quantization)
        )
        return add(floats: constant.floats, shape: tensor.shape, name: tensor.name)
    }

    /// The stored integers of an int8 or int32 constant.
    fileprivate func integers(_ id: TensorID) -> [Int32] {
        let bytes = self[id].constant ?? []
        if self[id].type == .int8 { return bytes.map { Int32(Int8(bitPattern: $0)) } }
        return bytes.withUnsafeBytes { raw in
            (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: $0 * 4, as: Int32.self) }
        }
    }
}

/// Runs each operator on the integers that stand for its inputs.
///
/// A float tensor stands for integers when it is the dequantization of a tensor, or when an
/// operator that keeps its values, such as a reshape, wrote it from such a tensor.
private struct QuantizationFolding {
    var graph: Graph
    private var counts: [Int]
    /// The integers behind float tensors.
    private var integers: [TensorID: TensorID] = [:]
    /// For a float tensor that one quantize node reads: the tensor that the node writes.
    private var targets: [TensorID: TensorID] = [:]
    private var nodes: [Node] = [] {
        didSet { if let outputs = nodes.last?.outputs { written.formUnion(outputs) } }
    }
    /// What the nodes write.
    private var written: Set<TensorID> = []

    init(graph: Graph) {
        self.graph = graph
        counts = graph.readCounts()
    }

    /// Whether the whole graph became integer.
    mutating func run() -> Bool {
        for node in graph.nodes {
            guard case .quantize = node.operator, let input = node.inputs[0],
                counts[input.index] == 1
            else { continue }
            targets[input] = node.outputs[0]
        }
        importEdges()
        for node in graph.nodes {
            guard rewrite(node) else { return false }
        }
        for index in graph.outputs.indices {
            let port = graph.outputs[index]
            guard graph[port.tensor].type == .float32 else { continue }
            guard let id = integers[port.tensor] else { return false }
            graph.outputs[index] = Port(name: port.name, tensor: id, externalType: .float32)
        }
        graph.nodes = nodes
        return true
    }

    /// A float input that is quantized at once: whoever feeds the graph quantizes in its place.
    private mutating func importEdges() {
        for index in graph.inputs.indices {
            let port = graph.inputs[index]
            guard graph[port.tensor].type == .float32, let target = targets[port.tensor] else {
                continue
            }
            graph.inputs[index] = Port(name: port.name, tensor: target, externalType: .float32)
            integers[port.tensor] = target
        }
    }

    private mutating func rewrite(_ node: Node) -> Bool {
        let output = node.outputs[0]
        switch node.operator {
        case .dequantize:
            guard let input = node.inputs[0] else { return false }
            integers[output] = input
            return true
        case .quantize: return quantize(node)
        case .requantize:
            nodes.append(node)
            return true
        default: break
        }
        guard graph[output].type == .float32 else {
            if case .argMax = node.operator { return integerInputs(node, output: output) }
            nodes.append(node)
            return true
        }
        if let target = targets[output] { return integerInputs(node, output: target) }
        guard keepsValues(node), let first = node.inputs[0], let source = integers[first] else {
            return false
        }
        // What only moves elements keeps scale and zero point.
        var tensor = graph[output]
        tensor.type = .int8
        tensor.quantization = graph[source].quantization
        let id = graph.add(tensor)
        integers[output] = id
        return integerInputs(node, output: id)
    }

    /// A quantization of integers is a change of scale, or nothing.
    private mutating func quantize(_ node: Node) -> Bool {
        guard let input = node.inputs[0], let target = node.outputs.first else { return false }
        if written.contains(target) { return true }
        guard let source = integers[input] else { return false }
        if source == target { return true }
        nodes.append(
            Node(name: node.name, operator: .requantize, inputs: [source], outputs: [target])
        )
        return true
    }

    private func keepsValues(_ node: Node) -> Bool {
        switch node.operator {
        case .reshape, .transpose, .slice, .pad, .maxPool2D, .tile, .broadcast, .gather,
            .resizeNearest:
            true
        case .concatenation:
            Set(
                node.inputs.compactMap { $0.flatMap { integers[$0] } }.map {
                    graph[$0].quantization
                }
            )
            .count == 1
        case .reduce(.maximum, _, _), .reduce(.minimum, _, _), .unary(.relu): true
        default: false
        }
    }

    /// Writes the node on the integers behind its inputs.
    private mutating func integerInputs(_ node: Node, output: TensorID) -> Bool {
        var moved = node
        moved.outputs = [output]
        for (place, input) in node.inputs.enumerated() {
            guard let input else { continue }
            if let id = integers[input] {
                moved.inputs[place] = id
            } else if graph[input].constant != nil {
                guard let id = constant(place, input, of: moved, output: output) else {
                    return false
                }
                moved.inputs[place] = id
            } else if graph[input].type == .float32 {
                return false
            }
        }
        nodes.append(moved)
        return true
    }

    /// The integers of a constant operand: weights and operands as stored, a bias in the scale
    /// of its products.
    private mutating func constant(
        _ place: Int,
        _ id: TensorID,
        of node: Node,
        output: TensorID
    ) -> TensorID? {
        let isProduct =
            switch node.operator {
            case .convolution2D, .depthwiseConvolution2D, .fullyConnected,
                .transposeConvolution2D:
                true
            default: false
            }
        if isProduct && place == 2 { return bias(id, of: node, output: output) }
        let tensor = graph[id]
        if tensor.type == .int8 { return tensor.quantization == nil ? nil : id }
        if tensor.type != .float32 { return tensor.type == .int32 && isProduct ? nil : id }
        // A constant in float beside integers: exact enough in 8 bits only if it is one number.
        guard let value = graph.scalar(id), !isProduct else { return nil }
        return quantized(value, like: tensor)
    }

    /// One number as the int8 value ±127 or 0.
    private mutating func quantized(_ value: Float, like tensor: Tensor) -> TensorID {
        let scale = value == 0 ? 1 : abs(value) / 127
        var result = tensor
        result.type = .int8
        result.quantization = Quantization(scale: scale, zeroPoint: 0)
        let stored: Int8 = value == 0 ? 0 : value > 0 ? 127 : -127
        result.constant = [UInt8](repeating: UInt8(bitPattern: stored), count: tensor.elementCount)
        return graph.add(result)
    }

    /// The bias in the scale of input times weights.
    private mutating func bias(_ id: TensorID, of node: Node, output: TensorID) -> TensorID? {
        guard let input = node.inputs[0], let weights = node.inputs[1],
            let inputScale = graph[input].quantization?.scales.first,
            let weightScales = graph[weights].quantization?.scales,
            let outputScale = graph[output].quantization?.scales.first
        else { return nil }
        let tensor = graph[id]
        let scales = weightScales.map { $0 * inputScale }
        if tensor.type == .int32, let stored = tensor.quantization?.scales {
            let count = max(stored.count, scales.count)
            let isClose = (0..<count).allSatisfy { channel in
                let (a, b) = (stored[channel % stored.count], scales[channel % scales.count])
                return abs(a - b) / outputScale <= 0.02
            }
            if isClose { return id }
        }
        let real: [Float]
        if tensor.type == .float32 {
            real = graph.floats(id) ?? []
        } else {
            real = graph.floats(graph.addDequantized(id)) ?? []
        }
        let values = real.enumerated().map { channel, value -> Int32 in
            let scaled = (Double(value) / Double(scales[channel % scales.count])).rounded()
            return Int32(min(max(scaled, -2_147_483_647), 2_147_483_647))
        }
        var result = tensor
        result.type = .int32
        result.quantization = Quantization(
            scales: scales,
            zeroPoints: scales.map { _ in 0 },
            axis: 0
        )
        result.constant = values.withUnsafeBytes { Array($0) }
        return graph.add(result)
    }
}
