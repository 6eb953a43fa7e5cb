import ModelGraph

extension ONNXImporter {
    /// alpha * A * B + beta * C of matrices.
    mutating func importGemm() throws(NodeProblem) {
        var a = try tensor(0)
        guard graph[a].shape.count == 2 else {
            throw .inconsistent("its first input has the shape \(graph[a].shape)")
        }
        if try int("transA", default: 0) != 0 { a = try transpose(a, [1, 0]) }
        let transposesRight = try int("transB", default: 0) != 0
        let alpha = try float("alpha", default: 1)
        let beta = try float("beta", default: 1)
        var result: TensorID
        var bias: TensorID?
        var isBiased = inputName(2) == nil || beta == 0
        if case .constant(let matrix)? = try value(1) {
            guard matrix.shape.count == 2 else { throw .inconsistent("\(matrix.shape) weights") }
            var weights = transposesRight ? matrix : matrix.transposed([1, 0])
            if alpha != 1 {
                weights = ONNXTensor(
                    floats: weights.floats.map { $0 * alpha },
                    shape: weights.shape
                )
            }
            if !isBiased, let row = try biasRow(beta, channels: weights.shape[0]) {
                bias = row
                isBiased = true
            }
            result = try fullyConnected(a, weights, name: inputName(1) ?? "weights", bias: bias)
        } else {
            let b = try tensor(1)
            result = try matrixProduct(a, b, transposesRight: transposesRight)
            if alpha != 1 { result = try binary(.multiply, result, alpha) }
        }
        if !isBiased {
            var c = try tensor(2)
            if beta != 1 { c = try binary(.multiply, c, beta) }
            result = try binary(.add, result, c)
        }
        try define(.tensor(result))
    }

    /// The constant third input as one value a channel; `nil` when it is not of that form.
    private mutating func biasRow(
        _ beta: Float,
        channels: Int
    ) throws(NodeProblem) -> TensorID? {
        guard case .constant(let c)? = try value(2), channels >= 1,
            [[], [1], [channels], [1, 1], [1, channels]].contains(c.shape)
        else { return nil }
        if case .quantized = c.storage, beta == 1, c.elementCount == channels {
            return try add(c.reshaped([channels]), name: inputName(2) ?? "bias")
        }
        let row = c.broadcast(to: c.shape.dropLast() + [channels]).floats.map { $0 * beta }
        return try add(floats: row, shape: [channels], inputName(2) ?? "bias")
    }

    /// `x` by weights `[O, I]`.
    mutating func fullyConnected(
        _ x: TensorID,
        _ weights: ONNXTensor,
        name: String,
        bias: TensorID? = nil
    ) throws(NodeProblem) -> TensorID {
        let shape = graph[x].shape
        guard let last = shape.last, weights.shape.count == 2, last == weights.shape[1] else {
            throw .inconsistent("\(shape) by weights \(weights.shape)")
        }
        let matrix = try add(weights, name: name)
        try requireFloat(matrix)
        return try emit(
            .fullyConnected(.none),
            [x, matrix, bias],
            shape: shape.dropLast() + [weights.shape[0]]
        )
    }

    private mutating func matrixProduct(
        _ a: TensorID,
        _ b: TensorID,
        transposesRight: Bool = false
    ) throws(NodeProblem) -> TensorID {
        let left = graph[a].shape
        var right = graph[b].shape
        guard left.count >= 2, right.count >= 2 else { throw .inconsistent("\(left) by \(right)") }
        if transposesRight { right.swapAt(right.count - 1, right.count - 2) }
        let batch = try broadcastShape([Array(left.dropLast(2)), Array(right.dropLast(2))])
        return try emit(
            .batchMatMul(transposesLeft: false, transposesRight: transposesRight),
            [a, b],
            shape: batch + [left[left.count - 2], right[right.count - 1]]
        )
    }

    mutating func importMatMul() throws(NodeProblem) {
        var a = try tensor(0)
        let left = graph[a].shape
        guard !left.isEmpty, let other = try value(1) else {
            throw .inconsistent("a product of a scalar")
        }
        let right = shape(of: other)
        guard !right.isEmpty else { throw .inconsistent("a product by a scalar") }
        if case .constant(let matrix) = other, right.count <= 2,
            try constantIfKnown(0) == nil
        {
            let weights =
                right.count == 1 ? matrix.reshaped([1, right[0]]) : matrix.transposed([1, 0])
            var result = try fullyConnected(a, weights, name: inputName(1) ?? "weights")
            if right.count == 1 { result = try reshape(result, left.dropLast()) }
            try define(.tensor(result))
            return
        }
        var b = try tensor(1)
        if left.count == 1 { a = try reshape(a, [1] + left) }
        if right.count == 1 { b = try reshape(b, right + [1]) }
        var result = try matrixProduct(a, b)
        var shape = graph[result].shape
        if right.count == 1 { shape.removeLast() }
        if left.count == 1 { shape.remove(at: shape.count - (right.count == 1 ? 1 : 2)) }
        result = try reshape(result, shape)
        try define(.tensor(result))
    }

