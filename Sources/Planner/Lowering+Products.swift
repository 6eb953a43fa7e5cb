import InferenceRuntime
import ModelGraph

// Convolutions and dense products: geometry, weights, one factor an output channel.
extension Lowering {
    mutating func lowerConvolution(
        _ window: Window2D,
        _ activation: Activation
    ) throws(PlanFault) {
        let (x, y) = (try input(0), output())
        let weights = try weightTensor(rank: 4)
        let channels = program.values[x].shape.last ?? 0
        let depth = weights.shape[3]
        guard depth > 0, channels % depth == 0 else {
            throw .shapeMismatch("\(channels) input channels, weights of \(weights.shape)")
        }
        let groups = try word(channels / depth, "the number of groups")
        let geometry = try geometry(
            window,
            kernel: (weights.shape[1], weights.shape[2])
        )
        let product = try product(weights, channels: weights.shape[0], pitch: 1, x, y)
        emit(
            Opcode.convolution2D.computing(on: program.values[x].type),
            [x],
            to: y,
            .window(
                input: try image(x),
                output: try image(y),
                geometry,
                groups: groups,
                depthMultiplier: 1,
                product.zeros,
                clamp(activation, y),
                product.rounding
            ),
            weights: product.weights,
            scales: product.scales,
            constants: product.bias
        )
    }

    mutating func lowerDepthwise(
        _ window: Window2D,
        _ multiplier: Int,
        _ activation: Activation
    ) throws(PlanFault) {
        let (x, y) = (try input(0), output())
        let weights = try weightTensor(rank: 4)
        let geometry = try geometry(window, kernel: (weights.shape[1], weights.shape[2]))
        let channels = weights.shape[3]
        let product = try product(weights, channels: channels, pitch: channels, x, y)
        emit(
            Opcode.depthwiseConvolution2D.computing(on: program.values[x].type),
            [x],
            to: y,
            .window(
                input: try image(x),
                output: try image(y),
                geometry,
                groups: 1,
                depthMultiplier: try word(multiplier, "the depth multiplier"),
                product.zeros,
                clamp(activation, y),
                product.rounding
            ),
            weights: product.weights,
            scales: product.scales,
            constants: product.bias
        )
    }

    mutating func lowerFullyConnected(_ activation: Activation) throws(PlanFault) {
        let (x, y) = (try input(0), output())
        let weights = try weightTensor(rank: 2)
        let (outputs, inputs) = (weights.shape[0], weights.shape[1])
        let count = program.values[x].elementCount
        guard inputs > 0, count % inputs == 0,
            program.values[y].elementCount == count / inputs * outputs
        else {
            throw .shapeMismatch("\(count) inputs, weights of \(weights.shape)")
        }
        let product = try product(weights, channels: outputs, pitch: 1, x, y, .halfAway)
        emit(
            Opcode.fullyConnected.computing(on: program.values[x].type),
            [x],
            to: y,
            .dense(
                rows: try word(count / inputs, "the number of rows"),
                inputs: try word(inputs, "the number of inputs"),
                outputs: try word(outputs, "the number of outputs"),
                product.zeros,
                clamp(activation, y),
                product.rounding
            ),
            weights: product.weights,
            scales: product.scales,
            constants: product.bias
        )
    }

    // MARK: Geometry

    /// The extents of an image.
    func image(_ value: Int) throws(PlanFault) -> ImageShape {
        let shape = program.values[value].shape
        guard shape.count == 4 else { throw .shapeMismatch("\(shape) is not an image") }
        let limit = OperatorLimits.imageExtentMax
        return ImageShape(
            batches: try word(shape[0], "the number of images"),
            height: try word(shape[1], "the image height", limit: limit),
            width: try word(shape[2], "the image width", limit: limit),
            channels: try word(shape[3], "the number of channels")
        )
    }

    /// The geometry of a window within the runtime's limits.
    func geometry(
        _ window: Window2D,
        kernel: (height: Int, width: Int)
    ) throws(PlanFault) -> WindowGeometry {
        let limit = OperatorLimits.windowExtentMax
        func extent(_ value: Int, _ what: String) throws(PlanFault) -> Int32 {
            try word(value, what, limit: limit)
        }
        let padding = window.padding
        return WindowGeometry(
            kernel: (
                try extent(kernel.height, "the window height"),
                try extent(kernel.width, "the window width")
            ),
            stride: (
                try extent(window.strideHeight, "the stride"),
                try extent(window.strideWidth, "the stride")
            ),
            dilation: (
                try extent(window.dilationHeight, "the dilation"),
                try extent(window.dilationWidth, "the dilation")
            ),
            padding: (
                try extent(padding.top, "the padding"), try extent(padding.left, "the padding"),
                try extent(padding.bottom, "the padding"), try extent(padding.right, "the padding")
            )
        )
    }

    // MARK: Weights

    struct Product {
        var weights: [UInt8]
        var scales: [ScaleFactor]
        var bias: [UInt8]
        var zeros: ZeroPoints
        var rounding: Rounding
    }

