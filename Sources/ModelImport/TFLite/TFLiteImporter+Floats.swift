import ModelGraph

// Models that compute in floating point. Their activations are float32; their weights may be stored
// as float16 or, with scales, as int8 (dynamic-range quantization), and become float32 here.
extension TFLiteImporter {
    /// The float32 tensor of a tensor of the model.
    mutating func floatTensor(_ place: Int) throws(NodeProblem) -> TensorID {
        if let id = internalIDs[place] { return id }
        let tensor = model.tensors[place]
        try check(tensor)
        guard tensor.constant != nil || tensor.type == .float32 else {
            throw NodeProblem(typeOf: tensor)
        }
        let id = graph.add(
            Tensor(
                name: tensor.name,
                shape: tensor.shape,
                type: .float32,
                constant: try floatBytes(tensor)
            )
        )
        internalIDs[place] = id
        return id
    }

    /// The float32 constant of an operand that must be one.
    mutating func floatConstant(
        _ place: Int,
        _ role: String
    ) throws(NodeProblem) -> TensorID {
        let id = try floatTensor(place)
        guard graph[id].constant != nil else {
            throw NodeProblem(
                .option,
                "the \(role) '\(graph[id].name)' are computed in the model",
                help: "only constant weights and biases are supported"
            )
        }
        return id
    }

    /// DEQUANTIZE of a constant: what it writes is the constant itself, as float32.
    mutating func foldDequantize(_ source: Int, to output: Int) throws(NodeProblem) {
        guard model.tensors[source].constant != nil, internalIDs[output] == nil else {
            throw NodeProblem(typeOf: model.tensors[source])
        }
        internalIDs[output] = try floatTensor(source)
    }

    /// A constant's bytes as float32, finite throughout; `nil` for an activation.
    private mutating func floatBytes(_ tensor: TFLiteTensor) throws(NodeProblem) -> [UInt8]? {
        guard let bytes = tensor.constant else { return nil }
        let count = try elementCount(tensor)
        let size: Int
        switch tensor.type {
        case .float32: size = 4
        case .float16: size = 2
        case .int8, .uint8: size = 1
        default: throw NodeProblem(typeOf: tensor)
        }
        guard bytes.count == count * size else {
            throw .inconsistent("the constant '\(tensor.name)' has \(bytes.count) bytes")
        }
        let values = try floats(tensor, bytes, count: count)
        guard values.allSatisfy(\.isFinite) else {
            throw .inconsistent("the constant '\(tensor.name)' holds NaN or infinity")
        }
        guard tensor.type != .float32 else { return bytes }
        try spendRewritten(4 * count)
        return values.flatMap { value in
            (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
        }
    }

    private func floats(
        _ tensor: TFLiteTensor,
        _ bytes: [UInt8],
        count: Int
    ) throws(NodeProblem) -> [Float] {
        switch tensor.type {
        case .float32:
            return LittleEndian.int32s(bytes).map { Float(bitPattern: UInt32(bitPattern: $0)) }
        case .float16:
            return (0..<count).map { index in
                let bits = UInt16(bytes[2 * index]) | UInt16(bytes[2 * index + 1]) << 8
                return Float(Float16(bitPattern: bits))
            }
        default: return try dequantized(tensor, bytes)
        }
    }

    /// The real numbers of quantized weights.
    private func dequantized(
        _ tensor: TFLiteTensor,
        _ bytes: [UInt8]
    ) throws(NodeProblem) -> [Float] {
        let isUnsigned = tensor.type == .uint8
        let stored = bytes.map { isUnsigned ? Int32($0) : Int32(Int8(bitPattern: $0)) }
        let quantization = try quantization(of: tensor, isPerTensor: false, shift: 0)
        let (scales, zeros) = (quantization.scales, quantization.zeroPoints)
        let inner = tensor.shape.dropFirst(quantization.axis + 1).reduce(1, *)
        return stored.enumerated().map { index, value in
            let channel = scales.count == 1 ? 0 : index / inner % scales.count
            return scales[channel] * Float(value - zeros[channel])
        }
    }
}
