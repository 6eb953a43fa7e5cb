import InferenceRuntime
import ModelGraph

// Resizes: one table entry an output row and column (section 7).
extension Lowering {
    mutating func lowerResize(
        _ mapping: ResizeMapping,
        isBilinear: Bool
    ) throws(PlanFault) {
        let (x, y) = (try input(0), output())
        let (source, target) = (try image(x), try image(y))
        guard source.batches == target.batches, source.channels == target.channels else {
            throw .shapeMismatch("a resize changes height and width only")
        }
        let extents = [(source.height, target.height), (source.width, target.width)]
        var words: [Int32] = []
        for (input, output) in extents {
            words +=
                isBilinear
                ? mapping.bilinearTaps(from: input, to: output)
                : mapping.nearestIndices(from: input, to: output)
        }
        let type = program.values[x].type
        var moved = source
        // The nearest resize moves the bytes of a pixel.
        let pixel = isBilinear ? 1 : type.sizeBytes
        moved.channels = try word(Int(source.channels) * pixel, "the size of a pixel")
        emit(
            isBilinear ? Opcode.resizeBilinear.computing(on: type) : .resizeNearest,
            [x],
            to: y,
            .resize(input: moved, outputHeight: target.height, outputWidth: target.width),
            constants: words.littleEndianBytes
        )
    }
}

extension ResizeMapping {
    /// The nearest input index of every output index, in single precision as the reference has it.
    fileprivate func nearestIndices(from input: Int32, to output: Int32) -> [Int32] {
        let spansCorners = alignCorners && output > 1
        let scale =
            spansCorners
            ? Float(input - 1) / Float(output - 1) : Float(input) / Float(output)
        return (0..<output).map { index in
            let position = (Float(index) + (halfPixelCenters ? 0.5 : 0)) * scale
            let rounding: FloatingPointRoundingRule =
                alignCorners ? .toNearestOrAwayFromZero : .down
            return max(min(Int32(position.rounded(rounding)), input - 1), 0)
        }
    }

    /// Low and high index and the weight of the high one in 1/1024, for every output index.
    fileprivate func bilinearTaps(from input: Int32, to output: Int32) -> [Int32] {
        let spansCorners = alignCorners && output > 1
        let scale =
            spansCorners
            ? ((input - 1) << 10 + (output - 1) / 2) / (output - 1)
            : (input << 10 + output / 2) / output
        return (0..<output).flatMap { index -> [Int32] in
            let position =
                Int64(index) * Int64(scale)
                + (halfPixelCenters ? Int64(scale / 2) - 512 : 0)
            let low = Int32(max(position / 1024, 0))
            let high = Int32(min((position + 1023) / 1024, Int64(input - 1)))
            // The low index can pass the border only by the rounding of the scale.
            return [min(low, input - 1), high, Int32(position - 1024 * Int64(low))]
        }
    }
}
