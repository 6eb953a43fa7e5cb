/// What calibration learned about the activations of one graph.
///
/// It depends on the set of samples, never on their order: histograms count integers, and the
/// samples that it keeps are those with the smallest digests.
public struct CalibrationTable: Sendable {
    /// What was seen of one tensor.
    public struct Entry: Sendable {
        /// The tensor's name.
        public let tensor: String
        /// The values.
        public let histogram: ValueHistogram
        /// Whether more samples are likely to widen the range: leaving out the most extreme sample
        /// on either side would shrink it by more than a tenth.
        public let isStillGrowing: Bool
        /// The largest magnitude of each element of the last dimension; empty for tensors that no
        /// convolution or dense product reads.
        public let channelReach: [Float]
    }

    /// By tensor index; `nil` for constants and for tensors that no sample reached.
    public private(set) var entries: [Entry?]
    /// The number of samples seen.
    public let sampleCount: Int
    /// Samples kept to measure quantization errors on, each with one tensor for every graph input.
    public internal(set) var evidence: [[FloatTensor]]

    /// Says of a tensor that was added to the graph what is known of another.
    mutating func alias(_ tensor: Int, to other: Int) {
        let known = entries.indices.contains(other) ? entries[other] : nil
        while entries.count <= tensor { entries.append(nil) }
        entries[tensor] = known
    }

    /// The tensors whose ranges were still growing, in the order of the graph.
    public var growingTensors: [String] {
        entries.compactMap { $0.flatMap { $0.isStillGrowing ? $0.tensor : nil } }
    }
}

/// Observes one tensor: its values, and how far single samples reach beyond all others.
struct TensorObserver {
    private(set) var histogram = ValueHistogram()
    /// The two smallest minima and the two largest maxima of single samples.
    private var minima: [Float] = []
    private var maxima: [Float] = []
    /// The largest magnitude of each channel; empty when they are not observed.
    private(set) var channelReach: [Float]

    /// Makes an observer.
    ///
    /// - Parameter channelCount: the extent of the last dimension, or 0 not to observe channels.
    init(channelCount: Int = 0) { channelReach = [Float](repeating: 0, count: channelCount) }

    /// Adds the values that one sample gives the tensor.
    ///
    /// - Returns: Whether all are finite.
    mutating func add(_ values: [Float]) -> Bool {
        let before = histogram.nonFiniteCount
        let channelCount = channelReach.count
        if channelCount > 0 {
            for start in stride(from: 0, to: values.count, by: channelCount) {
                for channel in 0..<min(channelCount, values.count - start) {
                    channelReach[channel] = max(channelReach[channel], abs(values[start + channel]))
                }
            }
        }
        if let range = histogram.add(values) {
            minima = Array((minima + [range.lowerBound]).sorted().prefix(2))
            maxima = Array((maxima + [range.upperBound]).sorted(by: >).prefix(2))
        }
        return histogram.nonFiniteCount == before
    }

    /// The range shrinks by more than a tenth without its most extreme sample, or rests on one.
    var isStillGrowing: Bool {
        guard minima.count == 2, maxima.count == 2 else { return true }
        let whole = Double(max(maxima[0], 0)) - Double(min(minima[0], 0))
        let rest = Double(max(maxima[1], 0)) - Double(min(minima[1], 0))
        return rest < 0.9 * whole
    }
}
