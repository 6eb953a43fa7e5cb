import ModelGraph

// Operators that few integer models have; each has an integer form on devices.
extension TFLiteImporter {
    mutating func importRareOperator(_ code: TFLiteOperatorCode) throws(NodeProblem) {
        switch code {
        case .prelu: try emit(.prelu, [try value(0), try value(1)], to: try result())
        case .reduceMax, .reduceMin: try importExtremum(isMinimum: code == .reduceMin)
        case .gather: try importGather()
        case .select, .selectV2: try importSelect(alignsLeft: code == .select)
        case .tile: try importTile()
        case .broadcastTo: try importBroadcast()
        case .argMin: try importArgMin()
        case .sum, .div, .squaredDifference, .logSoftmax, .batchMatMul, .transposeConv:
            try requireInt8()
            try importArithmetic(code)
        default: try importFloatOperator(code)
        }
    }

    private mutating func importArithmetic(
        _ code: TFLiteOperatorCode
    ) throws(NodeProblem) {
        switch code {
        case .sum: try importReduction(.sum)
        case .div: try importBinary(.divide, options: 29)
        case .squaredDifference:
            try emit(
                .binary(.squaredDifference, .none),
                [try value(0), try value(1)],
                to: try result()
            )
        case .logSoftmax: try importLogSoftmax()
        case .batchMatMul: try importBatchMatMul()
        default: try importTransposeConvolution()
        }
    }

    /// The legacy uint8 kernels of these operators differ or do not exist.
    private func requireInt8() throws(NodeProblem) {
        guard !current.outputs.contains(where: { model.tensors[$0].type == .uint8 }) else {
            throw NodeProblem(
                .type,
                "the operator is not supported on uint8",
                help: "export with int8 quantization"
            )
        }
    }

    /// LOG_SOFTMAX: the reference knows one output quantization only.
    private mutating func importLogSoftmax() throws(NodeProblem) {
        let (x, y) = (try value(0), try result())
        guard isFloat || graph[y].quantization == Quantization(scale: 1 / 16, zeroPoint: 127)
        else {
            throw NodeProblem(
                .option,
                "the output's scale is not 1/16 from the highest integer down",
                help: "convert with a current converter"
            )
        }
        try emit(.logSoftmax, [x], to: y)
    }

    private mutating func importExtremum(isMinimum: Bool) throws(NodeProblem) {
        let (x, y) = (try value(0), try result())
        try requireSameQuantization([x], y)
        try importReduction(isMinimum ? .minimum : .maximum)
    }

    /// ARG_MIN: the first minimum is the first maximum of the negated values.
    ///
    /// A zero point of `-1 - z` makes the negation the complement of the stored integer, which is
    /// exact.
    private mutating func importArgMin() throws(NodeProblem) {
        let x = try value(0)
        let axis = try resolve([try integer(1, "axis")], rank: graph[x].shape.count)[0]
        guard let output = current.outputs.first else { throw .inconsistent("no output") }
        var negated = graph[x]
        negated.name += ".negated"
        negated.constant = nil
        if let quantization = graph[x].quantization {
            negated.quantization = Quantization(
                scales: quantization.scales,
                zeroPoints: quantization.zeroPoints.map { -1 - $0 }
            )
        }
        let opposite = graph.add(negated)
        try emit(.unary(.negate), [x], to: opposite, suffix: ".negated")
        try emit(.argMax(axis: axis), [opposite], to: try indexTensor(output))
    }

    // MARK: Moves

    /// GATHER without batch dimensions; constant indices are proved to lie inside.
    private mutating func importGather() throws(NodeProblem) {
        let options = try options(23)
        guard try options.integer(1) == 0 else {
            throw NodeProblem(
                .option,
                "batch dimensions are not supported",
                help: "export without batch_dims"
            )
        }
        let x = try value(0)
        let shape = graph[x].shape
        let axis = try resolve([try options.integer(0)], rank: shape.count)[0]
        let place = try operand(1)
        let indices = isFloat ? try indexTensor(place) : try plainTensor(place)
        if model.tensors[place].constant != nil {
            let stated = try integers(1, "list of indices")
            guard stated.allSatisfy({ (0..<shape[axis]).contains($0) }) else {
                throw .inconsistent("an index lies outside dimension \(axis) of \(shape)")
            }
        }
        try emit(.gather(axis: axis), [x, indices], to: try result())
    }

    /// SELECT takes a condition of one element or of whole slices; SELECT_V2 broadcasts.
    private mutating func importSelect(alignsLeft: Bool) throws(NodeProblem) {
        let place = try operand(0)
        let condition = isFloat ? try conditionTensor(place) : try plainTensor(place)
        let (a, b, y) = (try value(1), try value(2), try result())
        try requireSameQuantization([a, b], y)
        let (shape, target) = (graph[condition].shape, graph[y].shape)
        guard alignsLeft, shape != target, shape.count == 1, target.count > 1 else {
            return try emit(.select, [condition, a, b], to: y)
        }
        guard graph[condition].constant != nil else {
            throw NodeProblem(
                .option,
                "a condition of whole slices is computed in the model",
                help: "use SELECT_V2"
            )
        }
        let column = graph.add(
            Tensor(
                name: "\(graph[condition].name).column",
                shape: shape + [Int](repeating: 1, count: target.count - 1),
                type: graph[condition].type,
                constant: graph[condition].constant
            )
        )
        try emit(.select, [column, a, b], to: y)
    }

    private mutating func importTile() throws(NodeProblem) {
        let multiples = try integers(1, "list of multiples")
        let (x, y) = (try value(0), try result())
        try requireSameQuantization([x], y)
        try emit(.tile(multiples: multiples), [x], to: y)
    }

    private mutating func importBroadcast() throws(NodeProblem) {
        let (x, y) = (try value(0), try result())
        try requireSameQuantization([x], y)
        try emit(.broadcast, [x], to: y)
    }

    /// A tensor whose integers stand for themselves: indices or a condition.
    mutating func plainTensor(_ place: Int) throws(NodeProblem) -> TensorID {
        if let id = internalIDs[place] { return id }
        let tensor = model.tensors[place]
        try check(tensor)
        let type: DataType
        switch tensor.type {
        case .int32: type = .int32
        case .int64: type = .int64
        case .bool: type = .bool
        default: throw NodeProblem(typeOf: tensor)
        }
        return try plainTensor(place, type, allowsConstant: true)
    }
}
