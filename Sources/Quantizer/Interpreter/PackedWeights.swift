import ModelGraph

/// The weights of a product in double precision, in the order in which it reads them.
enum PackedWeights: Sendable {
    /// Convolution and fully connected: the dot products of each group.
    case panels([ProductPanels])
    /// Depthwise `[tap][output channel]`; transposed convolution
    /// `[tap][input channel][output channel]`.
    case rows([Double])

    /// Packs the weights of an operator whose input has a shape.
    init(_ weights: FloatTensor, for operation: Operator, input: [Int]) {
        let shape = weights.shape
        switch operation {
        case .convolution2D:
            let groups = input[3] / shape[3]
            let size = weights.values.count / groups
            self = .panels(
                (0..<groups).map { group in
                    ProductPanels(
                        weights.values[group * size..<(group + 1) * size],
                        depth: shape[1...].reduce(1, *)
                    )
                }
            )
        case .fullyConnected:
            self = .panels([ProductPanels(weights.values[...], depth: shape[1])])
        case .transposeConvolution2D:
            let columns = shape[1...].reduce(1, *)
            self = .rows(
                PackedWeights.transposed(weights.values, rows: shape[0], columns: columns)
            )
        default: self = .rows(weights.values.map(Double.init))
        }
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
