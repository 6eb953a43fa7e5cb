import ModelGraph

extension TFLiteImporter {
    /// ADD, SUB, MUL with a fused activation; MAXIMUM and MINIMUM without options.
    mutating func importBinary(
        _ operation: BinaryOperator,
        options kind: UInt8?
    ) throws(NodeProblem) {
        let a = try value(0)
        let b = try value(1)
        let y = try result()
        var activation = Activation.none
        if let kind {
            activation = try options(kind).activation(0)
        } else {
            // These compare stored integers (fixed-point-spec, 5.10).
            try requireSameQuantization([a, b], y)
        }
        try emit(.binary(operation, activation), [a, b], to: y)
    }

    mutating func importUnary(_ operation: UnaryOperator) throws(NodeProblem) {
        try emit(.unary(operation), [try value(0)], to: try result())
    }

    mutating func importReduction(_ kind: Reduction) throws(NodeProblem) {
        let x = try value(0)
        let axes = Set(
            try resolve(try integers(1, "list of axes"), rank: graph[x].shape.count)
        )
        let keeps = try options(27).bool(0)
        try emit(
            .reduce(kind, axes: axes.sorted(), keepsDimensions: keeps),
            [x],
            to: try result()
        )
    }

    /// SOFTMAX: the reference knows one output quantization only (fixed-point-spec, 6.1).
    mutating func importSoftmax() throws(NodeProblem) {
        let x = try value(0)
        let y = try result()
        let beta = try options(9).float(0, default: 0)
        let known =
            graph[y].type == .int16
            ? Quantization(scale: 0x1p-15, zeroPoint: 0)
            : Quantization(scale: 1 / 256, zeroPoint: -128)
        guard isFloat || graph[y].quantization == known else {
            throw NodeProblem(
                .option,
                "the output's scale is not 1/256 from the lowest integer up, or 2^-15 of int16",
                help: "convert with a current converter"
            )
        }
        guard beta > 0 else { throw .inconsistent("beta is \(beta)") }
        try emit(.softmax(beta: beta), [x], to: y)
    }

    mutating func importArgMax() throws(NodeProblem) {
        let x = try value(0)
        let axis = try resolve([try integer(1, "axis")], rank: graph[x].shape.count)[0]
        guard let output = current.outputs.first else { throw .inconsistent("no output") }
        try emit(.argMax(axis: axis), [x], to: try indexTensor(output))
    }

    /// QUANTIZE: at a float32 input the caller does it; between integers it is a node.
    mutating func importQuantize() throws(NodeProblem) {
        let source = try operand(0)
        guard let output = current.outputs.first else { throw .inconsistent("no output") }
        if model.tensors[source].type == .float32, isInput[source] { return }
        let isFromEdge = model.tensors[source].type == .uint8 && isInput[source]
        let isToEdge = model.tensors[output].type == .uint8 && isOutput[output]
        let x = isFromEdge ? try edgeTensor(source) : try value(0)
        let y = isToEdge ? try edgeTensor(output) : try result()
        try emit(.requantize, [x], to: y)
    }

    /// DEQUANTIZE: at a float32 output the caller does it; anywhere else a float is computed on.
    mutating func importDequantize() throws(NodeProblem) {
        let source = try operand(0)
        guard let output = current.outputs.first else { throw .inconsistent("no output") }
        if isFloat { return try foldDequantize(source, to: output) }
        let tensor = model.tensors[output]
        guard tensor.type == .float32, isOutput[output], model.tensors[source].constant == nil
        else { throw NodeProblem(typeOf: tensor) }
        _ = try internalTensor(source)
    }

    mutating func importResize(isBilinear: Bool) throws(NodeProblem) {
        let options = try options(isBilinear ? 15 : 74)
        let x = try value(0)
        let y = try result()
        let size = try integers(1, "size")
        guard graph[y].shape.count == 4, size == [graph[y].shape[1], graph[y].shape[2]] else {
            throw .inconsistent("the size \(size) is not that of the output \(graph[y].shape)")
        }
        let field = isBilinear ? 2 : 0
        let mapping = ResizeMapping(
            alignCorners: try options.bool(field),
            halfPixelCenters: try options.bool(field + 1)
        )
        if isBilinear, model.tensors[try operand(0)].type == .uint8 {
            throw NodeProblem(
                .type,
                "uint8 bilinear interpolation rounds in floating point in the reference",
                help: "export with int8 quantization, or use RESIZE_NEAREST_NEIGHBOR"
            )
        }
        try emit(isBilinear ? .resizeBilinear(mapping) : .resizeNearest(mapping), [x], to: y)
    }

    mutating func importBatchMatMul() throws(NodeProblem) {
        let options = try options(101)
        try emit(
            .batchMatMul(
                transposesLeft: try options.bool(0),
                transposesRight: try options.bool(1)
            ),
            [try value(0), try value(1)],
            to: try result()
        )
    }

    // MARK: Rules

    /// Dimensions named from either end as dimensions from the front.
    func resolve(_ axes: [Int], rank: Int) throws(NodeProblem) -> [Int] {
        var resolved: [Int] = []
        for axis in axes {
            guard (-rank..<rank).contains(axis) else {
                throw .inconsistent("axis \(axis) of \(rank) dimensions")
            }
            resolved.append(axis < 0 ? axis + rank : axis)
        }
        guard !resolved.isEmpty else { throw .inconsistent("no axis is named") }
        return resolved
    }

    /// The reference moves or compares stored integers here, so they must mean the same numbers.
    ///
    /// Pooling tolerates a difference of the scales, as the reference does.
    func requireSameQuantization(
        _ inputs: [TensorID],
        _ output: TensorID,
        tolerance: Float = 0
    ) throws(NodeProblem) {
        for input in inputs where !isFloat {
            guard let a = graph[input].quantization, let b = graph[output].quantization,
                a.zeroPoints == b.zeroPoints, a.scales.count == b.scales.count,
                zip(a.scales, b.scales).allSatisfy({ abs($0 - $1) <= tolerance })
            else {
                throw NodeProblem(
                    .option,
                    "'\(graph[input].name)' and '\(graph[output].name)' differ in scale or "
                        + "zero point, where the reference computes on stored integers",
                    help: "convert with a current converter, which unifies these scales"
                )
            }
        }
    }
}
