import InferenceRuntime
import ModelGraph

// Sums, maxima and minima along axes.
extension Lowering {
    /// A mean that is not divided: `y = z + requantize(Σ (q - zx))` with sx/sy (section 7).
    mutating func lowerSum(_ axes: [Int]) throws(PlanFault) {
        let (x, y) = (try gathered(try input(0), axes: axes), output())
        let (source, target) = (program.values[x], program.values[y])
        let extents = source.shape
        let reduced = try word(
            extents[1],
            "the number of reduced elements",
            limit: OperatorLimits.reducedMax(.int8)
        )
        let factor = try FixedPoint.scaleFactor(Double(source.scale) / Double(target.scale))
        try FixedPoint.proveShift(factor, bound: Int64(reduced) * 255)
        emit(
            .mean,
            [x],
            to: y,
            .mean(
                outer: try word(extents[0], "the number of sums"),
                reduced: reduced,
                inner: try word(extents[2], "the number of sums"),
                inputZero: source.zeroPoint,
                outputZero: target.zeroPoint,
                factor,
                .double
            )
        )
    }

    /// A maximum is a pool whose window covers the reduced extent; a minimum is the complement
    /// of the maximum of complements, `min(q) = ~max(~q)`, which is exact in stored integers.
    mutating func lowerExtremum(_ axes: [Int], isMinimum: Bool) throws(PlanFault) {
        let y = output()
        var x = try gathered(try requantized(try input(0), like: y), axes: axes)
        let extents = program.values[x].shape
        let limit = Int(OperatorLimits.windowExtentMax)
        let rows = extents[1] <= limit ? extents[1] : divisor(of: extents[1], upTo: limit)
        if isMinimum {
            let complement = temporary(".complement", shape: extents, like: x)
            try lookUp(x, .complement, to: complement)
            x = complement
        }
        let image = view(x, shape: [extents[0], rows, extents[1] / rows, extents[2]])
        let kernel = (height: rows, width: extents[1] / rows)
        let shape = [extents[0], 1, 1, extents[2]]
        let pooled = isMinimum ? temporary(".maximum", shape: shape, like: y) : y
        let zero = program.values[y].zeroPoint
        emit(
            .maxPool2D,
            [image],
            to: isMinimum ? pooled : view(y, shape: shape),
            .window(
                input: try self.image(image),
                output: ImageShape(
                    batches: try word(extents[0], "the number of maxima"),
                    height: 1,
                    width: 1,
                    channels: try word(extents[2], "the number of maxima")
                ),
                try geometry(Window2D(), kernel: kernel),
                groups: 1,
                depthMultiplier: 1,
                ZeroPoints(input: zero, output: zero),
                Clamp(),
                .double
            )
        )
        if isMinimum { try lookUp(pooled, .complement, to: y) }
    }

    /// The largest divisor of at most `limit`; 1 where the count is prime and the pool refuses it.
    private func divisor(of count: Int, upTo limit: Int) -> Int {
        stride(from: limit, to: 1, by: -1).first { count % $0 == 0 } ?? 1
    }
}

extension LookupTable {
    /// `~q` of every byte.
    fileprivate static let complement = LookupTable((0..<256).map { ~UInt8($0) })

    private init(_ bytes: [UInt8]) { self.bytes = bytes }
}
