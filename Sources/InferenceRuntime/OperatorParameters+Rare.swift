// Blocks of `CKernelsRare.h`, word for word.
extension OperatorParameters {
    /// A batch of matrix products; extents and strides of the batch have four elements each,
    /// padded in front with 1 and 0.
    package static func matrices(
        batch: (extents: [Int32], aStrides: [Int32], bStrides: [Int32]),
        rows: Int32,
        inner: Int32,
        columns: Int32,
        aStrides: (row: Int32, inner: Int32),
        bStrides: (inner: Int32, column: Int32),
        zeros: (a: Int32, b: Int32, output: Int32),
        _ scale: ScaleFactor
    ) -> OperatorParameters {
        let strides = [aStrides.row, aStrides.inner, bStrides.inner, bStrides.column]
        return .rare(
            batch.extents + batch.aStrides + batch.bStrides + [rows, inner, columns] + strides
                + [zeros.a, zeros.b, zeros.output] + scale.words + Clamp().words
        )
    }

    /// Slices of `[outer, extent, inner]` bytes by `count` indices.
    package static func gather(
        outer: Int32,
        extent: Int32,
        innerBytes: Int32,
        count: Int32,
        indexSize: Int32
    ) -> OperatorParameters {
        .rare([outer, extent, innerBytes, count, indexSize])
    }

    /// The logarithm of softmax over rows of `depth`.
    package static func logSoftmax(
        rows: Int32,
        depth: Int32,
        _ scale: ScaleFactor,
        reverse: ScaleFactor,
        differenceMin: Int32
    ) -> OperatorParameters {
        .rare([rows, depth] + scale.words + reverse.words + [differenceMin])
    }

    /// Layer normalization over rows of `depth`; `epsilon` is in units of `2^-varianceShift`.
    package static func layerNormalization(
        rows: Int32,
        depth: Int32,
        outputZero: Int32,
        varianceShift: Int32,
        epsilon: UInt64,
        gainExponent: Int32
    ) -> OperatorParameters {
        let low = Int32(truncatingIfNeeded: epsilon)
        let high = Int32(truncatingIfNeeded: epsilon >> 32)
        return .rare([rows, depth, outputZero, varianceShift, low, high, gainExponent])
    }
}
