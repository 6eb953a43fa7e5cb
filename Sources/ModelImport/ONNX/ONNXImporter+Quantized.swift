import ModelGraph

extension ONNXImporter {
    /// Scale and zero point of the current node's inputs, for values of a stored integer type.
    ///
    /// uint8 becomes int8: 128 is subtracted from the zero point, as from every stored value.
    func quantization(
        _ scale: ONNXTensor?,
        _ zeroPoint: ONNXTensor?,
        axis: Int,
        type: ONNXElementType
    ) throws(NodeProblem) -> Quantization {
        guard let scale, scale.elementCount >= 1,
            scale.elementCount <= ImportLimits.channelCountMax,
            scale.floats.allSatisfy({ $0.isFinite && $0 > 0 })
        else { throw .inconsistent("a scale is absent, not positive or not finite") }
        let count = scale.elementCount
        let shift: Int64 = type == .uint8 ? 128 : 0
        let stored = zeroPoint?.integers ?? [Int64](repeating: 0, count: count)
        guard stored.count == count else { throw .inconsistent("\(stored.count) zero points") }
        let range: ClosedRange<Int64> = -128...127
        let points = stored.map { $0 - shift }
        guard type == .int32 || points.allSatisfy(range.contains) else {
            throw .inconsistent("a zero point is out of range")
        }
        guard count == 1 || points.allSatisfy({ $0 == 0 }) else {
            throw NodeProblem(
                .option,
                "channels with zero points other than 0",
                help: "quantize weights symmetrically"
            )
        }
        return Quantization(
            scales: scale.floats,
            zeroPoints: points.map { Int32(truncatingIfNeeded: $0) },
            axis: count == 1 ? 0 : axis
        )
    }

    func quantizationAxis(rank: Int) throws(NodeProblem) -> Int {
        let stated = try int("axis", default: 1)
        return stated < 0 ? stated + rank : stated
    }

    // MARK: QuantizeLinear, DequantizeLinear

    mutating func importQuantize() throws(NodeProblem) {
        try require("block_size", isAbsentOr: 0, help: "quantize activations per tensor")
        let x = try tensor(0)
        let point = try constant(2, "zero point")
        let stated = ONNXElementType(rawValue: try int("output_dtype", default: 0))
        let type = point?.type ?? stated ?? .uint8
        try define(
            .tensor(try quantize(x, try constant(1, "scale"), point, type: type))
        )
    }

    /// A tensor of integers that stand for `x`.
    private mutating func quantize(
        _ x: TensorID,
        _ scale: ONNXTensor?,
        _ zeroPoint: ONNXTensor?,
        type: ONNXElementType
    ) throws(NodeProblem) -> TensorID {
        guard type == .int8 || type == .uint8 else {
            throw NodeProblem(
                .type,
                "activations quantized to \(type)",
                help: "quantize activations to int8 or uint8"
            )
        }
        let quantization = try quantization(scale, zeroPoint, axis: 0, type: type)
        guard quantization.isPerTensor else {
            throw NodeProblem(
                .option,
                "an activation with \(quantization.scales.count) scales",
                help: "activations need one scale each"
            )
        }
        let id = try emit(.quantize, [x], shape: graph[x].shape, type: .int8)
        graph[id].quantization = quantization
        return id
    }

    mutating func importDequantize() throws(NodeProblem) {
        let scale = try constant(1, "scale")
        let point = try constant(2, "zero point")
        guard let value = try value(0) else { throw .inconsistent("input 0 is absent") }
        let axis = try quantizationAxis(rank: shape(of: value).count)
        switch value {
        case .constant(let tensor):
            if let real = try realConstant(tensor, scale, point, axis: axis) {
                try define(.constant(real))
            } else {
                try define(.constant(try dequantized(tensor, scale, point, axis: axis)))
            }
        case .tensor(let id):
            try require("block_size", isAbsentOr: 0, help: "quantize activations per tensor")
            try define(.tensor(try dequantize(id, scale, point)))
        case .unknown: throw .inconsistent("input 0 has no value")
        }
    }

    /// A constant that keeps its integers.
    func dequantized(
        _ tensor: ONNXTensor,
        _ scale: ONNXTensor?,
        _ zeroPoint: ONNXTensor?,
        axis: Int
    ) throws(NodeProblem) -> ONNXTensor {
        let type = tensor.type
        guard [.int8, .uint8, .int32].contains(type) else {
            throw NodeProblem(
                .type,
                "a constant quantized to \(type)",
                help: "quantize weights to int8 and biases to int32"
            )
        }
        let quantization = try quantization(scale, zeroPoint, axis: axis, type: type)
        if !quantization.isPerTensor {
            guard tensor.shape.indices.contains(axis),
                tensor.shape[axis] == quantization.scales.count
            else { throw .inconsistent("\(quantization.scales.count) scales on axis \(axis)") }
        }
        let shift: Int64 = type == .uint8 ? 128 : 0
        let values = tensor.integers.map { Int32(truncatingIfNeeded: $0 - shift) }
        let graphType: DataType = type == .int32 ? .int32 : .int8
        return ONNXTensor(
            shape: tensor.shape,
            storage: .quantized(values, graphType, quantization)
        )
    }

