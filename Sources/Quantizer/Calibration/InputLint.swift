import ModelGraph

/// Watches the samples of one input.
struct InputLint: Sendable {
    private let name: String
    private let shape: [Int]
    private let raw: RawInput?
    private var extremes: (low: Float, high: Float) = (.infinity, -.infinity)
    private var isWhole = true
    private var count = 0
    /// Of the numbers that the model sees, by channel, where their deviations were declared.
    private var channels: [ChannelStatistics] = []
    /// The numbers outside the range that the model was declared to be trained on.
    private var outsideCount = 0
    private var layout: LayoutLint?

    init(name: String, shape: [Int], raw: RawInput?) {
        self.name = name
        self.shape = shape
        self.raw = raw
        layout = LayoutLint(shape)
        guard let raw, raw.declared.std != [1] else { return }
        let axis = raw.transform.axis
        let count = shape.indices.contains(axis) ? shape[axis] : 1
        channels = [ChannelStatistics](repeating: ChannelStatistics(), count: count)
    }

    /// The declared range, and a hundredth of it more, so that rounding does no harm.
    private var acceptedRange: ClosedRange<Double>? {
        raw?.declared.expectedRange.map { range in
            let slack = (range.upperBound - range.lowerBound) / 100
            return range.lowerBound - slack...range.upperBound + slack
        }
    }

    mutating func add(_ tensor: FloatTensor) {
        for value in tensor.values {
            extremes = (min(extremes.low, value), max(extremes.high, value))
            if isWhole, value != value.rounded(.towardZero) { isWhole = false }
        }
        layout?.add(tensor.values)
        let seen = modelValues(tensor)
        let range = acceptedRange
        if let range {
            outsideCount += seen.count { !range.contains(Double($0)) }
        }
        count += seen.count
        guard !channels.isEmpty else { return }
        let axis = raw?.transform.axis ?? 0
        let inner = shape.dropFirst(axis + 1).reduce(1, *)
        for (index, value) in seen.enumerated() {
            channels[index / inner % channels.count].add(Double(value))
        }
    }

    /// The numbers as the model was trained on them.
    private func modelValues(_ tensor: FloatTensor) -> [Float] {
        guard let raw, raw.place == .device else { return tensor.values }
        return raw.transform.apply(tensor.values, shape: tensor.shape)
    }

    func findings(role: String, sampleCount: Int) -> [DataFinding] {
        guard count > 0 else { return [] }
        let place = "\(role) input '\(name)'"
        var findings: [DataFinding] = []
        if let finding = rangeFinding(place) { findings.append(finding) }
        if let finding = preparationFinding(place, sampleCount) { findings.append(finding) }
        if let finding = outlierFinding(place) { findings.append(finding) }
        if let layout, layout.isSuspicious {
            findings.append(
                DataFinding(
                    .wrongLayout,
                    .warning,
                    place: place,
                    message: "neighbouring rows are alike only when the images are read with "
                        + "channels \(layout.isChannelsLast ? "first" : "last")",
                    advice: "check the axes, and declare --input-layout "
                        + (layout.isChannelsLast ? "nchw-to-nhwc" : "nhwc-to-nchw")
                )
            )
        }
        return findings
    }

    private func rangeFinding(_ place: String) -> DataFinding? {
        guard outsideCount > 0, let range = raw?.declared.expectedRange else { return nil }
        let share = Double(outsideCount) / Double(count)
        return DataFinding(
            .wrongRange,
            share > 0.01 ? .error : .warning,
            place: place,
            message: "\(Percent(share)) of the prepared numbers lie outside the declared "
                + "\(range.lowerBound)...\(range.upperBound); raw ones reach from "
                + "\(extremes.low) to \(extremes.high)",
            advice: "check scale, mean and std, and whether the data is raw"
        )
    }

    /// Data that was prepared before although it is declared raw, or looks raw although nothing
    /// is declared.
    private func preparationFinding(_ place: String, _ sampleCount: Int) -> DataFinding? {
        func finding(_ severity: DataFinding.Severity, _ message: String, _ advice: String)
            -> DataFinding
        {
            DataFinding(
                .wrongPreparation,
                severity,
                place: place,
                message: message,
                advice: advice
            )
        }
        let reach = "from \(extremes.low) to \(extremes.high)"
        guard let raw else {
            guard isWhole, extremes.low >= 0, (128...255).contains(extremes.high) else {
                return nil
            }
            return finding(
                .note,
                "the numbers are whole, \(reach), like raw bytes",
                "declare --input-type uint8, with --input-scale if the model was trained on "
                    + "scaled images"
            )
        }
        if raw.declared.type == .uint8, extremes.high <= 1, extremes.high > 0 {
            return finding(
                .error,
                "the bytes reach only \(reach), as if they had been scaled before",
                "give raw bytes 0 to 255"
            )
        }
        let wrong = channels.filter(\.isWrong)
        guard sampleCount >= DataLint.sampleCountAdvised, let first = wrong.first else {
            return nil
        }
        return finding(
            2 * wrong.count > channels.count ? .error : .warning,
            "\(wrong.count) of \(channels.count) channels have a mean and deviation such as "
                + "\(Rounded(first.mean)) and \(Rounded(first.deviation)) when prepared, where "
                + "about 0 and 1 are declared",
            "check the units, and whether the data was prepared before"
        )
    }

