import Glibc

extension QualityReport {
    /// A layer that costs much of the faithfulness, why, and what to try.
    public struct Suggestion: Sendable, Hashable, Codable {
        /// The node, or `input`.
        public let node: String
        /// The tensor.
        public let tensor: String
        /// The layer's share of all the noise that layers add, in `0...1`.
        public let noiseShare: Double
        /// What is wrong with it.
        public let finding: String
        /// What may help.
        public let remedy: String
    }

    /// More layers than this nobody looks at first.
    static let suggestionCountMax = 5
    /// A layer below this share of the added noise is not worth a look.
    static let noiseShareMin = 0.08

    /// The layers that add the most noise, the worst first.
    ///
    /// Noise is counted against the layer's own signal, `r = 10^(-dB / 10)`; what a layer adds is
    /// its `r` less the largest `r` of its inputs.
    static func suggestions(_ layers: [Layer], isMinMax: Bool) -> [Suggestion] {
        var ratios: [String: Double] = [:]
        var added = [Double](repeating: 0, count: layers.count)
        for (index, layer) in layers.enumerated() {
            let before = layer.inputs.compactMap { ratios[$0] }.max() ?? 0
            let ratio = layer.signalToNoise.map { pow(10, -$0 / 10) }
            ratios[layer.tensor] = ratio ?? before
            added[index] = max(0, (ratio ?? before) - before)
        }
        let total = added.reduce(0, +)
        guard total > 0 else { return [] }
        let worst = layers.indices.filter { added[$0] / total >= noiseShareMin }
            .sorted { (-added[$0], $0) < (-added[$1], $1) }
        return worst.prefix(suggestionCountMax).map { index in
            let layer = layers[index]
            let (finding, remedy) = layer.cause(added: added[index], isMinMax: isMinMax)
            return Suggestion(
                node: layer.node,
                tensor: layer.tensor,
                noiseShare: added[index] / total,
                finding: finding,
                remedy: remedy
            )
        }
    }
}

extension QualityReport.Layer {
    /// Whether a value was seen that clipping moves by more than a step.
    public var clipsBeyondStep: Bool {
        let low = seenMinimum.map { chosenMinimum - Double($0) } ?? 0
        let high = seenMaximum.map { Double($0) - chosenMaximum } ?? 0
        return max(low, high) > Double(scale)
    }

    /// Why the layer adds noise, by what is easiest to change, and what to try.
    fileprivate func cause(added: Double, isMinMax: Bool) -> (finding: String, remedy: String) {
        if isRangeGrowing {
            return (
                "its range rests on one calibration sample",
                "calibrate on more samples, or on more varied ones"
            )
        }
        if ["Softmax", "Logistic", "Tanh"].contains(operatorName) {
            return (
                "the scale of its integers is fixed, so \(activationBits)-bit steps limit it",
                "leave it out where the device only needs the largest output, or accept it"
            )
        }
        if saturation >= 0.001, clipsBeyondStep, !isMinMax {
            return (
                "the chosen range leaves out \((saturation * 100).short) % of the values",
                "compare with --ranges min-max and --ranges 99.99"
            )
        }
        if let weights = weightSignalToNoise, pow(10, -weights / 10) >= added / 4 {
            return (
                "much of it comes from its weights, which keep only \(weights.short) dB",
                "compare with --equalization; weights of one channel that differ widely in size "
                    + "cost most"
            )
        }
        let reach = chosenMaximum - chosenMinimum
        if let histogram, histogram.width(holding: 0.99) < reach / 8 {
            return (
                "99 % of its values that are not 0 lie within an eighth of the range",
                "compare with --ranges 99.99; a clamp such as ReLU6 in training bounds the rest"
            )
        }
        return (
            "its range fits, so \(activationBits)-bit steps are what limits it",
            "train with a clamp such as ReLU6 to narrow the range, or accept it where the "
                + "accuracy holds"
        )
    }
}

extension Double {
    /// The number with two digits after the point, for messages.
    fileprivate var short: String {
        guard isFinite, abs(self) < 1e15 else { return "\(self)" }
        let hundredths = Int((abs(self) * 100).rounded())
        let digits = "\(hundredths % 100)"
        let padded = digits.count < 2 ? "0" + digits : digits
        return "\(self < 0 ? "-" : "")\(hundredths / 100).\(padded)"
    }
}
