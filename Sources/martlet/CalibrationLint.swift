import Terminal

/// What is suspicious about calibration samples.
struct CalibrationLint {
    /// With fewer samples ranges depend on chance.
    static let sampleCountAdvised = 32
    /// One line for each finding.
    let findings: [String]

    /// Looks for constant and repeated samples and for samples that also judge the model.
    ///
    /// - Parameters:
    ///   - calibration: the calibration samples.
    ///   - validation: the samples that accuracy is measured on, where there are any.
    /// - Throws: `Failure` when every sample is constant: nothing can be learned from them.
    init(_ calibration: FloatSamples, validation: FloatSamples?) throws {
        var findings: [String] = []
        let count = calibration.samples.count
        if count < Self.sampleCountAdvised {
            findings.append(
                "\(count) calibration sample(s); ranges settle from about "
                    + "\(Self.sampleCountAdvised) on"
            )
        }
        let constant = calibration.constantSamples
        if constant.count == count {
            throw Failure(
                .usage,
                "every calibration sample is constant",
                place: calibration.paths.joined(separator: ", "),
                help: "give samples like those that the model will see"
            )
        }
        if !constant.isEmpty {
            findings.append("calibration samples that are constant: \(Self.list(constant))")
        }
        let digests = calibration.digests
        var seen: Set<String> = []
        let repeated = digests.indices.filter { !seen.insert(digests[$0]).inserted }
        if !repeated.isEmpty {
            findings.append("calibration samples that repeat others: \(Self.list(repeated))")
        }
        let judging = Set(validation?.digests ?? [])
        let shared = digests.indices.filter { judging.contains(digests[$0]) }
        if !shared.isEmpty {
            findings.append(
                "calibration samples that are also validation samples: \(Self.list(shared))"
            )
        }
        self.findings = findings
    }

    /// How many there are, and the first of them.
    private static func list(_ indices: [Int]) -> String {
        let shown = indices.prefix(8).map(String.init).joined(separator: ", ")
        return "\(indices.count) (\(shown)\(indices.count > 8 ? ", …" : ""))"
    }
}
