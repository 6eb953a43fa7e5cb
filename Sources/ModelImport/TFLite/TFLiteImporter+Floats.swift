import ModelGraph

// Models that compute in floating point. Their activations are float32; their weights may be stored
// as float16 or, with scales, as int8 (dynamic-range quantization), and become float32 here.
extension TFLiteImporter {
    /// The float32 tensor of a tensor of the model.
    mutating func floatTensor(_ place: Int) throws(NodeProblem) -> TensorID {
        let tensor = model.tensors[place]
        if let id = internalIDs[place] {
            guard graph[id].type == .float32 else { throw NodeProblem(typeOf: tensor) }
            return id
        }
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
        let type = try storedType(tensor)
        guard bytes.count == (try elementCount(tensor)) * type.sizeBytes else {
            throw .inconsistent("the constant '\(tensor.name)' has \(bytes.count) bytes")
        }
        let stored = Tensor(
            name: tensor.name,
            shape: tensor.shape,
            type: type,
            quantization: type.sizeBytes == 1
                ? try quantization(of: tensor, isPerTensor: false, shift: 0) : nil,
            constant: bytes
        )
        guard let values = stored.realValues(), values.allSatisfy(\.isFinite) else {
            throw .inconsistent("the constant '\(tensor.name)' holds NaN or infinity")
        }
        guard type != .float32 else { return bytes }
        try spendRewritten(4 * values.count)
        return LittleEndian.bytes(values)
    }

    /// The types in which weights of a float model are stored.
    private func storedType(_ tensor: TFLiteTensor) throws(NodeProblem) -> DataType {
        switch tensor.type {
        case .float32: return .float32
        case .float16: return .float16
        case .int8: return .int8
        case .uint8: return .uint8
        default: throw NodeProblem(typeOf: tensor)
        }
    }
}
