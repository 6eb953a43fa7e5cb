import ModelGraph

extension TFLiteImporter {
    /// CONV_2D: weights `[O, H, W, I]`, scales along `O`.
    mutating func importConvolution() throws(NodeProblem) {
        let options = try options(1)
        let x = try value(0)
        let weights = try weights(1, axis: 0)
        try requireSymmetric(weights)
        let window = try window(
            options,
            dilationField: 4,
            kernel: try kernel(of: weights),
            over: x
        )
        try emit(
            .convolution2D(window, try options.activation(3)),
            [x, weights, try bias(2)],
            to: try result()
        )
    }

    /// DEPTHWISE_CONV_2D: weights `[1, H, W, O]`, scales along `O`.
    mutating func importDepthwiseConvolution() throws(NodeProblem) {
        let options = try options(2)
        let x = try value(0)
        let weights = try weights(1, axis: 3)
        try requireSymmetric(weights)
        let window = try window(
            options,
            dilationField: 5,
            kernel: try kernel(of: weights),
            over: x
        )
        // The option repeats what the shapes say; some exporters leave it 0.
        let multiplier = (graph[weights].shape.last ?? 0) / (graph[x].shape.last ?? 1)
        let stated = try options.integer(3)
        guard stated == 0 || stated == multiplier else {
            throw .inconsistent("depth multiplier \(stated) where \(multiplier) follows")
        }
        try emit(
            .depthwiseConvolution2D(
                window,
                depthMultiplier: multiplier,
                try options.activation(4)
            ),
            [x, weights, try bias(2)],
            to: try result()
        )
    }

    /// FULLY_CONNECTED: weights `[O, I]`, scales along `O`.
    mutating func importFullyConnected() throws(NodeProblem) {
        let options = try options(8)
        guard try options.byte(1) == 0 else {
            throw NodeProblem(
                .option,
                "the weights are shuffled",
                help: "export without a shuffled weights format"
            )
        }
        let x = try value(0)
        let weights = try weights(1, axis: 0)
        try emit(
            .fullyConnected(try options.activation(0)),
            [x, weights, try bias(2)],
            to: try result()
        )
    }

    /// AVERAGE_POOL_2D and MAX_POOL_2D.
    mutating func importPool(isMax: Bool) throws(NodeProblem) {
        let options = try options(5)
        let x = try value(0)
        let y = try result()
        try requireSameQuantization([x], y, tolerance: 1e-6)
        let width = try options.integer(3)
        let height = try options.integer(4)
        let window = try window(options, dilationField: nil, kernel: (height, width), over: x)
        let activation = try options.activation(5)
        let operation: Operator =
            isMax
            ? .maxPool2D(height: height, width: width, window, activation)
            : .averagePool2D(height: height, width: width, window, activation)
        try emit(operation, [x], to: y)
    }

    /// TRANSPOSE_CONV: operands output shape, weights `[O, H, W, I]`, input, bias.
    mutating func importTransposeConvolution() throws(NodeProblem) {
        let options = try options(49)
        let weights = try weights(1, axis: 0, data: 2)
        try requireSymmetric(weights)
        let x = try value(2)
        let y = try result()
        let kernel = try kernel(of: weights)
        guard graph[y].shape.count == 4, graph[x].shape.count == 4 else {
            throw .inconsistent("the output \(graph[y].shape) is no image")
        }
        // The padding is that of the convolution that leads from the output back to the input.
        let window = try window(options, dilationField: nil, kernel: kernel, over: y)
        try emit(
            .transposeConvolution2D(window, try options.activation(3)),
            [x, weights, try bias(3)],
            to: y
        )
    }

    // MARK: Geometry

    private func kernel(of weights: TensorID) throws(NodeProblem) -> (height: Int, width: Int) {
        let shape = graph[weights].shape
        guard shape.count == 4 else { throw .inconsistent("the weights have shape \(shape)") }
        return (shape[1], shape[2])
    }

    /// The reference's int8 convolutions read no zero point of the weights.
    private func requireSymmetric(_ weights: TensorID) throws(NodeProblem) {
        let isLegacy = model.tensors[try operand(1)].type == .uint8
        let zeroPoints = graph[weights].quantization?.zeroPoints ?? []
        guard isLegacy || zeroPoints.allSatisfy({ $0 == 0 }) else {
            throw NodeProblem(
                .option,
                "int8 weights with a zero point other than 0",
                help: "export with symmetric weights"
            )
        }
    }

    /// The explicit geometry of a window operator (fixed-point-spec, 2.7).
    private func window(
        _ options: TFLiteOptions,
        dilationField: Int?,
        kernel: (height: Int, width: Int),
        over input: TensorID
    ) throws(NodeProblem) -> Window2D {
        let scheme = try options.byte(0)
        guard scheme <= 1 else { throw .inconsistent("padding scheme \(scheme)") }
        var window = Window2D(
            strideHeight: try options.integer(2),
            strideWidth: try options.integer(1)
        )
        if let field = dilationField {
            window.dilationWidth = try options.integer(field, default: 1)
            window.dilationHeight = try options.integer(field + 1, default: 1)
        }
        let shape = graph[input].shape
        let factors = [
            window.strideHeight, window.strideWidth, window.dilationHeight, window.dilationWidth,
            kernel.height, kernel.width,
        ]
        guard shape.count == 4, factors.allSatisfy({ $0 >= 1 }) else {
            throw .inconsistent("a window, stride or dilation below 1, or no image as input")
        }
        guard scheme == 0 else { return window }
        let vertical = samePadding(
            shape[1],
            kernel.height,
            window.strideHeight,
            window.dilationHeight
        )
        let horizontal = samePadding(
            shape[2],
            kernel.width,
            window.strideWidth,
            window.dilationWidth
        )
        window.padding = Padding2D(
            top: vertical.before,
            left: horizontal.before,
            bottom: vertical.after,
            right: horizontal.after
        )
        return window
    }

    /// Padding such that ceil(input / stride) windows fit.
    ///
    /// All factors fit 32 bits, so products fit 64.
    private func samePadding(
        _ input: Int,
        _ taps: Int,
        _ stride: Int,
        _ dilation: Int
    ) -> (before: Int, after: Int) {
        let count = (input - 1) / stride + 1
        let total = max(0, (count - 1) * stride + (taps - 1) * dilation + 1 - input)
        return (total / 2, total - total / 2)
    }
}
