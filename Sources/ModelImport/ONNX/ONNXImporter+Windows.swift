import ModelGraph

/// The window of a convolution or pool along each spatial dimension of the model.
struct ONNXWindow {
    var kernel: [Int]
    var strides: [Int]
    var dilations: [Int]
    var before: [Int]
    var after: [Int]

    /// The largest extent, stride, dilation or padding; products of two fit 64 bits with room.
    static let extentMax = 1 << 28

    /// Elements that the window covers, holes included.
    func span(_ dimension: Int) -> Int { (kernel[dimension] - 1) * dilations[dimension] + 1 }

    /// The window as an image's; one dimension becomes a single row.
    var image: Window2D {
        func pair(_ values: [Int], _ missing: Int) -> (Int, Int) {
            values.count == 1 ? (missing, values[0]) : (values[0], values[1])
        }
        let stride = pair(strides, 1)
        let dilation = pair(dilations, 1)
        let (first, last) = (pair(before, 0), pair(after, 0))
        return Window2D(
            strideHeight: stride.0,
            strideWidth: stride.1,
            dilationHeight: dilation.0,
            dilationWidth: dilation.1,
            padding: Padding2D(top: first.0, left: first.1, bottom: last.0, right: last.1)
        )
    }
}

extension ONNXImporter {
    /// The window that the attributes of the current node describe over spatial extents.
    func window(kernel: [Int], over extents: [Int]) throws(NodeProblem) -> ONNXWindow {
        let rank = extents.count
        let ones = [Int](repeating: 1, count: rank)
        var window = ONNXWindow(
            kernel: kernel,
            strides: try ints("strides") ?? ones,
            dilations: try ints("dilations") ?? ones,
            before: [],
            after: []
        )
        let limit = 1...ONNXWindow.extentMax
        let lists = [window.kernel, window.strides, window.dilations]
        guard lists.allSatisfy({ $0.count == rank && $0.allSatisfy(limit.contains) }) else {
            throw .inconsistent("a kernel, stride or dilation does not fit \(rank) dimensions")
        }
        let spans = (0..<rank).map { window.span($0) }
        guard spans.allSatisfy(limit.contains) else {
            throw .inconsistent("a window covers \(spans) elements")
        }
        let zeros = [Int](repeating: 0, count: rank)
        switch try string("auto_pad", default: "NOTSET") {
        case "SAME_UPPER", "SAME_LOWER":
            let isLower = try string("auto_pad", default: "") == "SAME_LOWER"
            let totals = (0..<rank).map { place in
                let count = (extents[place] + window.strides[place] - 1) / window.strides[place]
                return max(0, (count - 1) * window.strides[place] + spans[place] - extents[place])
            }
            let smaller = totals.map { $0 / 2 }
            let larger = totals.map { $0 - $0 / 2 }
            (window.before, window.after) = isLower ? (larger, smaller) : (smaller, larger)
        case "VALID": (window.before, window.after) = (zeros, zeros)
        default:
            let pads = try ints("pads") ?? zeros + zeros
            guard pads.count == 2 * rank,
                pads.allSatisfy({ (0...ONNXWindow.extentMax).contains($0) })
            else { throw .inconsistent("the pads \(pads) do not fit \(rank) dimensions") }
            window.before = Array(pads[..<rank])
            window.after = Array(pads[rank...])
        }
        return window
    }

    /// Explicit zeros for padding as wide as the window, which the graph's windows do not take.
    mutating func padded(
        _ image: TensorID,
        _ window: inout ONNXWindow,
        always: Bool = false
    ) throws(NodeProblem) -> TensorID {
        let rank = window.kernel.count
        let isWide = (0..<rank).contains { place in
            max(window.before[place], window.after[place]) >= window.span(place)
        }
        let isPadded = (window.before + window.after).contains { $0 > 0 }
        guard isWide || always && isPadded else { return image }
        let lead = [Int](repeating: 0, count: 3 - rank)
        let before = lead + window.before + [0]
        let after = lead + window.after + [0]
        let shape = graph[image].shape.enumerated().map { $1 + before[$0] + after[$0] }
        window.before = [Int](repeating: 0, count: rank)
        window.after = window.before
        return try emit(.pad(before: before, after: after, fill: nil), [image], shape: shape)
    }

