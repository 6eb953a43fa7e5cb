import ModelGraph

extension TFLiteImporter {
    // MARK: Operands of the current operator

    /// The place in the model of operand `number`, which must be there.
    func operand(_ number: Int) throws(NodeProblem) -> Int {
        guard number < current.inputs.count, let place = current.inputs[number] else {
            throw .inconsistent("operand \(number) is missing")
        }
        return place
    }

    /// The tensor of operand `number`, an activation or a constant: int8 or int16, or float32 in a
    /// model that computes in floating point.
    mutating func value(_ number: Int) throws(NodeProblem) -> TensorID {
        try internalTensor(try operand(number))
    }

    /// The integers of a constant operand that steers the operator: axes, paddings, sizes.
    func integers(_ number: Int, _ role: String) throws(NodeProblem) -> [Int] {
        let tensor = model.tensors[try operand(number)]
        guard let bytes = tensor.constant else {
            throw NodeProblem(
                .structure,
                "the \(role) '\(tensor.name)' is computed in the model",
                help: "export with fixed shapes, so that the converter folds it into a constant"
            )
        }
        let count = try elementCount(tensor)
        let values: [Int]
        switch tensor.type {
        case .int32: values = LittleEndian.int32s(bytes).map(Int.init)
        case .int64: values = LittleEndian.int64s(bytes).map { Int(clamping: $0) }
        default: throw .inconsistent("the \(role) is \(tensor.typeName)")
        }
        guard values.count == count, values.allSatisfy({ Int32(exactly: $0) != nil }) else {
            throw .inconsistent("the \(role) does not hold \(count) integers of 32 bits")
        }
        return values
    }

    /// One integer of a constant operand.
    func integer(_ number: Int, _ role: String) throws(NodeProblem) -> Int {
        let values = try integers(number, role)
        guard let value = values.first, values.count == 1 else {
            throw .inconsistent("the \(role) has \(values.count) elements")
        }
        return value
    }

    /// The constant weights of a dot product, with scales along `axis` when per channel.
    ///
    /// `data` is the operand that they multiply.
    mutating func weights(
        _ number: Int,
        axis: Int,
        data: Int = 0
    ) throws(NodeProblem) -> TensorID {
        let place = try operand(number)
        let tensor = model.tensors[place]
        if isFloat { return try floatConstant(place, "weights") }
        guard tensor.constant != nil else {
            throw NodeProblem(
                .option,
                "the weights '\(tensor.name)' are computed in the model",
                help: "only constant weights are supported"
            )
        }
        let input = model.tensors[try operand(data)]
        guard tensor.type == (input.type == .int16 ? .int8 : input.type) else {
            throw NodeProblem(
                .type,
                "the weights are \(tensor.typeName) beside \(input.typeName)",
                help: "export with full integer quantization (int8)"
            )
        }
        let isPerAxis = tensor.scales.count <= 1 || tensor.quantizedDimension == axis
        guard isPerAxis else {
            throw NodeProblem(
                .option,
                "the weights are quantized along dimension \(tensor.quantizedDimension)",
                help: "export with scales per output channel, dimension \(axis)"
            )
        }
        if let id = internalIDs[place] { return id }
        return try makeInternal(place, isPerTensor: false)
    }

    /// The constant bias, when there is one: int32, or int64 beside int16 activations.
    ///
    /// Its scale follows from input and weights, so what the file says about it is not read.
    mutating func bias(_ number: Int) throws(NodeProblem) -> TensorID? {
        guard number < current.inputs.count, let place = current.inputs[number] else { return nil }
        if isFloat { return try floatConstant(place, "bias") }
        if let id = internalIDs[place] { return id }
        let tensor = model.tensors[place]
        let input = model.tensors[try operand(0)]
        let isWide = tensor.type == .int64 && input.type == .int16
        guard tensor.type == .int32 || isWide else { throw NodeProblem(typeOf: tensor) }
        let type: DataType = isWide ? .int64 : .int32
        guard let bytes = tensor.constant,
            bytes.count == type.sizeBytes * (try elementCount(tensor))
        else {
            throw NodeProblem(
                .option,
                "the bias '\(tensor.name)' is not a constant of its shape",
                help: "only constant biases are supported"
            )
        }
        let id = graph.add(
            Tensor(name: tensor.name, shape: tensor.shape, type: type, constant: bytes)
        )
        internalIDs[place] = id
        return id
    }

