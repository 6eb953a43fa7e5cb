import InferenceRuntime
import ModelGraph

// Pools, reductions, softmax and operators of two inputs.
extension Lowering {
    mutating func lowerPool(
        _ opcode: Opcode,
        _ height: Int,
        _ width: Int,
        _ window: Window2D,
        _ activation: Activation
    ) throws(PlanFault) {
        let (x, y) = (try input(0), output())
        let source = program.values[x]
        // The kernels pool stored integers; the reference tolerates scales apart by 1e-6.
        let isShared =
            source.zeroPoint == program.values[y].zeroPoint
            && abs(source.scale - program.values[y].scale) <= 1e-6
        guard isShared else {
            throw .quantizationMismatch("input and output differ in scale or zero point")
        }
        let average: Rounding = node.family == .uint8 ? .halfUp : .halfAway
        emit(
            opcode.computing(on: source.type),
            [x],
            to: y,
            .window(
                input: try image(x),
                output: try image(y),
                try geometry(window, kernel: (height, width)),
                groups: 1,
                depthMultiplier: 1,
                ZeroPoints(input: source.zeroPoint, output: source.zeroPoint),
                clamp(activation, y),
                opcode == .averagePool2D ? average : .double
            )
        )
    }

    mutating func lowerMean(_ axes: [Int]) throws(PlanFault) {
        let (x, y) = (try gathered(try input(0), axes: axes), output())
        let (source, target) = (program.values[x], program.values[y])
        let extents = source.shape
        let reduced = Int64(extents[1])
        let limit = OperatorLimits.reducedMax(source.type == .int16 ? .int16 : .int8)
        guard reduced <= Int64(limit) else {
            throw .parameterOutOfRange(
                "the number of reduced elements",
                value: extents[1],
                limit: Int(limit)
            )
        }
        let ratio = Double(source.scale) / Double(target.scale)
        var factor = try FixedPoint.scaleFactor(ratio)
        // The division by the count moves into the multiplier, as far as it has room.
        let log2 = Int32(63 - reduced.leadingZeroBitCount)
        let room = min(log2, 32, 31 + factor.exponent)
        factor.multiplier = Int32((Int64(factor.multiplier) << Int64(room)) / reduced)
        factor.exponent -= room
        try FixedPoint.proveShift(factor, bound: reduced * source.type.magnitudeMax)
        emit(
            Opcode.mean.computing(on: source.type),
            [x],
            to: y,
            .mean(
                outer: try word(extents[0], "the number of means"),
                reduced: Int32(reduced),
                inner: try word(extents[2], "the number of means"),
                inputZero: source.zeroPoint,
                outputZero: target.zeroPoint,
                factor,
                .double
            )
        )
    }

    /// A view of `x` as `[outer, reduced, inner]`, transposed first if the axes are apart.
    mutating func gathered(_ x: Int, axes: [Int]) throws(PlanFault) -> Int {
        let shape = program.values[x].shape
        guard axes.allSatisfy({ shape.indices.contains($0) }) else {
            throw .shapeMismatch("axes \(axes) of a tensor with \(shape.count) dimensions")
        }
        let reduced = shape.indices.filter { axes.contains($0) && shape[$0] > 1 }
        let first = reduced.first ?? shape.count
        let last = reduced.last ?? shape.count - 1
        let between = first <= last ? shape[first...last] : []
        let isAdjacent = between.reduce(1, *) == reduced.reduce(1) { $0 * shape[$1] }
        if isAdjacent {
            let inner = last + 1 < shape.count ? shape[(last + 1)...].reduce(1, *) : 1
            let outer = shape[..<first].reduce(1, *)
            return view(x, shape: [outer, between.reduce(1, *), reduced.isEmpty ? 1 : inner])
        }
        let kept = shape.indices.filter { !reduced.contains($0) }
        let gathered = temporary(".gathered", shape: (kept + reduced).map { shape[$0] }, like: x)
        copyTransposed(x, permutation: kept + reduced, to: gathered)
        let count = reduced.reduce(1) { $0 * shape[$1] }
        return view(gathered, shape: [kept.reduce(1) { $0 * shape[$1] }, count, 1])
    }

    mutating func lowerSoftmax(_ beta: Float) throws(PlanFault) {
        let (x, y) = (try input(0), output())
        if program.values[x].type == .int16 { return try lowerSoftmaxInt16(beta, x, y) }
        let depth = program.values[x].shape.last ?? 1
        let target = program.values[y]
        guard target.scale == 1.0 / 256, target.zeroPoint == -128 else {
            throw .quantizationMismatch("softmax needs an output scale of 1/256, zero point -128")
        }
        let ratio = Double(beta) * Double(program.values[x].scale) * 0x1p26
        let factor = try FixedPoint.quantizeMultiplier(min(ratio, 0x1p31 - 1))
        guard factor.exponent >= 0 else { throw .ratioOutOfRange(ratio) }
        let differenceMin =
            -(31 * 0x1p26 / Double(sign: .plus, exponent: Int(factor.exponent), significand: 1))
            .rounded(.down)
        emit(
            .softmax,
            [x],
            to: y,
            .softmax(
                rows: try word(program.values[x].elementCount / depth, "the number of rows"),
                depth: try word(
                    depth,
                    "the number of classes",
                    limit: OperatorLimits.softmaxDepthMax
                ),
                factor,
                differenceMin: Int32(differenceMin)
            )
        )
    }