    // MARK: Layout

    /// An NCHW or NCL tensor as an NHWC image; a sequence becomes a single row.
    mutating func image(_ id: TensorID) throws(NodeProblem) -> TensorID {
        let shape = graph[id].shape
        switch shape.count {
        case 4: return try transpose(id, [0, 2, 3, 1])
        case 3:
            let moved = try transpose(id, [0, 2, 1])
            return try reshape(moved, [shape[0], 1, shape[2], shape[1]])
        default:
            throw NodeProblem(
                .structure,
                "its input \(shape) is neither an image nor a sequence",
                help: "only convolutions over one or two dimensions are supported"
            )
        }
    }

    /// An NHWC image as an NCHW tensor, or a single row as an NCL tensor.
    mutating func fromImage(_ id: TensorID, rank: Int) throws(NodeProblem) -> TensorID {
        let shape = graph[id].shape
        if rank == 4 { return try transpose(id, [0, 3, 1, 2]) }
        return try transpose(try reshape(id, [shape[0], shape[2], shape[3]]), [0, 2, 1])
    }

    // MARK: Convolution

    /// The constant weights of the current node as `[O, I, H, W]`.
    private mutating func convolutionWeights(
        rank: Int
    ) throws(NodeProblem) -> ONNXTensor {
        guard case .constant(let weights)? = try value(1) else {
            throw NodeProblem(
                .structure,
                "its weights are computed while the model runs",
                help: "export with constant weights"
            )
        }
        guard weights.shape.count == rank, weights.type.isFloat,
            weights.shape.allSatisfy({ $0 >= 1 })
        else { throw .inconsistent("the weights have the shape \(weights.shape)") }
        return rank == 4
            ? weights
            : weights.reshaped([weights.shape[0], weights.shape[1], 1, weights.shape[2]])
    }

    mutating func importConvolution() throws(NodeProblem) {
        let x = try tensor(0)
        let rank = graph[x].shape.count
        let source = try image(x)
        let weights = try convolutionWeights(rank: rank)
        let kernel = Array(weights.shape[(6 - rank)...])
        if let stated = try ints("kernel_shape"), stated != kernel {
            throw .inconsistent("kernel_shape is \(stated) where the weights have \(kernel)")
        }
        var window = try window(kernel: kernel, over: Array(graph[x].shape[2...]))
        let channels = graph[x].shape[1]
        let group = try int("group", default: 1)
        guard group >= 1, channels % group == 0, weights.shape[1] == channels / group,
            weights.shape[0] % group == 0
        else {
            throw .inconsistent(
                "\(weights.shape) weights in \(group) groups do not fit \(channels) channels"
            )
        }
        let input = try padded(source, &window)
        let shape = try outputShape(of: input, window, channels: weights.shape[0])
        let bias = try tensorIfPresent(2)
        let name = inputName(1) ?? "weights"
        let result: TensorID
        if group == channels && group > 1 {
            let moved = try add(weights.transposed([1, 2, 3, 0]), name: name)
            let operation = Operator.depthwiseConvolution2D(
                window.image,
                depthMultiplier: weights.shape[0] / channels,
                .none
            )
            result = try emit(operation, [input, moved, bias], shape: shape)
        } else {
            let moved = try add(weights.transposed([0, 2, 3, 1]), name: name)
            result = try emit(
                .convolution2D(window.image, .none),
                [input, moved, bias],
                shape: shape
            )
        }
        try define(.tensor(try fromImage(result, rank: rank)))
    }

    /// The image that a window gives, rounded down.
    func outputShape(
        of image: TensorID,
        _ window: ONNXWindow,
        channels: Int
    ) throws(NodeProblem) -> [Int] {
        let shape = graph[image].shape
        let rank = window.kernel.count
        var result = [shape[0], 1, 1, channels]
        for place in 0..<rank {
            let extent = shape[3 - rank + place] + window.before[place] + window.after[place]
            guard extent >= window.span(place) else {
                throw .inconsistent("a window of \(window.span(place)) does not fit \(extent)")
            }
            result[3 - rank + place] = (extent - window.span(place)) / window.strides[place] + 1
        }
        return result
    }
}