    private func outlierFinding(_ place: String) -> DataFinding? {
        let total = channels.reduce(0) { $0 + $1.farCount }
        let worst = channels.indices.max { channels[$0].farthest < channels[$1].farthest }
        guard total > 0, let worst else { return nil }
        let share = Double(total) / Double(count)
        return DataFinding(
            .outlyingFeature,
            share > 0.01 ? .error : .warning,
            place: place,
            message: "\(Percent(share)) of the numbers are more than "
                + "\(Int(ChannelStatistics.deviationsMax)) deviations from their mean, farthest "
                + "channel \(worst) with \(Rounded(channels[worst].farthest))",
            advice: "check that channel's mean, std and unit, or cut outliers as in training"
        )
    }
}

/// What the prepared numbers of one channel are like, which should have the mean 0 and the
/// deviation 1.
private struct ChannelStatistics: Sendable {
    /// Standard deviations that next to no value of real data is away from its mean.
    static let deviationsMax = 8.0
    /// Less than this deviates only what was divided by its deviation before.
    private static let deviationMin = 0.05
    private var count = 0
    private var sum = 0.0, squares = 0.0
    /// The numbers beyond `deviationsMax`, and the farthest.
    private(set) var farCount = 0
    private(set) var farthest = 0.0

    mutating func add(_ value: Double) {
        count += 1
        sum += value
        squares += value * value
        farthest = max(farthest, abs(value))
        if abs(value) > Self.deviationsMax { farCount += 1 }
    }

    var mean: Double { count == 0 ? 0 : sum / Double(count) }
    var deviation: Double {
        count == 0 ? 0 : max(0, squares / Double(count) - mean * mean).squareRoot()
    }
    var isWrong: Bool { deviation < Self.deviationMin || abs(mean) > Self.deviationsMax }
}

/// Tells whether images lie with their channels where the model expects them.
///
/// Below a pixel lies the next row: `W * C` elements on with channels last, `W` elements on with
/// channels first. Neighbouring rows of an image are alike, so the mean absolute difference at the
/// right distance is smaller than at the other, whatever the colours are.
private struct LayoutLint: Sendable {
    let isChannelsLast: Bool
    private let width: Int
    private let channels: Int
    /// Mean absolute differences: of elements `W` and `W * C` apart.
    private var near = 0.0, wide = 0.0

    /// `nil` for shapes that are no colour images of at least 8 × 8 pixels.
    init?(_ shape: [Int]) {
        guard shape.count == 4 else { return nil }
        let counts = 2...4
        isChannelsLast = counts.contains(shape[3])
        guard isChannelsLast != counts.contains(shape[1]) else { return nil }
        let image = isChannelsLast ? [shape[1], shape[2]] : [shape[2], shape[3]]
        guard image[0] >= 8, image[1] >= 8 else { return nil }
        width = image[1]
        channels = isChannelsLast ? shape[3] : shape[1]
    }

    mutating func add(_ values: [Float]) {
        let step = width * channels
        guard values.count > step else { return }
        for index in 0..<values.count - step {
            let value = Double(values[index])
            near += abs(value - Double(values[index + width]))
            wide += abs(value - Double(values[index + step]))
        }
    }

    /// The other layout makes neighbouring rows alike by a clear margin.
    var isSuspicious: Bool {
        isChannelsLast ? near < 0.8 * wide : wide < 0.8 * near
    }
}

/// A number with three digits after the point, for messages.
struct Rounded: CustomStringConvertible {
    private let value: Double

    init(_ value: Double) { self.value = value }

    var description: String {
        guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
        return "\((value * 1_000).rounded() / 1_000)"
    }
}

/// A share as a percentage, for messages.
struct Percent: CustomStringConvertible {
    private let share: Double

    init(_ share: Double) { self.share = share }

    var description: String {
        share > 0 && share < 0.000_1 ? "less than 0.01 %" : "\((share * 10_000).rounded() / 100) %"
    }
}