    mutating func lowerArgMax(_ axis: Int) throws(PlanFault) {
        let (x, y) = (try input(0), output())
        guard program.values[x].type == .int8 else { throw .noKernel }
        let shape = program.values[x].shape
        guard shape.indices.contains(axis) else {
            throw .shapeMismatch("axis \(axis) of a tensor with \(shape.count) dimensions")
        }
        emit(
            .argMax,
            [x],
            to: y,
            .argMax(
                outer: try word(shape[..<axis].reduce(1, *), "the number of maxima"),
                extent: try word(shape[axis], "the number of classes"),
                inner: try word(shape[(axis + 1)...].reduce(1, *), "the number of maxima"),
                elementSize: Int32(program.values[y].type.sizeBytes)
            )
        )
    }

    // MARK: Two inputs

    /// Both operands are scaled by 2^20, or 2^15 of int16, over twice the larger scale (5.1).
    mutating func lowerAdd(
        _ activation: Activation,
        isSubtraction: Bool
    ) throws(PlanFault) {
        let (a, b, y) = (try input(0), try input(1), output())
        let scales = [a, b, y].map { Double(program.values[$0].scale) }
        let twice = 2 * max(scales[0], scales[1])
        let type = program.values[y].type
        let shift = type == .int16 ? 15 : 20
        let lift = Double(sign: .plus, exponent: shift, significand: 1)
        let factors = (
            a: try FixedPoint.scaleFactor(scales[0] / twice),
            b: try FixedPoint.scaleFactor(scales[1] / twice),
            output: try FixedPoint.scaleFactor(twice / (lift * scales[2]))
        )
        // Each operand is at most half of this.
        try FixedPoint.proveShift(factors.output, bound: type.magnitudeMax << shift)
        try emitBinary(.add, a, b, y, factors, activation, kind: isSubtraction ? 1 : 0)
    }

    mutating func lowerMultiply(_ activation: Activation) throws(PlanFault) {
        let (a, b, y) = (try input(0), try input(1), output())
        let values = program.values
        let ratio = values[a].scale * values[b].scale / values[y].scale  // in Float (5.2)
        let factor = try FixedPoint.scaleFactor(Double(ratio))
        try FixedPoint.proveShift(
            factor,
            bound: values[y].type.magnitudeMax * values[y].type.magnitudeMax
        )
        let none = ScaleFactor(multiplier: 0, exponent: 0)
        try emitBinary(.multiply, a, b, y, (none, none, factor), activation, kind: 0)
    }

    mutating func lowerMaximum(
        _ activation: Activation,
        isMinimum: Bool
    ) throws(PlanFault) {
        let y = output()
        let a = try requantized(try input(0), like: y)
        let b = try requantized(try input(1), like: y)
        let none = ScaleFactor(multiplier: 0, exponent: 0)
        let factors = (none, none, none)
        try emitBinary(.maximum, a, b, y, factors, activation, kind: isMinimum ? 1 : 0)
    }

    mutating func emitBinary(
        _ opcode: Opcode,
        _ a: Int,
        _ b: Int,
        _ y: Int,
        _ factors: (a: ScaleFactor, b: ScaleFactor, output: ScaleFactor),
        _ activation: Activation,
        kind: Int32,
        constants: [UInt8] = []
    ) throws(PlanFault) {
        let shape = program.values[y].shape
        let operands = [try broadcastStrides(a, to: shape), try broadcastStrides(b, to: shape)]
        let walk = StridedWalk(extents: shape, strides: operands)
        emit(
            opcode.computing(on: program.values[y].type),
            [a, b],
            to: y,
            .binary(
                extents: walk.extents,
                aStrides: walk.strides[0],
                bStrides: walk.strides[1],
                aZero: program.values[a].zeroPoint,
                bZero: program.values[b].zeroPoint,
                outputZero: program.values[y].zeroPoint,
                a: factors.a,
                b: factors.b,
                output: factors.output,
                clamp(activation, y),
                kind: kind,
                .double
            ),
            constants: constants
        )
    }

    /// Strides of `value` over the output's shape, aligned at the last dimension.
    func broadcastStrides(_ value: Int, to shape: [Int]) throws(PlanFault) -> [Int] {
        let own = program.values[value].shape
        guard own.count <= shape.count else {
            throw .shapeMismatch("\(own) does not broadcast to \(shape)")
        }
        var strides = Array(repeating: 0, count: shape.count)
        var stride = 1
        for (d, extent) in own.enumerated().reversed() {
            let target = d + shape.count - own.count
            guard extent == shape[target] || extent == 1 else {
                throw .shapeMismatch("\(own) does not broadcast to \(shape)")
            }
            if extent > 1 { strides[target] = stride }
            stride *= extent
        }
        return strides
    }
}