    /// The int8 or int16 tensor that the current operator writes.
    mutating func result(_ number: Int = 0) throws(NodeProblem) -> TensorID {
        guard number < current.outputs.count else {
            throw .inconsistent("output \(number) is missing")
        }
        let place = current.outputs[number]
        guard model.tensors[place].constant == nil, !isInput[place] else {
            let name = model.tensors[place].name
            throw .inconsistent("the output '\(name)' is a constant or an input of the model")
        }
        return try internalTensor(place, isWritten: true)
    }

    // MARK: Tensors of the graph

    /// The int8 or int16 tensor of a tensor of the model.
    ///
    /// A uint8 input of the model gets its int8 twin, and the node between them, when first read.
    mutating func internalTensor(
        _ place: Int,
        isWritten: Bool = false
    ) throws(NodeProblem) -> TensorID {
        if isFloat { return try floatTensor(place) }
        let tensor = model.tensors[place]
        guard tensor.isComputed else { throw NodeProblem(typeOf: tensor) }
        if let id = internalIDs[place] {
            guard graph[id].quantization?.isPerTensor ?? false else {
                throw .inconsistent("'\(graph[id].name)' serves as weights and as an activation")
            }
            return id
        }
        let id = try makeInternal(place, isPerTensor: true)
        if !isWritten, let edge = edgeIDs[place] {
            try emit(.requantize, [edge], to: id, suffix: ".int8")
        }
        return id
    }

    /// The uint8 tensor that callers see.
    mutating func edgeTensor(_ place: Int) throws(NodeProblem) -> TensorID {
        if let id = edgeIDs[place] { return id }
        let tensor = model.tensors[place]
        try check(tensor)
        guard tensor.constant == nil else {
            throw .inconsistent("'\(tensor.name)' is a constant at the model's edge")
        }
        let id = graph.add(
            Tensor(
                name: tensor.name,
                shape: tensor.shape,
                type: .uint8,
                quantization: try quantization(of: tensor, isPerTensor: true, shift: 0)
            )
        )
        edgeIDs[place] = id
        return id
    }

    /// The int32 or int64 tensor of indices, which ARG_MAX writes and GATHER reads.
    mutating func indexTensor(_ place: Int) throws(NodeProblem) -> TensorID {
        switch model.tensors[place].type {
        case .int32: try plainTensor(place, .int32)
        case .int64: try plainTensor(place, .int64)
        default: throw NodeProblem(typeOf: model.tensors[place])
        }
    }

    /// The tensor of truth values that SELECT reads.
    mutating func conditionTensor(_ place: Int) throws(NodeProblem) -> TensorID {
        guard model.tensors[place].type == .bool else {
            throw NodeProblem(typeOf: model.tensors[place])
        }
        return try plainTensor(place, .bool)
    }

    /// A tensor whose integers stand for themselves.
    mutating func plainTensor(
        _ place: Int,
        _ type: DataType,
        allowsConstant: Bool = false
    ) throws(NodeProblem) -> TensorID {
        if let id = internalIDs[place] { return id }
        let tensor = model.tensors[place]
        try check(tensor)
        if let bytes = tensor.constant {
            guard isFloat || allowsConstant else { throw NodeProblem(typeOf: tensor) }
            guard bytes.count == type.sizeBytes * (try elementCount(tensor)) else {
                throw .inconsistent("the constant '\(tensor.name)' has \(bytes.count) bytes")
            }
        }
        let id = graph.add(
            Tensor(
                name: tensor.name,
                shape: tensor.shape,
                type: type,
                constant: tensor.constant
            )
        )
        internalIDs[place] = id
        return id
    }

    private mutating func makeInternal(
        _ place: Int,
        isPerTensor: Bool
    ) throws(NodeProblem) -> TensorID {
        let tensor = model.tensors[place]
        try check(tensor)
        guard tensor.isComputed else { throw NodeProblem(typeOf: tensor) }
        let type: DataType = tensor.type == .int16 ? .int16 : .int8
        let isShifted = tensor.type == .uint8
        let shift: Int64 = isShifted ? 128 : 0
        var constant = tensor.constant
        if let bytes = constant {
            guard bytes.count == type.sizeBytes * (try elementCount(tensor)) else {
                throw .inconsistent("the constant '\(tensor.name)' has \(bytes.count) bytes")
            }
            if isShifted { constant = try rewritten(bytes) }
        }
        let id = graph.add(
            Tensor(
                name: tensor.name,
                shape: tensor.shape,
                type: type,
                quantization: try quantization(
                    of: tensor,
                    isPerTensor: isPerTensor,
                    shift: shift
                ),
                constant: constant
            )
        )
        internalIDs[place] = id
        return id
    }

    // MARK: Checks

