import InferenceRuntime
import ModelGraph

// Transposed convolutions, as ordinary ones.
//
// Output row o takes input row i by tap k where o + padding = i * stride + k. Rows with the same
// remainder r of o + padding take the taps r, r + stride, … only, so they are an ordinary
// convolution by those taps in reverse. Each pair of remainders, of rows and of columns, is one
// convolution and one copy to every stride-th pixel. No product with a zero is computed, sums are
// the reference's to the bit, and the fastest convolution kernel serves.
extension Lowering {
    /// Pairs of remainders, each of which costs two operators.
    private static let phaseCountMax = 256

    mutating func lowerTransposeConvolution(
        _ window: Window2D,
        _ activation: Activation
    ) throws(PlanFault) {
        let (x, y) = (try input(0), output())
        let weights = try weightTensor(rank: 4)
        _ = (try image(x), try image(y))
        guard window.strideHeight >= 1, window.strideWidth >= 1, window.dilationHeight >= 1,
            window.dilationWidth >= 1
        else { throw .shapeMismatch("a stride or dilation below 1") }
        let (phases, overflow) = window.strideHeight.multipliedReportingOverflow(
            by: window.strideWidth
        )
        guard !overflow, phases <= Self.phaseCountMax else {
            throw .parameterOutOfRange(
                "the product of the strides",
                value: overflow ? .max : phases,
                limit: Self.phaseCountMax
            )
        }
        let (shape, target) = (program.values[x].shape, program.values[y].shape)
        let rows = TransposedPhase.phases(
            input: shape[1],
            output: target[1],
            taps: (weights.shape[1], window.dilationHeight),
            stride: window.strideHeight,
            padding: window.padding.top
        )
        let columns = TransposedPhase.phases(
            input: shape[2],
            output: target[2],
            taps: (weights.shape[2], window.dilationWidth),
            stride: window.strideWidth,
            padding: window.padding.left
        )
        for row in rows {
            for column in columns { try lowerPhase(row, column, weights, activation, x, y) }
        }
    }

    private mutating func lowerPhase(
        _ row: TransposedPhase,
        _ column: TransposedPhase,
        _ weights: Tensor,
        _ activation: Activation,
        _ x: Int,
        _ y: Int
    ) throws(PlanFault) {
        let channels = weights.shape[0]
        let kernel = try weights.taps(row.taps, column.taps)
        let product = try product(kernel, channels: channels, pitch: 1, x, y)
        let shape = [program.values[y].shape[0], row.extent, column.extent, channels]
        let isWhole = shape == program.values[y].shape
        let result = isWhole ? y : temporary(".phase", shape: shape, like: y)
        let window = Window2D(
            padding: Padding2D(
                top: row.before,
                left: column.before,
                bottom: row.after,
                right: column.after
            )
        )
        emit(
            .convolution2D,
            [x],
            to: result,
            .window(
                input: try image(x),
                output: try image(result),
                try geometry(window, kernel: (row.taps.count, column.taps.count)),
                groups: 1,
                depthMultiplier: 1,
                product.zeros,
                clamp(activation, y),
                .double
            ),
            weights: product.weights,
            scales: product.scales,
            constants: product.bias
        )
        if !isWhole { interleave(result, row, column, to: y) }
    }

    private mutating func interleave(
        _ phase: Int,
        _ row: TransposedPhase,
        _ column: TransposedPhase,
        to y: Int
    ) {
        let source = StridedWalk.dense(program.values[phase].shape)
        let target = StridedWalk.dense(program.values[y].shape)
        let shape = program.values[y].shape
        let walk = StridedWalk(
            extents: [shape[0], row.count, column.count, shape[3]],
            strides: [
                source, [target[0], row.stride * target[1], column.stride * target[2], target[3]],
            ]
        )
        copy(
            phase,
            to: y,
            walk,
            sourceOffset: row.skipped * source[1] + column.skipped * source[2],
            targetOffset: row.first * target[1] + column.first * target[2]
        )
    }
}

/// The rows (or columns) of a transposed convolution's output with one remainder.
struct TransposedPhase {
    /// The first output row, how far apart they are, and how many.
    var first: Int
    var stride: Int
    var count: Int
    /// The taps of the convolution in its order; `nil` for a tap that weighs nothing.
    var taps: [Int?]
    /// Padding of the input, and the output rows of the convolution: those before `skipped` and
    /// after `count` more are not used.
    var before: Int
    var after: Int
    var skipped: Int
    var extent: Int

    /// The remainders that occur, in the order of their first row.
    static func phases(
        input: Int,
        output: Int,
        taps: (count: Int, dilation: Int),
        stride: Int,
        padding: Int
    ) -> [TransposedPhase] {
        let reach = (taps.count - 1) * taps.dilation + 1
        return (0..<min(stride, output)).map { first in
            let (start, remainder) = (first + padding).quotientAndRemainder(dividingBy: stride)
            let count = (output - first - 1) / stride + 1
            let places = Array(Swift.stride(from: remainder, to: reach, by: stride)).reversed()
            var chosen = places.map { $0 % taps.dilation == 0 ? $0 / taps.dilation : nil }
            if chosen.isEmpty { chosen = [nil] }
            // Convolution row j reads the input from row j - before on; row 0 here is `start`.
            let lead = chosen.count - 1 - start
            let before = max(lead, 0)
            let skipped = max(-lead, 0)
            let natural = input + before - chosen.count + 1
            let after = max(skipped + count - natural, 0)
            return TransposedPhase(
                first: first,
                stride: stride,
                count: count,
                taps: chosen,
                before: before,
                after: after,
                skipped: skipped,
                extent: natural + after
            )
        }
    }
}

extension Tensor {
    /// Weights `[O, H, W, I]` of these rows and columns of taps; `nil` weighs nothing.
    fileprivate func taps(_ rows: [Int?], _ columns: [Int?]) throws(PlanFault) -> Tensor {
        guard let constant, let quantization, constant.count == elementCount else {
            throw .quantizationMismatch("the weights are not a quantized constant")
        }
        let zero = UInt8(
            truncatingIfNeeded: quantization.isPerTensor ? quantization.zeroPoints[0] : 0
        )
        let depth = shape[3]
        var bytes: [UInt8] = []
        bytes.reserveCapacity(shape[0] * rows.count * columns.count * depth)
        for channel in 0..<shape[0] {
            for row in rows {
                for column in columns {
                    guard let row, let column else {
                        bytes += repeatElement(zero, count: depth)
                        continue
                    }
                    let start = ((channel * shape[1] + row) * shape[2] + column) * depth
                    bytes += constant[start..<start + depth]
                }
            }
        }
        var chosen = self
        chosen.shape = [shape[0], rows.count, columns.count, depth]
        chosen.constant = bytes
        return chosen
    }
}