    func weightTensor(rank: Int) throws(PlanFault) -> Tensor {
        guard node.inputs.count >= 2, let id = node.inputs[1], graph[id].shape.count == rank else {
            throw .shapeMismatch("the weights do not have \(rank) dimensions")
        }
        return graph[id]
    }

    /// Factors and bias of each channel, with the proof that no accumulator overflows.
    ///
    /// - Parameters:
    ///   - weights: the constant weights.
    ///   - channels: the number of output channels.
    ///   - pitch: the distance of two weights of a channel: 1, or all channels when they are last.
    ///   - x: the input value.
    ///   - y: the output value.
    ///   - rounding: the mode that the proof is for.
    /// - Returns: what the operator's record and blocks hold.
    /// - Throws: `PlanFault` if a sum may overflow or a ratio has no factor.
    func product(
        _ weights: Tensor,
        channels: Int,
        pitch: Int,
        _ x: Int,
        _ y: Int,
        _ rounding: Rounding = .double
    ) throws(PlanFault) -> Product {
        guard let bytes = weights.constant, let quantization = weights.quantization,
            channels > 0, quantization.isPerTensor || quantization.scales.count == channels
        else { throw .quantizationMismatch("the weights are not quantized by output channel") }
        if program.values[x].type == .int16 {
            return try productInt16(bytes, quantization, channels: channels, x, y, rounding)
        }
        let zeros = ZeroPoints(
            input: program.values[x].zeroPoint,
            weight: quantization.isPerTensor ? quantization.zeroPoints[0] : 0,
            output: program.values[y].zeroPoint
        )
        let bias = try biasWords(channels)
        var scales: [ScaleFactor] = []
        for channel in 0..<channels {
            let scale = quantization.scales[quantization.isPerTensor ? 0 : channel]
            let factor = try FixedPoint.scaleFactor(effectiveScale(x, scale, y, rounding))
            let taps = bytes.count / channels
            let first = pitch == 1 ? channel * taps : channel
            var magnitude = Int64(abs(Int(bias[channel])))
            let reach = Int64(max(abs(-128 - zeros.input), abs(127 - zeros.input)))
            for tap in 0..<taps {
                let weight = Int64(Int8(bitPattern: bytes[first + tap * pitch]))
                magnitude += abs(weight - Int64(zeros.weight)) * reach
            }
            try proveAccumulator(channel, taps: taps, magnitude, bias[channel], zeros)
            if rounding == .double {
                try FixedPoint.proveShift(factor, bound: magnitude, channel: channel)
            }
            scales.append(factor)
        }
        return Product(
            weights: bytes,
            scales: scales,
            bias: bias.littleEndianBytes,
            zeros: zeros,
            rounding: rounding
        )
    }

    /// The legacy uint8 convolutions multiply the scales in single precision first (section 3);
    /// the uint8 dense product is that of int8.
    private func effectiveScale(
        _ x: Int,
        _ weightScale: Float,
        _ y: Int,
        _ rounding: Rounding
    ) -> Double {
        let (inputScale, outputScale) = (program.values[x].scale, program.values[y].scale)
        if node.family == .uint8, rounding == .double {
            return Double(inputScale * weightScale) / Double(outputScale)
        }
        return Double(inputScale) * Double(weightScale) / Double(outputScale)
    }

    /// The bound that this model needs, and the one that the loader checks without the weights.
    private func proveAccumulator(
        _ channel: Int,
        taps: Int,
        _ magnitude: Int64,
        _ bias: Int32,
        _ zeros: ZeroPoints
    ) throws(PlanFault) {
        let products = Int64(taps) * OperatorLimits.productMax(weightZero: zeros.weight)
        let worst = products + Int64(abs(Int(bias)))
        guard max(worst, magnitude) <= OperatorLimits.accumulatorMax else {
            throw .accumulatorMayOverflow(
                channel: channel,
                bound: max(worst, magnitude),
                limit: OperatorLimits.accumulatorMax
            )
        }
    }

    private func biasWords(_ channels: Int) throws(PlanFault) -> [Int32] {
        guard node.inputs.count == 3, let id = node.inputs[2], let bytes = graph[id].constant else {
            return Array(repeating: 0, count: channels)
        }
        guard bytes.count == 4 * channels else {
            throw .shapeMismatch("a bias of \(bytes.count / 4) for \(channels) channels")
        }
        return (0..<channels).map { channel in
            let word = (0..<4).reduce(UInt32(0)) { word, byte in
                word | UInt32(bytes[4 * channel + byte]) << UInt32(8 * byte)
            }
            return Int32(bitPattern: word)
        }
    }
}

extension Array where Element: FixedWidthInteger {
    /// The words as a program stores them.
    var littleEndianBytes: [UInt8] {
        flatMap { word in Swift.withUnsafeBytes(of: word.littleEndian) { [UInt8]($0) } }
    }
}
