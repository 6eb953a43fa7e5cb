/// The shapes of one node's first input and output, and what must follow.
struct ShapeRule {
    let node: String
    let input: [Int]
    let output: [Int]

    func require(
        _ condition: Bool,
        _ detail: @autoclosure () -> String
    ) throws(GraphError) {
        guard condition else { throw .shapeMismatch(node: node, detail: detail()) }
    }

    func expect(_ shape: [Int]) throws(GraphError) {
        try require(output == shape, "the output is \(output) where \(shape) follows")
    }

    // MARK: Windows

    func image() throws(GraphError) -> (rows: Int, columns: Int, channels: Int) {
        try require(input.count == 4, "the input \(input) is not an image [N, H, W, C]")
        return (input[1], input[2], input[3])
    }

    func convolution(
        _ window: Window2D,
        weights: [Int],
        bias: [Int]?
    ) throws(GraphError) {
        let channels = try image().channels
        try require(weights.count == 4, "the weights \(weights) are not [O, H, W, I]")
        let groups = channels / weights[3]
        let divides = channels % weights[3] == 0 && weights[0] % groups == 0
        try require(divides, "\(weights) weights do not divide \(channels) channels into groups")
        try expectBias(bias, channels: weights[0])
        try expectWindow(window, height: weights[1], width: weights[2], channels: weights[0])
    }

    func depthwise(
        _ window: Window2D,
        _ multiplier: Int,
        weights: [Int],
        bias: [Int]?
    ) throws(GraphError) {
        let channels = try image().channels
        let fits =
            weights.count == 4 && weights[0] == 1 && multiplier >= 1
            && weights[3] % channels == 0 && weights[3] / channels == multiplier
        try require(fits, "the weights \(weights) are not [1, H, W, \(channels) * \(multiplier)]")
        try expectBias(bias, channels: weights[3])
        try expectWindow(window, height: weights[1], width: weights[2], channels: weights[3])
    }

    func expectBias(_ bias: [Int]?, channels: Int) throws(GraphError) {
        guard let bias else { return }
        try require(bias == [channels], "the bias is \(bias) where [\(channels)] follows")
    }

    func expectWindow(
        _ window: Window2D,
        height: Int,
        width: Int,
        channels: Int
    ) throws(GraphError) {
        let (rows, columns, _) = try image()
        let padding = window.padding
        let outputRows = try extent(
            rows,
            height,
            window.strideHeight,
            window.dilationHeight,
            padding.top,
            padding.bottom
        )
        let outputColumns = try extent(
            columns,
            width,
            window.strideWidth,
            window.dilationWidth,
            padding.left,
            padding.right
        )
        try expect([input[0], outputRows, outputColumns, channels])
    }

    /// The output may have up to a stride more rows and columns than the windows need.
    func transposeConvolution(
        _ window: Window2D,
        weights: [Int],
        bias: [Int]?
    ) throws(GraphError) {
        let (rows, columns, channels) = try image()
        try require(
            weights.count == 4 && weights[3] == channels && output.count == 4,
            "the weights \(weights) are not [O, H, W, \(channels)]"
        )
        try expectBias(bias, channels: weights[0])
        let padding = window.padding
        let limit = 0...GraphLimits.elementCountMax
        let isUsable = [
            window.strideHeight, window.strideWidth, window.dilationHeight, window.dilationWidth,
            padding.top, padding.left, padding.bottom, padding.right,
        ].allSatisfy { limit.contains($0) }
        try require(isUsable, "a stride, dilation or padding is beyond every image")
        let height = (rows - 1) * window.strideHeight + (weights[1] - 1) * window.dilationHeight + 1
        let width = (columns - 1) * window.strideWidth + (weights[2] - 1) * window.dilationWidth + 1
        let (extraRows, extraColumns) = (
            output[1] - (height - padding.top - padding.bottom),
            output[2] - (width - padding.left - padding.right)
        )
        let fits =
            (0..<max(window.strideHeight, window.dilationHeight)).contains(extraRows)
            && (0..<max(window.strideWidth, window.dilationWidth)).contains(extraColumns)
        try require(
            fits && output[0] == input[0] && output[3] == weights[0],
            "the output \(output) does not follow from \(height) by \(width)"
        )
    }

    /// The number of windows along one dimension.
    ///
    /// Padding below the window's span on each side means that no window misses the image.
    private func extent(
        _ input: Int,
        _ taps: Int,
        _ stride: Int,
        _ dilation: Int,
        _ before: Int,
        _ after: Int
    ) throws(GraphError) -> Int {
        let limit = 1...GraphLimits.elementCountMax
        let isUsable = limit.contains(taps) && limit.contains(stride) && limit.contains(dilation)
        try require(isUsable, "window \(taps), stride \(stride), dilation \(dilation)")
        let span = (taps - 1) * dilation + 1
        let fits =
            (0..<span).contains(before) && (0..<span).contains(after)
            && span <= input + before + after
        try require(
            fits,
            "a window of \(span) does not fit \(input) elements padded by \(before) and \(after)"
        )
        return (input + before + after - span) / stride + 1
    }

    // MARK: Dot products and elementwise

    func fullyConnected(weights: [Int], bias: [Int]?) throws(GraphError) {
        try require(weights.count == 2, "the weights \(weights) are not [O, I]")
        let elements = input.reduce(1, *)
        let (rows, rest) = elements.quotientAndRemainder(dividingBy: weights[1])
        try require(rest == 0, "\(elements) inputs are not rows of \(weights[1])")
        let fits = output.last == weights[0] && output.reduce(1, *) == rows * weights[0]
        try require(fits, "the output \(output) is not \(rows) rows of \(weights[0])")
        try expectBias(bias, channels: weights[0])
    }

