import ModelGraph

// UNIDIRECTIONAL_SEQUENCE_LSTM. Its 24 operands: the sequence; weights of the sequence (1-4) and of
// the hidden values (5-8); peepholes (9-11); biases (12-15), each for input, forget, cell, output;
// projection (16-17); hidden values and cell, which are variables (18-19); normalization (20-23).
extension TFLiteImporter {
    mutating func importMemory() throws(NodeProblem) {
        try refuseMemoryVariants()
        let options = try options(71)
        guard try options.byte(0) == 4 else {
            throw NodeProblem(
                .option,
                "the activation is not TANH",
                help: "train the layer with its usual activation, the hyperbolic tangent"
            )
        }
        let clip = try options.float(1, default: 0)
        guard clip >= 0 else { throw .inconsistent("the bound of the cell is \(clip)") }
        let memory = LongShortTermMemory(
            cellClip: clip,
            isTimeMajor: try options.bool(3)
        )
        var inputs: [TensorID?] = [try value(0)]
        for number in 1...8 {
            let weights = try weights(number, axis: 0)
            guard isFloat || graph[weights].quantization?.isPerTensor ?? false else {
                throw NodeProblem(
                    .option,
                    "the weights '\(graph[weights].name)' have several scales",
                    help: "export with one scale for each matrix of the layer"
                )
            }
            inputs.append(weights)
        }
        for number in 12...15 {
            _ = try operand(number)
            inputs.append(try bias(number))
        }
        let y = try result()
        let hidden = try keptTensor(18, .int8)
        let cell = try keptTensor(19, .int16)
        try requireHiddenScale(hidden, y)
        let next = [hidden, cell].map { id in
            var tensor = graph[id]
            tensor.name += ".next"
            return graph.add(tensor)
        }
        try emit(.longShortTermMemory(memory), inputs + [hidden, cell], toAll: [y] + next)
        for (id, next) in zip([hidden, cell], next) { keep(id, next) }
    }

    private func refuseMemoryVariants() throws(NodeProblem) {
        let variants = [
            (1...1, false, "couples input and forget gate (no input gate of its own)"),
            (9...11, true, "has peepholes from the cell to the gates"),
            (16...17, true, "projects its hidden values"),
            (20...23, true, "normalizes its gates"),
        ]
        for (operands, isRefused, what) in variants {
            let isPresent = operands.contains { number in
                number < current.inputs.count && current.inputs[number] != nil
            }
            guard isPresent == isRefused else { continue }
            throw NodeProblem(
                .option,
                "the layer \(what)",
                help: "use the plain layer: four gates, no peepholes, projection or normalization"
            )
        }
    }

    /// The tensor of a variable operand: float32, or an integer of the layer's own type.
    private mutating func keptTensor(
        _ number: Int,
        _ type: DataType
    ) throws(NodeProblem) -> TensorID {
        let place = try operand(number)
        var tensor = model.tensors[place]
        guard tensor.isVariable, tensor.constant == nil, internalIDs[place] == nil else {
            throw .inconsistent("'\(tensor.name)' is not a variable of this layer alone")
        }
        tensor.isVariable = false
        try check(tensor)
        let expected: TFLiteType = isFloat ? .float32 : type == .int16 ? .int16 : .int8
        guard tensor.type == expected else { throw NodeProblem(typeOf: tensor) }
        let quantization =
            isFloat ? nil : try quantization(of: tensor, isPerTensor: true, shift: 0)
        let id = graph.add(
            Tensor(
                name: tensor.name,
                shape: tensor.shape,
                type: isFloat ? .float32 : type,
                quantization: quantization
            )
        )
        internalIDs[place] = id
        return id
    }

    /// The reference computes the hidden values in the scale of its last intermediate tensor and
    /// reads them in that of the variable; only where both agree are they the layer's output.
    private func requireHiddenScale(_ hidden: TensorID, _ y: TensorID) throws(NodeProblem) {
        guard !isFloat else { return }
        try requireSameQuantization([hidden], y)
        guard current.intermediates.count == 5 else {
            throw .inconsistent("\(current.intermediates.count) intermediate tensors, not 5")
        }
        let tensor = model.tensors[current.intermediates[4]]
        let zero = tensor.zeroPoints.first ?? 0
        guard let quantization = graph[hidden].quantization, tensor.scales == quantization.scales,
            zero == Int64(quantization.zeroPoints[0])
        else {
            throw NodeProblem(
                .option,
                "hidden values are computed and read in different scales",
                help: "convert with a current converter"
            )
        }
    }

    /// Variables start at what means 0, and live from one inference to the next.
    private mutating func keep(_ id: TensorID, _ next: TensorID) {
        let tensor = graph[id]
        let zero = UInt8(truncatingIfNeeded: tensor.quantization?.zeroPoints.first ?? 0)
        graph.states.append(
            State(
                name: tensor.name,
                tensor: id,
                next: next,
                initial: [UInt8](repeating: zero, count: tensor.sizeBytes)
            )
        )
    }
}
