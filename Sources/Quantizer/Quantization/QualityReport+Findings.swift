extension QualityReport {
    /// The share of clipped values above which a tensor is worth a look; the search for the least
    /// squared error clips less.
    public static let saturationAdvised = 0.02

    /// What calibration shows about its data: tensors that saturate, and ranges that still grow.
    public var rangeFindings: [DataFinding] {
        var findings: [DataFinding] = []
        // Softmax, logistic and tanh end at 1, one step beyond what their fixed scale reaches.
        let saturated = layers.filter {
            $0.saturation > Self.saturationAdvised
                && !["Softmax", "Logistic", "Tanh"].contains($0.operatorName)
        }
        if let worst = saturated.max(by: { $0.saturation < $1.saturation }) {
            findings.append(
                DataFinding(
                    .saturation,
                    .warning,
                    place: "tensor '\(worst.tensor)'",
                    message: "\(Percent(worst.saturation)) of its values saturate, and more than "
                        + "\(Percent(Self.saturationAdvised)) of \(saturated.count) tensor(s)",
                    advice: "try --ranges min-max, or samples without outliers"
                )
            )
        }
        if let first = growingTensors.first {
            findings.append(
                DataFinding(
                    .growingRange,
                    .warning,
                    place: "tensor '\(first)'",
                    message: "the ranges of \(growingTensors.count) tensor(s) each rest on one "
                        + "sample",
                    advice: "more samples would widen them"
                )
            )
        }
        return findings
    }
}
