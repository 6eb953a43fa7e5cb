import ModelGraph

extension ONNXImporter {
    /// A fixed mean and variance a channel: a multiplication and an addition.
    mutating func importBatchNormalization() throws(NodeProblem) {
        try require("training_mode", isAbsentOr: 0, help: "export the model for inference")
        try require("spatial", isAbsentOr: 1, help: "export with a current operator set")
        let x = try tensor(0)
        let shape = graph[x].shape
        guard shape.count >= 2 else { throw .inconsistent("the input is \(shape)") }
        let epsilon = Double(try float("epsilon", default: 1e-5))
        var parts: [[Float]] = []
        for (index, role) in [(1, "scale"), (2, "bias"), (3, "mean"), (4, "variance")] {
            guard let part = try constant(index, role), part.elementCount == shape[1] else {
                throw .inconsistent("its \(role) is not one value a channel")
            }
            parts.append(part.floats)
        }
        // y = (x - mean) / √(variance + epsilon) * scale + bias
        let factors = zip(parts[0], parts[3]).map { scale, variance in
            Double(scale) / (Double(variance) + epsilon).squareRoot()
        }
        let offsets =
            shape[1] == 0
            ? []
            : (0..<shape[1]).map { channel in
                Float(Double(parts[1][channel]) - Double(parts[2][channel]) * factors[channel])
            }
        let place = [shape[1]] + shape[2...].map { _ in 1 }
        let factor = try add(floats: factors.map { Float($0) }, shape: place, "scale")
        let offset = try add(floats: offsets, shape: place, "offset")
        let scaled = try binary(.multiply, x, factor)
        try define(.tensor(try binary(.add, scaled, offset)))
    }

    mutating func importLayerNormalization() throws(NodeProblem) {
        let x = try tensor(0)
        let shape = graph[x].shape
        let axis = try axis(try int("axis", default: -1), rank: shape.count)
        let epsilon = try float("epsilon", default: 1e-5)
        if writes(1) || writes(2) {
            try defineStatistics(x, axes: Array(axis..<shape.count), epsilon: epsilon)
        }
        let channels = shape[axis...].reduce(1, *)
        let flat = try reshape(x, shape[..<axis] + [channels])
        guard let scale = try constant(1, "scale") else { throw .inconsistent("no scale") }
        let target = Array(shape[axis...])
        try checkFolding(target)
        guard try broadcastShape([scale.shape, target]) == target else {
            throw .inconsistent("the scale \(scale.shape) does not fit \(target)")
        }
        var inputs: [TensorID?] = [
            flat,
            try add(
                floats: scale.broadcast(to: target).floats,
                shape: [channels],
                inputName(1) ?? "scale"
            ),
        ]
        if let bias = try constant(2, "bias") {
            guard try broadcastShape([bias.shape, target]) == target else {
                throw .inconsistent("the bias \(bias.shape) does not fit \(target)")
            }
            let row = bias.broadcast(to: target).floats
            inputs.append(try add(floats: row, shape: [channels], inputName(2) ?? "bias"))
        }
        let result = try emit(
            .layerNormalization(epsilon: epsilon),
            inputs,
            shape: graph[flat].shape
        )
        try define(.tensor(try reshape(result, shape)))
    }

    /// The mean and the inverse of the deviation, outputs 1 and 2 of a layer normalization.
    private mutating func defineStatistics(
        _ x: TensorID,
        axes: [Int],
        epsilon: Float
    ) throws(NodeProblem) {
        let mean = try reduce(.mean, x, axes: axes, keeps: true)
        let centred = try binary(.subtract, x, mean)
        let variance = try reduce(.mean, try unary(.square, centred), axes: axes, keeps: true)
        let shifted = try binary(.add, variance, epsilon)
        if writes(1) { try define(.tensor(mean), output: 1) }
        if writes(2) {
            try define(.tensor(try unary(.reciprocalSquareRoot, shifted)), output: 2)
        }
    }

    /// `(x - mean) / √(variance + epsilon)` over axes, made of elementary operators.
    private mutating func normalized(
        _ x: TensorID,
        axes: [Int],
        epsilon: Float
    ) throws(NodeProblem) -> TensorID {
        let mean = try reduce(.mean, x, axes: axes, keeps: true)
        let centred = try binary(.subtract, x, mean)
        let variance = try reduce(.mean, try unary(.square, centred), axes: axes, keeps: true)
        let shifted = try binary(.add, variance, epsilon)
        return try binary(.multiply, centred, try unary(.reciprocalSquareRoot, shifted))
    }

