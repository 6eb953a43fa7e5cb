import InferenceRuntime
import ModelGraph

// Products of two computed matrices (fixed-point specification, 4.3).
extension Lowering {
    /// Dimensions of a batch of matrices: a tensor has six.
    private static let batchRank = 4

    mutating func lowerBatchMatMul(
        transposesLeft: Bool,
        transposesRight: Bool
    ) throws(PlanFault) {
        let (a, b, y) = (try input(0), try input(1), output())
        let (left, right) = (program.values[a], program.values[b])
        guard left.shape.count >= 2, right.shape.count >= 2, program.values[y].shape.count >= 2
        else { throw .shapeMismatch("\(left.shape) by \(right.shape) are no matrices") }
        let (rows, inner) = left.matrix(isTransposed: transposesLeft)
        let (depth, columns) = right.matrix(isTransposed: transposesRight)
        let batch = Array(program.values[y].shape.dropLast(2))
        guard depth.extent == inner.extent,
            rows.extent * columns.extent * batch.reduce(1, *)
                == program.values[y].elementCount
        else { throw .shapeMismatch("\(left.shape) by \(right.shape) do not multiply") }
        // The product of the scales is that of single precision.
        let product = Double(left.scale * right.scale)
        let factor = try FixedPoint.scaleFactor(product / Double(program.values[y].scale))
        let reach = { (zero: Int32) in Int64(max(abs(-128 - zero), abs(127 - zero))) }
        let bound = Int64(inner.extent) * reach(left.zeroPoint) * reach(right.zeroPoint)
        try FixedPoint.proveShift(factor, bound: bound)
        emit(
            .batchMatMul,
            [a, b],
            to: y,
            .matrices(
                batch: (
                    padded(batch, with: 1), padded(left.batchStrides(over: batch), with: 0),
                    padded(right.batchStrides(over: batch), with: 0)
                ),
                rows: try word(rows.extent, "the number of rows"),
                inner: try word(
                    inner.extent,
                    "the number of products",
                    limit: OperatorLimits.matrixDepthMax
                ),
                columns: try word(columns.extent, "the number of columns"),
                aStrides: (Int32(rows.stride), Int32(inner.stride)),
                bStrides: (Int32(depth.stride), Int32(columns.stride)),
                zeros: (left.zeroPoint, right.zeroPoint, program.values[y].zeroPoint),
                factor
            )
        )
    }

    private func padded(_ values: [Int], with filler: Int32) -> [Int32] {
        Array(repeating: filler, count: Self.batchRank - values.count) + values.map { Int32($0) }
    }
}

extension LoweredValue {
    fileprivate typealias Dimension = (extent: Int, stride: Int)

    /// The last two dimensions, in the order in which the product uses them; an extent of 1 has
    /// stride 0.
    fileprivate func matrix(isTransposed: Bool) -> (first: Dimension, second: Dimension) {
        let (height, width) = (shape[shape.count - 2], shape[shape.count - 1])
        let outer = (extent: height, stride: height > 1 ? width : 0)
        let inner = (extent: width, stride: width > 1 ? 1 : 0)
        return isTransposed ? (inner, outer) : (outer, inner)
    }

    /// The distance of the matrices of a batch, 0 where this value has one for all.
    fileprivate func batchStrides(over batch: [Int]) -> [Int] {
        let own = shape.dropLast(2)
        var strides = Array(repeating: 0, count: batch.count)
        var stride = shape[shape.count - 2] * shape[shape.count - 1]
        for (d, extent) in own.enumerated().reversed() where d + batch.count >= own.count {
            if extent > 1 { strides[d + batch.count - own.count] = stride }
            stride *= extent
        }
        return strides
    }
}
