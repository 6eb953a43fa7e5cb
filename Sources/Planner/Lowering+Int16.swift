import InferenceRuntime
import ModelGraph

// Products, softmax and changes of scale of int16 activations, whose zero points are 0.
extension Lowering {
    // MARK: Products

    /// Factors and 64-bit bias of each channel.
    ///
    /// - Parameters:
    ///   - weights: the bytes of the constant weights.
    ///   - quantization: that of the weights.
    ///   - channels: the number of output channels.
    ///   - x: the input value.
    ///   - y: the output value.
    ///   - rounding: that of the int8 form; where it is `.double`, 64-bit sums have `.narrow`.
    /// - Returns: what the operator's record and blocks hold.
    /// - Throws: `PlanFault` if a sum may overflow or a ratio has no factor.
    func productInt16(
        _ weights: [UInt8],
        _ quantization: Quantization,
        channels: Int,
        _ x: Int,
        _ y: Int,
        _ rounding: Rounding
    ) throws(PlanFault) -> Product {
        guard quantization.zeroPoints.allSatisfy({ $0 == 0 }) else {
            throw .quantizationMismatch("weights beside int16 activations need zero point 0")
        }
        let bias = try wideBias(channels)
        let taps = weights.count / channels
        var scales: [ScaleFactor] = []
        for channel in 0..<channels {
            let scale = quantization.scales[quantization.isPerTensor ? 0 : channel]
            let ratio =
                Double(program.values[x].scale) * Double(scale) / Double(program.values[y].scale)
            let factor = try FixedPoint.scaleFactor(ratio)
            guard factor.exponent <= OperatorLimits.wideExponentMax else {
                throw .ratioOutOfRange(ratio)
            }
            try proveWideAccumulator(channel, taps: taps, bias[channel])
            scales.append(factor)
        }
        return Product(
            weights: weights,
            scales: scales,
            bias: bias.littleEndianBytes,
            zeros: ZeroPoints(),
            rounding: rounding == .double ? .narrow : rounding
        )
    }

    /// The loader's bound, from the number of taps and the bias alone.
    private func proveWideAccumulator(
        _ channel: Int,
        taps: Int,
        _ bias: Int64
    ) throws(PlanFault) {
        guard Int64(taps) <= OperatorLimits.wideTapsMax,
            bias.magnitude <= UInt64(OperatorLimits.wideBiasMax)
        else {
            let bound = min(Int64(taps), 1 << 32) << 22
            let (sum, overflow) = bound.addingReportingOverflow(Int64(clamping: bias.magnitude))
            throw .accumulatorMayOverflow(
                channel: channel,
                bound: overflow ? .max : sum,
                limit: 2 * OperatorLimits.wideBiasMax
            )
        }
    }

    /// The bias of each channel, whose integers mean the same in either width.
    private func wideBias(_ channels: Int) throws(PlanFault) -> [Int64] {
        guard node.inputs.count == 3, let id = node.inputs[2], let bytes = graph[id].constant else {
            return Array(repeating: 0, count: channels)
        }
        let words =
            graph[id].type == .int64
            ? LittleEndian.int64s(bytes) : LittleEndian.int32s(bytes).map { Int64($0) }
        guard words.count == channels else {
            throw .shapeMismatch("a bias of \(words.count) for \(channels) channels")
        }
        return words
    }

    // MARK: Softmax

    /// Two interpolated tables: the exponential on [-10, 0] and 1 / (1 + x) on [0, 1] (6.3).
    mutating func lowerSoftmaxInt16(_ beta: Float, _ x: Int, _ y: Int) throws(PlanFault) {
        let depth = program.values[x].shape.last ?? 1
        guard program.values[y].scale == 0x1p-15, program.values[y].type == .int16 else {
            throw .quantizationMismatch("softmax of int16 needs an output scale of 2^-15")
        }
        let ratio = Double(program.values[x].scale * beta) / (10.0 / 65535)
        let factor = try FixedPoint.scaleFactor(ratio)
        try FixedPoint.proveShift(factor, bound: 65535)
        emit(
            .softmaxInt16,
            [x],
            to: y,
            .softmax(
                rows: try word(program.values[x].elementCount / depth, "the number of rows"),
                depth: try word(
                    depth,
                    "the number of classes",
                    limit: OperatorLimits.wideSoftmaxDepthMax
                ),
                factor,
                differenceMin: 0
            ),
            constants: InterpolatedTable.exponential.bytes + InterpolatedTable.reciprocal.bytes
        )
    }