    func broadcastShape(of shapes: [[Int]]) throws(GraphError) -> [Int] {
        let rank = shapes.map(\.count).max() ?? 0
        var result = [Int](repeating: 1, count: rank)
        for shape in shapes {
            for (index, extent) in shape.enumerated() {
                let place = rank - shape.count + index
                let fits = extent == result[place] || extent == 1 || result[place] == 1
                try require(fits, "\(shapes) do not broadcast")
                result[place] = max(result[place], extent)
            }
        }
        return result
    }

    func prelu(slope: [Int]) throws(GraphError) {
        let shape = try broadcastShape(of: [input, slope])
        try require(shape == input, "the slope \(slope) does not broadcast to \(input)")
        try expect(input)
    }

    func batchMatMul(
        _ right: [Int],
        transposesLeft: Bool,
        transposesRight: Bool
    ) throws(GraphError) {
        try require(input.count >= 2 && right.count >= 2, "\(input) by \(right) are no matrices")
        var (a, b) = (input, right)
        if transposesLeft { a.swapAt(a.count - 1, a.count - 2) }
        if transposesRight { b.swapAt(b.count - 1, b.count - 2) }
        try require(a[a.count - 1] == b[b.count - 2], "\(a) by \(b) do not multiply")
        let batch = try broadcastShape(of: [a.dropLast(2).map { $0 }, b.dropLast(2).map { $0 }])
        try expect(batch + [a[a.count - 2], b[b.count - 1]])
    }

    func layerNormalization(_ parameters: [[Int]]) throws(GraphError) {
        guard let channels = input.last else {
            throw .shapeMismatch(node: node, detail: "a normalization needs a dimension")
        }
        for shape in parameters {
            try require(shape == [channels], "\(shape) is not [\(channels)]")
        }
        try expect(input)
    }

    // MARK: Reductions and shape

    func reduce(_ axes: [Int], keepsDimensions: Bool) throws(GraphError) {
        let isSorted = zip(axes, axes.dropFirst()).allSatisfy { $0 < $1 }
        let isInside = !axes.isEmpty && axes.allSatisfy { input.indices.contains($0) }
        try require(isSorted && isInside, "the axes \(axes) do not name dimensions of \(input)")
        var shape = input
        for axis in axes.reversed() {
            if keepsDimensions { shape[axis] = 1 } else { shape.remove(at: axis) }
        }
        try expect(shape)
    }

    func transpose(_ permutation: [Int]) throws(GraphError) {
        let isPermutation = permutation.sorted() == Array(input.indices)
        try require(isPermutation, "\(permutation) does not permute the dimensions of \(input)")
        try expect(permutation.map { input[$0] })
    }

    func pad(_ before: [Int], _ after: [Int]) throws(GraphError) {
        let limit = 0...GraphLimits.elementCountMax
        let isUsable =
            before.count == input.count && after.count == input.count
            && (before + after).allSatisfy { limit.contains($0) }
        try require(isUsable, "\(before) and \(after) do not pad \(input)")
        try expect(input.indices.map { before[$0] + input[$0] + after[$0] })
    }

    func concatenation(_ shapes: [[Int]], axis: Int) throws(GraphError) {
        try require(input.indices.contains(axis), "axis \(axis) is not a dimension of \(input)")
        var shape = input
        for other in shapes.dropFirst() {
            var fitted = other
            let isFit = other.count == input.count
            if isFit { fitted[axis] = input[axis] }
            try require(isFit && fitted == input, "\(other) does not lie beside \(input)")
            shape[axis] += other[axis]
        }
        try expect(shape)
    }

    func slice(begin: [Int], strides: [Int], sizes: [Int]) throws(GraphError) {
        let isComplete = [begin.count, strides.count, sizes.count].allSatisfy { $0 == input.count }
        try require(isComplete, "the slice does not name each dimension of \(input)")
        let limit = -GraphLimits.elementCountMax...GraphLimits.elementCountMax
        for dimension in input.indices {
            let range = 0..<input[dimension]
            let isUsable =
                range.contains(begin[dimension]) && strides[dimension] != 0
                && limit.contains(strides[dimension])
                && (1...input[dimension]).contains(sizes[dimension])
                && range.contains(begin[dimension] + (sizes[dimension] - 1) * strides[dimension])
            try require(isUsable, "the slice leaves dimension \(dimension) of \(input)")
        }
        let isKept = output.filter { $0 != 1 } == sizes.filter { $0 != 1 }
        try require(isKept, "the output is \(output) where \(sizes) follows")
    }

    func resize(_ mapping: ResizeMapping) throws(GraphError) {
        let channels = try image().channels
        let isUsable = !(mapping.alignCorners && mapping.halfPixelCenters)
        try require(isUsable, "aligned corners exclude half pixel centres")
        let fits = output.count == 4 && output[0] == input[0] && output[3] == channels
        try require(fits, "the output \(output) is not a resized \(input)")
    }

    func argMax(_ axis: Int) throws(GraphError) {
        try require(input.indices.contains(axis), "axis \(axis) is not a dimension of \(input)")
        var shape = input
        shape.remove(at: axis)
        try expect(shape)
    }

    func gather(_ indices: [Int], axis: Int) throws(GraphError) {
        try require(input.indices.contains(axis), "axis \(axis) is not a dimension of \(input)")
        try expect(input[..<axis] + indices + input[(axis + 1)...])
    }

    func tile(_ multiples: [Int]) throws(GraphError) {
        let limit = 1...GraphLimits.elementCountMax
        let isUsable =
            multiples.count == input.count && multiples.allSatisfy { limit.contains($0) }
        try require(isUsable, "\(multiples) do not repeat \(input)")
        try expect(zip(input, multiples).map { $0 * $1 })
    }
}