    /// The floats that a tensor of integers stands for.
    private mutating func dequantize(
        _ id: TensorID,
        _ scale: ONNXTensor?,
        _ zeroPoint: ONNXTensor?
    ) throws(NodeProblem) -> TensorID {
        let type: ONNXElementType = graph[id].type == .uint8 ? .uint8 : zeroPoint?.type ?? .int8
        guard graph[id].type == .int8 || graph[id].type == .uint8 else {
            throw NodeProblem(
                .type,
                "'\(graph[id].name)' is \(graph[id].type.rawValue)",
                help: "quantize activations to int8 or uint8"
            )
        }
        let quantization = try quantization(scale, zeroPoint, axis: 0, type: type)
        guard quantization.isPerTensor else {
            throw .inconsistent("an activation with \(quantization.scales.count) scales")
        }
        var source = id
        if graph[id].type == .uint8 {
            source = try shifted(id, quantization)
        } else if graph[id].quantization == nil {
            attach(quantization, to: id)
        } else if graph[id].quantization != quantization {
            throw NodeProblem(
                .option,
                "'\(graph[id].name)' is read with another scale than it was written with",
                help: "quantize and dequantize a tensor with one scale and zero point"
            )
        }
        return try emit(.dequantize, [source], shape: graph[id].shape)
    }

    /// The most operators between a tensor of integers and the one that says what they mean.
    private static let movedCountMax = 64

    /// Says what integers stand for, those too that were moved to become them.
    private mutating func attach(_ quantization: Quantization, to id: TensorID) {
        graph[id].quantization = quantization
        var moved = id
        for _ in 0..<Self.movedCountMax {
            guard let node = writers[moved].map({ graph.nodes[$0] }),
                let input = node.inputs[0], graph[input].type == graph[id].type,
                graph[input].quantization == nil
            else { return }
            graph[input].quantization = quantization
            moved = input
        }
    }

    /// The int8 tensor behind a uint8 tensor, which comes from an input of the model.
    private mutating func shifted(
        _ id: TensorID,
        _ quantization: Quantization
    ) throws(NodeProblem) -> TensorID {
        var edge = quantization
        edge.zeroPoints = quantization.zeroPoints.map { $0 + 128 }
        guard graph[id].quantization == nil || graph[id].quantization == edge else {
            throw .inconsistent("the input is read with two scales")
        }
        attach(edge, to: id)
        let shifted = try emit(.requantize, [id], shape: graph[id].shape, type: .int8)
        graph[shifted].quantization = quantization
        return shifted
    }

    // MARK: QLinear operators, as dequantize, operator, quantize

    /// Replaces the current node by one on the named values, and translates that.
    private mutating func importAs(
        _ type: String,
        _ inputs: [ONNXValue],
        attributes: Bool = true
    ) throws(NodeProblem) -> TensorID {
        guard let node = current else { throw .inconsistent("no node") }
        var proto = Onnx_NodeProto()
        proto.name = node.name
        proto.opType = type
        if attributes { proto.attribute = Array(node.attributes.values) }
        for (place, value) in inputs.enumerated() {
            let name = "\(node.outputs.first ?? "")\u{0}\(place)"
            proto.input.append(name)
            values[name] = value
        }
        let result = "\(node.outputs.first ?? "")\u{0}result"
        proto.output = [result]
        do throws(ImportError) {
            current = try ONNXNode(proto, index: node.index)
        } catch {
            throw .inconsistent("\(error)")
        }
        defer { current = node }
        try importNode()
        guard case .tensor(let id)? = values[result] else {
            throw .inconsistent("its inputs are constant")
        }
        return id
    }

    /// The floats behind input `index`, whose scale and zero point are the next two inputs.
    private mutating func realInput(_ index: Int, axis: Int = 0) throws(NodeProblem) -> ONNXValue {
        let scale = try constant(index + 1, "scale")
        let point = try constant(index + 2, "zero point")
        guard let value = try value(index) else { throw .inconsistent("input \(index) is absent") }
        switch value {
        case .constant(let tensor):
            return .constant(try dequantized(tensor, scale, point, axis: axis))
        case .tensor(let id): return .tensor(try dequantize(id, scale, point))
        case .unknown: throw .inconsistent("input \(index) has no value")
        }
    }

    private mutating func defineQuantized(_ id: TensorID, _ index: Int) throws(NodeProblem) {
        let point = try constant(index + 1, "zero point")
        let scale = try constant(index, "scale")
        try define(.tensor(try quantize(id, scale, point, type: point?.type ?? .uint8)))
    }

    mutating func importQLinearConvolution() throws(NodeProblem) {
        let x = try realInput(0)
        let weights = try realInput(3)
        var inputs = [x, weights]
        if let bias = try constant(8, "bias") {
            guard case .tensor(let id) = x, case .constant(let stored) = weights,
                case .dequantize = writers[id].map({ graph.nodes[$0].operator }),
                case .quantized(_, _, let scales) = stored.storage
            else { throw .inconsistent("its weights or its input are not quantized") }
            let inputScale = try scalar(try constant(1, "scale") ?? bias)
            let products = scales.scales.map { $0 * inputScale }
            let real = try dequantized(
                bias,
                ONNXTensor(floats: products, shape: [products.count]),
                nil,
                axis: 0
            )
            inputs.append(.constant(real))
        }
        try defineQuantized(try importAs("Conv", inputs), 6)
    }

    mutating func importQLinearMatMul() throws(NodeProblem) {
        let a = try realInput(0)
        let b = try realInput(3, axis: 1)
        try defineQuantized(try importAs("MatMul", [a, b], attributes: false), 6)
    }

    mutating func importQLinearBinary() throws(NodeProblem) {
        let a = try realInput(0)
        let b = try realInput(3)
        let type = current?.type == "QLinearMul" ? "Mul" : "Add"
        try defineQuantized(try importAs(type, [a, b], attributes: false), 6)
    }
}