    // MARK: Changes of scale and width

    func hasInt16(_ x: Int, _ y: Int) -> Bool {
        program.values[x].type == .int16 || program.values[y].type == .int16
    }

    /// Saturating change of scale, zero point and width (5.3).
    mutating func rescale(_ x: Int, to y: Int) throws(PlanFault) {
        let ratio = Double(program.values[x].scale) / Double(program.values[y].scale)
        let range = Clamp(rangeOf: program.values[y].type)
        try emitRescale(x, to: y, ratio, negative: ratio, range)
    }

    /// `x` as a temporary or constant with the type and quantization of `y`.
    mutating func rescaled(_ x: Int, like y: Int) throws(PlanFault) -> Int {
        let result = temporary(".requantized", shape: program.values[x].shape, like: y)
        try rescale(x, to: result)
        return result
    }

    /// Differences from the input's zero point times `ratio`, or `negative` below 0, then clamped.
    mutating func emitRescale(
        _ x: Int,
        to y: Int,
        _ ratio: Double,
        negative: Double,
        _ clamp: Clamp
    ) throws(PlanFault) {
        let (source, target) = (program.values[x], program.values[y])
        for value in [source, target] where value.type != .int8 && value.type != .int16 {
            throw .quantizationMismatch(
                "'\(value.name)' is \(value.type.rawValue) beside int16: requantize to int8 first"
            )
        }
        guard source.elementCount == target.elementCount else {
            throw .shapeMismatch("\(source.shape) to \(target.shape)")
        }
        let factors = [try FixedPoint.scaleFactor(ratio), try FixedPoint.scaleFactor(negative)]
        for factor in factors {
            try FixedPoint.proveShift(factor, bound: source.type.magnitudeMax)
        }
        emit(
            .rescale,
            [x],
            to: y,
            .rescale(
                count: try word(source.elementCount, "the number of elements"),
                inputSize: Int32(source.type.sizeBytes),
                outputSize: Int32(target.type.sizeBytes),
                inputZero: source.zeroPoint,
                outputZero: target.zeroPoint,
                factors[0],
                negative: factors[1],
                clamp
            )
        )
    }

    /// Fills all of `y` with one stored value, by a copy that does not step in its source.
    mutating func fillInt16(_ y: Int, with value: Int32) throws(PlanFault) {
        guard let stored = Int16(exactly: value) else {
            throw .parameterOutOfRange("the fill value", value: Int(value), limit: 32767)
        }
        let source = temporary(".fill", shape: [1], like: y)
        let word = UInt16(bitPattern: stored)
        program.values[source].constant = [
            UInt8(truncatingIfNeeded: word), UInt8(truncatingIfNeeded: word >> 8),
        ]
        let extents = [program.values[y].elementCount]
        copy(source, to: y, StridedWalk(extents: extents, strides: [[0], [2]]))
    }
}

extension Opcode {
    /// The operator of the same kind that computes on `type`.
    func computing(on type: DataType) -> Opcode {
        guard type == .int16 else { return self }
        switch self {
        case .convolution2D: return .convolution2DInt16
        case .depthwiseConvolution2D: return .depthwiseConvolution2DInt16
        case .fullyConnected: return .fullyConnectedInt16
        case .averagePool2D: return .averagePool2DInt16
        case .maxPool2D: return .maxPool2DInt16
        case .add: return .addInt16
        case .multiply: return .multiplyInt16
        case .maximum: return .maximumInt16
        case .mean: return .meanInt16
        case .resizeBilinear: return .resizeBilinearInt16
        default: return self
        }
    }
}

extension Clamp {
    /// All stored integers of a type.
    init(rangeOf type: DataType) {
        self = type == .int16 ? Clamp(low: -32768, high: 32767) : Clamp()
    }
}

extension DataType {
    /// The largest `|q - z|` of an activation.
    var magnitudeMax: Int64 { self == .int16 ? 1 << 15 : 255 }
}