    func elementCount(_ tensor: TFLiteTensor) throws(NodeProblem) -> Int {
        var count = 1
        for extent in tensor.shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent >= 1, !overflow, product <= GraphLimits.elementCountMax else {
                throw .inconsistent("'\(tensor.name)' has the unusable shape \(tensor.shape)")
            }
            count = product
        }
        return count
    }

    func check(_ tensor: TFLiteTensor) throws(NodeProblem) {
        if let dynamic = tensor.shapeSignature.dropFirst().firstIndex(of: -1) {
            throw NodeProblem(
                .structure,
                "dimension \(dynamic) of '\(tensor.name)' is dynamic",
                help: "export with a fixed input shape (only a batch of 1 may be left open)"
            )
        }
        guard tensor.shape.count <= GraphLimits.rankMax else {
            throw NodeProblem(
                .structure,
                "'\(tensor.name)' has \(tensor.shape.count) dimensions",
                help: "at most \(GraphLimits.rankMax) dimensions are supported"
            )
        }
        _ = try elementCount(tensor)
        let obstacles = [
            (tensor.isVariable, "keeps a value between calls", "export the non-streaming form"),
            (tensor.isSparse, "is stored sparsely", "convert without sparsity"),
            (tensor.isExternal, "lies in another file", "convert to a single file"),
            (
                tensor.hasCustomQuantization, "is quantized in blocks or by a custom scheme",
                "quantize per tensor or per channel"
            ),
        ]
        for case (true, let reason, let help) in obstacles {
            throw NodeProblem(.structure, "'\(tensor.name)' \(reason)", help: help)
        }
    }

    func quantization(
        of tensor: TFLiteTensor,
        isPerTensor: Bool,
        shift: Int64
    ) throws(NodeProblem) -> Quantization {
        let name = tensor.name
        guard !tensor.scales.isEmpty else {
            throw NodeProblem(
                .type,
                "'\(name)' is \(tensor.typeName) without scale and zero point",
                help: "export with full integer quantization (int8)"
            )
        }
        let axis = tensor.quantizedDimension
        let isChannelled = tensor.scales.count > 1
        if isChannelled {
            guard !isPerTensor else {
                throw NodeProblem(
                    .type,
                    "the activation '\(name)' has \(tensor.scales.count) scales",
                    help: "activations need one scale each"
                )
            }
            guard tensor.shape.indices.contains(axis), tensor.shape[axis] == tensor.scales.count
            else { throw .inconsistent("'\(name)' has \(tensor.scales.count) scales") }
        }
        guard tensor.scales.allSatisfy({ $0.isFinite && $0 > 0 }) else {
            throw .inconsistent("a scale of '\(name)' is not positive and finite")
        }
        // Absent zero points are 0.
        let stored =
            tensor.zeroPoints.isEmpty
            ? [Int64](repeating: 0, count: tensor.scales.count) : tensor.zeroPoints
        let range: ClosedRange<Int64> =
            tensor.type == .int16 ? 0...0 : tensor.type == .uint8 ? 0...255 : -128...127
        guard stored.count == tensor.scales.count, stored.allSatisfy({ range.contains($0) }),
            !isChannelled || stored.allSatisfy({ $0 == shift })
        else { throw .inconsistent("the zero points of '\(name)' are not usable") }
        let zeroPoints = stored.map { Int32($0 - shift) }
        return Quantization(
            scales: tensor.scales,
            zeroPoints: zeroPoints,
            axis: isChannelled ? axis : 0
        )
    }

    /// Counts bytes that constants are rewritten to, against what the file's size allows.
    mutating func spendRewritten(_ count: Int) throws(NodeProblem) {
        rewrittenBytes += count
        guard rewrittenBytes <= FlatBuffer.copyBudgetFactor * model.file.bytes.count else {
            throw .inconsistent("constants share their bytes too often")
        }
    }

    /// Stored uint8 values as int8: 128 less, which flips the highest bit.
    private mutating func rewritten(_ bytes: [UInt8]) throws(NodeProblem) -> [UInt8] {
        try spendRewritten(bytes.count)
        return [UInt8](unsafeUninitializedCapacity: bytes.count) { buffer, count in
            for position in bytes.indices { buffer[position] = bytes[position] ^ 0x80 }
            count = bytes.count
        }
    }
}

extension TFLiteTensor {
    /// Whether nodes compute on its type.
    var isComputed: Bool { type == .int8 || type == .uint8 || type == .int16 }

    /// Whether the stored integers of two tensors mean the same numbers.
    func isQuantized(like other: TFLiteTensor) -> Bool {
        type == other.type && scales == other.scales && zeroPoints == other.zeroPoints
    }
}
