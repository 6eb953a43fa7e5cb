import ModelGraph

extension ONNXImporter {
    mutating func importGlobalPool(_ kind: Reduction) throws(NodeProblem) {
        let x = try tensor(0)
        let shape = graph[x].shape
        guard shape.count >= 3 else { throw .inconsistent("the input is \(shape)") }
        let axes = Array(2..<shape.count)
        let result = Array(shape[..<2]) + axes.map { _ in 1 }
        try define(
            .tensor(
                try emit(.reduce(kind, axes: axes, keepsDimensions: true), [x], shape: result)
            )
        )
    }

    /// A maximum or an average of each window, over one to three dimensions.
    mutating func importPool(isMax: Bool) throws(NodeProblem) {
        if isMax { try requireUnused(1, "the indices") }
        let x = try isMax ? movable(0) : tensor(0)
        let type = graph[x].type
        // Integers of 8 bits have exact maxima; what wider ones hold may be beyond a float.
        if ![.int8, .uint8].contains(type) { try requireFloat(x) }
        let shape = graph[x].shape
        guard let kernel = try ints("kernel_shape") else {
            throw .inconsistent("kernel_shape is absent")
        }
        guard (1...3).contains(kernel.count), shape.count == kernel.count + 2 else {
            throw NodeProblem(
                .structure,
                "a window of \(kernel.count) dimensions on \(shape)",
                help: "only pools over one to three dimensions are supported"
            )
        }
        let window = try window(kernel: kernel, over: Array(shape[2...]))
        guard kernel.count == 3 else {
            try define(.tensor(try pool(x, window, isMax: isMax)))
            return
        }
        // A window is a box, so its maximum or average is that of its slices'.
        let (n, c, depth) = (shape[0], shape[1], shape[2])
        let planes = try reshape(x, [n, c * depth, shape[3], shape[4]])
        let pooled = try pool(planes, window.dimensions(1..<3), isMax: isMax)
        let area = Array(graph[pooled].shape[2...])
        let columns = try reshape(pooled, [n, c, depth, area[0] * area[1]])
        let result = try pool(columns, window.dimensions(0..<1).beside(1), isMax: isMax)
        try define(.tensor(try reshape(result, [n, c, graph[result].shape[2]] + area)))
    }

    /// A pool over one or two dimensions.
    private mutating func pool(
        _ x: TensorID,
        _ stated: ONNXWindow,
        isMax: Bool
    ) throws(NodeProblem) -> TensorID {
        var window = stated
        let kernel = window.kernel
        let shape = graph[x].shape
        let source = try image(x)
        var input = source
        let starts = kernel.indices.map { shape[2 + $0] + window.before[$0] }
        let isCounted = try int("count_include_pad", default: 0) == 1
        let roundsUp = try int("ceil_mode", default: 0) == 1
        if isCounted && !isMax { input = try padded(source, &window, always: true) }
        if roundsUp {
            for place in kernel.indices {
                let extent = graph[input].shape[3 - kernel.count + place]
                extend(&window, place, extent, startMax: starts[place])
            }
        }
        let isWide = kernel.indices.contains { place in
            max(window.before[place], window.after[place]) >= window.span(place)
        }
        guard !isWide else {
            throw NodeProblem(
                .option,
                "the padding is as wide as the window",
                help: "pad less, or pad with an operator of its own"
            )
        }
        let result = try outputShape(of: input, window, channels: shape[1])
        let height = kernel.count == 2 ? kernel[0] : 1
        let width = kernel[kernel.count - 1]
        let operation: Operator =
            isMax
            ? .maxPool2D(height: height, width: width, window.image, .none)
            : .averagePool2D(height: height, width: width, window.image, .none)
        let pooled = try emit(operation, [input], shape: result, type: graph[x].type)
        return try fromImage(pooled, rank: shape.count)
    }

    /// Padding behind the image so that rounding down gives what rounding up gives.
    ///
    /// A window that would start behind the image and its padding in front is left out.
    private func extend(
        _ window: inout ONNXWindow,
        _ place: Int,
        _ extent: Int,
        startMax: Int
    ) {
        let (stride, span) = (window.strides[place], window.span(place))
        let total = extent + window.before[place] + window.after[place]
        guard total >= span else { return }
        var count = (total - span + stride - 1) / stride + 1
        if (count - 1) * stride >= startMax { count -= 1 }
        let needed = (count - 1) * stride + span
        window.after[place] += max(needed - total, -window.after[place])
    }
}

extension ONNXWindow {
    /// The window along some of its dimensions.
    fileprivate func dimensions(_ range: Range<Int>) -> ONNXWindow {
        ONNXWindow(
            kernel: Array(kernel[range]),
            strides: Array(strides[range]),
            dilations: Array(dilations[range]),
            before: Array(before[range]),
            after: Array(after[range])
        )
    }

    /// The window with one more dimension behind, of which it takes `count` elements at a time.
    fileprivate func beside(_ count: Int) -> ONNXWindow {
        ONNXWindow(
            kernel: kernel + [count],
            strides: strides + [count],
            dilations: dilations + [1],
            before: before + [0],
            after: after + [0]
        )
    }
}
