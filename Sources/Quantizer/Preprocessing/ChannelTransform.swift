/// `model = (raw - offset) * factor` for each element along one axis of the raw tensor.
public struct ChannelTransform: Sendable, Hashable, Codable {
    /// The raw dimension that the numbers run along.
    public let axis: Int
    /// What is subtracted, in raw units; one number, or one an element of the axis.
    public let offsets: [Double]
    /// What the difference is multiplied with; as many as there are offsets.
    public let factors: [Double]

    /// Whether a transform that was read from a file can be applied to tensors of a shape: all
    /// numbers finite, one of each kind, or one for each element of the axis.
    public func fits(_ shape: [Int]) -> Bool {
        let channels = shape.indices.contains(axis) ? shape[axis] : 0
        return (offsets.count == 1 || offsets.count == channels) && offsets.count == factors.count
            && (offsets + factors).allSatisfy(\.isFinite)
    }

    /// Applies the transform to samples in the raw order.
    ///
    /// - Parameters:
    ///   - values: the elements of one tensor, row-major.
    ///   - shape: the tensor's shape, which the transform fits.
    /// - Returns: as many numbers, rounded once to float32.
    public func apply(_ values: [Float], shape: [Int]) -> [Float] {
        if offsets.count == 1 {
            return values.map { Float((Double($0) - offsets[0]) * factors[0]) }
        }
        precondition(fits(shape), "\(offsets.count) channels on axis \(axis) of \(shape)")
        let inner = shape[(axis + 1)...].reduce(1, *)
        return values.enumerated().map { index, value in
            let channel = index / inner % offsets.count
            return Float((Double(value) - offsets[channel]) * factors[channel])
        }
    }

    /// Whether one number holds for all channels.
    var isUniform: Bool { offsets.count == 1 }

    /// The offset of all channels; `nil` when they differ.
    var uniformOffset: Double? { offsets.allSatisfy { $0 == offsets[0] } ? offsets[0] : nil }

    /// Checks a declaration against the tensor that callers fill.
    ///
    /// - Parameters:
    ///   - declared: the declaration.
    ///   - name: the input's name, for messages.
    ///   - shape: the raw shape.
    /// - Throws: `PreprocessingError` for numbers that are not usable and lists of another length.
    init(
        _ declared: InputPreprocessing,
        name: String,
        shape: [Int]
    ) throws(PreprocessingError) {
        let axis = declared.axis ?? declared.layout?.rawAxis ?? max(0, shape.count - 1)
        guard axis >= 0, axis < max(1, shape.count) else {
            throw .axisOutOfRange(input: name, axis: axis, rank: shape.count)
        }
        let channels = shape.isEmpty ? 1 : shape[axis]
        guard declared.scale.isFinite, declared.scale > 0 else {
            throw .scaleNotPositive(input: name, scale: declared.scale)
        }
        for (field, values) in [("mean", declared.mean), ("std", declared.std)]
        where values.count != 1 && values.count != channels {
            throw .lengthMismatch(
                input: name,
                field: field,
                count: values.count,
                channels: channels,
                axis: axis
            )
        }
        if let channel = declared.mean.firstIndex(where: { !$0.isFinite }) {
            throw .meanNotFinite(input: name, channel: channel)
        }
        if let channel = declared.std.firstIndex(where: { !$0.isFinite || $0 <= 0 }) {
            throw .deviationNotPositive(
                input: name,
                channel: channel,
                value: declared.std[channel]
            )
        }
        if let range = declared.range {
            guard range.count == 2, range[0] < range[1], range.allSatisfy(\.isFinite) else {
                throw .rangeMalformed(input: name)
            }
        }
        let offsets = declared.mean.map { $0 / declared.scale }
        let factors = declared.std.map { declared.scale / $0 }
        guard (offsets + factors).allSatisfy({ Float($0).isFinite }),
            factors.allSatisfy({ Float($0).isNormal })
        else { throw .notRepresentable(input: name) }
        self.axis = axis
        let isUniform = Set(offsets).count == 1 && Set(factors).count == 1
        let count = isUniform ? 1 : channels
        self.offsets = ChannelTransform.spread(offsets, count)
        self.factors = ChannelTransform.spread(factors, count)
    }

    private static func spread(_ values: [Double], _ count: Int) -> [Double] {
        values.count >= count
            ? Array(values.prefix(count)) : Array(repeating: values[0], count: count)
    }

    /// How many times coarser one int8 scale over all raw numbers is for the worst channel than
    /// one over the numbers that the model sees, and that channel.
    ///
    /// Raw numbers are taken to lie within four standard deviations of their mean, and 0 within the
    /// range, as it must be.
    var rawCoarseness: (factor: Double, channel: Int) {
        let reach = 4.0
        let deviations = factors.map { 1 / $0 }
        let low = zip(offsets, deviations).map { $0 - reach * $1 }.reduce(0, min)
        let high = zip(offsets, deviations).map { $0 + reach * $1 }.reduce(0, max)
        var worst = (factor: 0.0, channel: 0)
        for (channel, deviation) in deviations.enumerated() {
            let factor = (high - low) / (2 * reach * deviation)
            if factor > worst.factor { worst = (factor, channel) }
        }
        return worst
    }
}