    // MARK: Transposed convolution

    /// The most weights to which a grouped transposed convolution is made dense.
    private static let denseWeightCountMax = 1 << 24

    mutating func importTransposeConvolution() throws(NodeProblem) {
        let x = try tensor(0)
        let rank = graph[x].shape.count
        let source = try image(x)
        guard case .constant(let stored)? = try value(1), stored.shape.count == rank else {
            throw NodeProblem(
                .structure,
                "its weights are computed while the model runs, or of another rank",
                help: "export with constant weights"
            )
        }
        let channels = graph[x].shape[1]
        let group = try int("group", default: 1)
        guard group >= 1, channels % group == 0, stored.shape[0] == channels,
            stored.shape.allSatisfy({ $0 >= 1 })
        else { throw .inconsistent("\(stored.shape) weights by \(channels) channels") }
        let spatial = Array(stored.shape[2...])
        var window = try window(kernel: spatial, over: Array(graph[x].shape[2...]))
        let extents = try transposedExtents(&window, over: Array(graph[x].shape[2...]))
        let image = rank == 4 ? spatial : [1] + spatial
        let weights = try dense(
            stored.reshaped(Array(stored.shape[..<2]) + image),
            group: group
        )
        let name = inputName(1) ?? "weights"
        let moved = try add(weights.transposed([1, 2, 3, 0]), name: name)
        let shape =
            [graph[x].shape[0]] + (rank == 4 ? extents : [1] + extents) + [weights.shape[1]]
        let result = try emit(
            .transposeConvolution2D(window.image, .none),
            [source, moved, try tensorIfPresent(2)],
            shape: shape
        )
        try define(.tensor(try fromImage(result, rank: rank)))
    }

    /// The extents of the output; sets the padding where the model leaves it open.
    private func transposedExtents(
        _ window: inout ONNXWindow,
        over extents: [Int]
    ) throws(NodeProblem) -> [Int] {
        let rank = extents.count
        let extra = try ints("output_padding") ?? [Int](repeating: 0, count: rank)
        let stated = try ints("output_shape").map { Array($0.suffix(rank)) }
        let automatic = try string("auto_pad", default: "NOTSET")
        let limit = 0...ONNXWindow.extentMax
        guard extra.count == rank, extra.allSatisfy(limit.contains),
            stated == nil || stated?.count == rank, (stated ?? []).allSatisfy(limit.contains)
        else { throw .inconsistent("output_padding or output_shape do not fit") }
        var result: [Int] = []
        for place in 0..<rank {
            let full = (extents[place] - 1) * window.strides[place] + window.span(place)
            let isSame = automatic.hasPrefix("SAME")
            let target = stated?[place] ?? (isSame ? extents[place] * window.strides[place] : nil)
            if let target {
                let total = max(0, full + extra[place] - target)
                let half = total / 2
                // ONNX gives the odd element to the end for SAME_UPPER and to the front else.
                let front = automatic == "SAME_UPPER" ? half : total - half
                window.before[place] = front
                window.after[place] = total - front
                result.append(target)
            } else {
                let cut = window.before[place] + window.after[place]
                result.append(full + extra[place] - cut)
            }
        }
        return result
    }

    /// Weights `[I, O, H, W]` of one group, zero where input and output lie in different groups.
    private func dense(_ weights: ONNXTensor, group: Int) throws(NodeProblem) -> ONNXTensor {
        guard group > 1 else { return weights }
        let (inputs, outputs) = (weights.shape[0], weights.shape[1])
        let area = weights.shape[2] * weights.shape[3]
        let (count, overflow) = weights.elementCount.multipliedReportingOverflow(by: group)
        guard !overflow, count <= Self.denseWeightCountMax else {
            throw NodeProblem(
                .option,
                "\(group) groups of a transposed convolution",
                help: "use Resize and Conv instead"
            )
        }
        let values = weights.floats
        var result = [Float](repeating: 0, count: count)
        for input in 0..<inputs {
            let first = input / (inputs / group) * outputs
            for output in 0..<outputs {
                let from = (input * outputs + output) * area
                let to = (input * outputs * group + first + output) * area
                for tap in 0..<area { result[to + tap] = values[from + tap] }
            }
        }
        return ONNXTensor(
            floats: result,
            shape: [inputs, outputs * group] + weights.shape[2...]
        )
    }
}
