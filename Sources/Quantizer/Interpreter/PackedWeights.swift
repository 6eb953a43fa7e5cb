import ModelGraph

/// Weights in double precision, with the output channels innermost: a product adds one input
/// element times a row of weights to a row of sums, which needs no sum across a vector's lanes.
///
///     convolution            [group][tap][input channel of the group][output channel of the group]
///     depthwise              [tap][output channel]
///     fully connected        [input][output]
///     transposed convolution [tap][input channel][output channel]
struct PackedWeights: Sendable {
    let values: [Double]

    /// Packs the weights of an operator whose input has a shape.
    init(_ weights: FloatTensor, for operation: Operator, input: [Int]) {
        let shape = weights.shape
        switch operation {
        case .convolution2D:
            values = PackedWeights.grouped(weights, channels: input[3])
        case .fullyConnected:
            values = PackedWeights.transposed(weights.values, rows: shape[0], columns: shape[1])
        case .transposeConvolution2D:
            let columns = shape[1...].reduce(1, *)
            values = PackedWeights.transposed(weights.values, rows: shape[0], columns: columns)
        default: values = weights.values.map(Double.init)
        }
    }

    private static func grouped(_ weights: FloatTensor, channels: Int) -> [Double] {
        let shape = weights.shape
        let (outputs, columns) = (shape[0], shape[1...].reduce(1, *))
        let groups = channels / shape[3]
        let size = outputs / groups
        var packed: [Double] = []
        packed.reserveCapacity(weights.values.count)
        for group in 0..<groups {
            let part = weights.values[group * size * columns..<(group + 1) * size * columns]
            packed += PackedWeights.transposed(Array(part), rows: size, columns: columns)
        }
        return packed
    }

    private static func transposed(_ values: [Float], rows: Int, columns: Int) -> [Double] {
        var result = [Double](repeating: 0, count: values.count)
        for row in 0..<rows {
            for column in 0..<columns {
                result[column * rows + row] = Double(values[row * columns + column])
            }
        }
        return result
    }
}

extension Operator {
    /// The operand that holds weights to be packed.
    var packedInput: Int? {
        switch self {
        case .convolution2D, .depthwiseConvolution2D, .fullyConnected, .transposeConvolution2D: 1
        default: nil
        }
    }
}