    /// A scale and a bias a channel, which is dimension 1.
    private mutating func scaled(_ x: TensorID, shape: [Int]) throws(NodeProblem) -> TensorID {
        guard let scale = try constant(1, "scale"), let bias = try constant(2, "bias"),
            scale.elementCount == shape[1], bias.elementCount == shape[1]
        else { throw .inconsistent("its scale or bias is not one value a channel") }
        let place = [shape[1]] + shape[2...].map { _ in 1 }
        let factor = try add(floats: scale.floats, shape: place, inputName(1) ?? "scale")
        let offset = try add(floats: bias.floats, shape: place, inputName(2) ?? "bias")
        return try binary(.add, try binary(.multiply, x, factor), offset)
    }

    mutating func importInstanceNormalization() throws(NodeProblem) {
        let x = try tensor(0)
        let shape = graph[x].shape
        guard shape.count >= 3 else { throw .inconsistent("the input is \(shape)") }
        let epsilon = try float("epsilon", default: 1e-5)
        let centred = try normalized(x, axes: Array(2..<shape.count), epsilon: epsilon)
        try define(.tensor(try scaled(centred, shape: shape)))
    }

    mutating func importGroupNormalization() throws(NodeProblem) {
        let x = try tensor(0)
        let shape = graph[x].shape
        let groups = try int("num_groups", default: 0)
        guard opset >= 21, shape.count >= 2, groups >= 1, shape[1] % groups == 0 else {
            throw NodeProblem(
                .option,
                "\(groups) groups on \(shape) in operator set \(opset)",
                help: "export with operator set 21"
            )
        }
        let rest = shape[1...].reduce(1, *) / groups
        let grouped = try reshape(x, [shape[0], groups, rest])
        let epsilon = try float("epsilon", default: 1e-5)
        let centred = try normalized(grouped, axes: [2], epsilon: epsilon)
        try define(.tensor(try scaled(try reshape(centred, shape), shape: shape)))
    }

    mutating func importMeanVarianceNormalization() throws(NodeProblem) {
        let x = try tensor(0)
        let rank = graph[x].shape.count
        var axes: [Int] = []
        for value in try ints("axes") ?? [0, 2, 3] { axes.append(try axis(value, rank: rank)) }
        // The definition adds 1e-9 to the deviation; to the variance it is as good as nothing.
        try define(.tensor(try normalized(x, axes: Set(axes).sorted(), epsilon: 1e-18)))
    }

    mutating func importLpNormalization() throws(NodeProblem) {
        let x = try tensor(0)
        let axis = try axis(try int("axis", default: -1), rank: graph[x].shape.count)
        let norm: TensorID
        if try int("p", default: 2) == 1 {
            norm = try reduce(.sum, try unary(.absolute, x), axes: [axis], keeps: true)
        } else {
            let sum = try reduce(.sum, try unary(.square, x), axes: [axis], keeps: true)
            norm = try unary(.squareRoot, sum)
        }
        try define(.tensor(try binary(.divide, x, norm)))
    }

    /// Softmax over any axis; before operator set 13 over all dimensions from the axis on.
    mutating func importSoftmax(isLog: Bool) throws(NodeProblem) {
        let operation: Operator = isLog ? .logSoftmax : .softmax(beta: 1)
        var x = try tensor(0)
        let shape = graph[x].shape
        let isOld = opset < 13
        let axis = try axis(try int("axis", default: isOld ? 1 : -1), rank: shape.count)
        if isOld {
            let flat = [shape[..<axis].reduce(1, *), shape[axis...].reduce(1, *)]
            x = try reshape(x, axis == shape.count - 1 ? shape : flat)
            let result = try emit(operation, [x], shape: graph[x].shape)
            try define(.tensor(try reshape(result, shape)))
            return
        }
        let permutation = shape.indices.filter { $0 != axis } + [axis]
        let moved = try transpose(x, permutation)
        let result = try emit(operation, [moved], shape: graph[moved].shape)
        let back = shape.indices.map { permutation.firstIndex(of: $0) ?? 0 }
        try define(.tensor(try transpose(result, back)))
    }

    // MARK: Reductions

    /// Elements along axes become one.
    mutating func reduce(
        _ kind: Reduction,
        _ x: TensorID,
        axes: [Int],
        keeps: Bool
    ) throws(NodeProblem) -> TensorID {
        let shape = graph[x].shape
        guard !axes.isEmpty else { return x }
        let result = shape.indices.compactMap { index -> Int? in
            axes.contains(index) ? (keeps ? 1 : nil) : shape[index]
        }
        return try emit(.reduce(kind, axes: axes, keepsDimensions: keeps), [x], shape: result)
    }

    /// Reductions; gives whether the node is one.
    mutating func importReduction(_ type: String) throws(NodeProblem) -> Bool {
        if type == "ArgMax" || type == "ArgMin" {
            try importArgMax(isMin: type == "ArgMin")
            return true
        }
        guard type.hasPrefix("Reduce"), type != "ReduceProd" else { return false }
        let x = try tensor(0)
        let rank = graph[x].shape.count
        let stated = try axes(1, attributeBefore: type == "ReduceSum" ? 13 : 18)
        let keeps = try int("keepdims", default: 1) == 1
        var axes: [Int] = []
        for value in stated ?? [] { axes.append(try axis(value, rank: rank)) }
        if axes.isEmpty {
            // Over no axes only the function before and behind the sum is left.
            let isIdentity = try int("noop_with_empty_axes", default: 0) == 1
            if !isIdentity { axes = Array(0..<rank) }
        }
        axes = Set(axes).sorted()
        let result: TensorID
        switch type {
        case "ReduceMean": result = try reduce(.mean, x, axes: axes, keeps: keeps)
        case "ReduceSum": result = try reduce(.sum, x, axes: axes, keeps: keeps)
        case "ReduceMax": result = try reduce(.maximum, x, axes: axes, keeps: keeps)
        case "ReduceMin": result = try reduce(.minimum, x, axes: axes, keeps: keeps)
        case "ReduceL1":
            result = try reduce(.sum, try unary(.absolute, x), axes: axes, keeps: keeps)
        case "ReduceSumSquare":
            result = try reduce(.sum, try unary(.square, x), axes: axes, keeps: keeps)
        case "ReduceL2":
            let sum = try reduce(.sum, try unary(.square, x), axes: axes, keeps: keeps)
            result = try unary(.squareRoot, sum)
        case "ReduceLogSum":
            result = try unary(.logarithm, try reduce(.sum, x, axes: axes, keeps: keeps))
        case "ReduceLogSumExp":
            result = try logSumExp(x, axes: axes, keeps: keeps)
        default: return false
        }
        try define(.tensor(result))
        return true
    }

    /// The maximum is taken out, so that no exponential overflows.
    private mutating func logSumExp(
        _ x: TensorID,
        axes: [Int],
        keeps: Bool
    ) throws(NodeProblem) -> TensorID {
        guard !axes.isEmpty else { return x }
        let top = try reduce(.maximum, x, axes: axes, keeps: true)
        let powers = try unary(.exponential, try binary(.subtract, x, top))
        let sum = try reduce(.sum, powers, axes: axes, keeps: true)
        let result = try binary(.add, try unary(.logarithm, sum), top)
        let shape = graph[x].shape.indices.filter { !axes.contains($0) }.map { graph[x].shape[$0] }
        return keeps ? result : try reshape(result, shape)
    }

    private mutating func importArgMax(isMin: Bool) throws(NodeProblem) {
        try require(
            "select_last_index",
            isAbsentOr: 0,
            help: "the first of equal values is chosen; export with select_last_index=0"
        )
        var x = try tensor(0)
        if isMin { x = try unary(.negate, x) }
        let shape = graph[x].shape
        let axis = try axis(try int("axis", default: 0), rank: shape.count)
        var kept = shape
        kept.remove(at: axis)
        var result = try emit(.argMax(axis: axis), [x], shape: kept, type: .int64)
        if try int("keepdims", default: 1) == 1 {
            kept.insert(1, at: axis)
            result = try reshape(result, kept)
        }
        try define(.tensor(result))
    }
}
