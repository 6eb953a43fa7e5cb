public import ModelGraph

/// Watches samples one by one and says what is suspicious about them.
///
/// Memory is one digest a sample and a few numbers an input, whatever the number of samples.
public struct DataLint: Sendable {
    /// With fewer samples ranges depend on chance.
    public static let sampleCountAdvised = 32

    /// What the data is for, such as `calibration`.
    public let role: String
    /// The number of samples seen.
    public private(set) var sampleCount = 0
    private var inputs: [InputLint]
    /// The digest of each sample in the order of the file.
    private var digests: [UInt64] = []
    private var constant = SampleList()

    /// Begins without samples.
    ///
    /// - Parameters:
    ///   - role: what the data is for, for messages.
    ///   - graph: the float graph that takes the samples.
    ///   - raw: what callers give at each input, where it was declared.
    public init(role: String, graph: Graph, raw: [RawInput?] = []) {
        self.role = role
        inputs = graph.inputs.enumerated().map { index, port in
            InputLint(
                name: port.name,
                shape: graph[port.tensor].shape,
                raw: raw.indices.contains(index) ? raw[index] : nil
            )
        }
    }

    /// Looks at a sample: one tensor for every input of the graph, as the graph takes it.
    public mutating func add(_ sample: [FloatTensor]) {
        for (index, tensor) in sample.enumerated() where inputs.indices.contains(index) {
            inputs[index].add(tensor)
        }
        let isConstant =
            sample.contains { $0.values.count > 1 }
            && sample.allSatisfy { tensor in tensor.values.allSatisfy { $0 == tensor.values.first }
            }
        if isConstant { constant.add(sampleCount) }
        digests.append(EvidenceSelection.digest(sample))
        sampleCount += 1
    }

    /// Whether there are samples and every one is a number repeated: nothing can be learned.
    public var isConstant: Bool { sampleCount > 0 && constant.count == sampleCount }

    /// Says what is suspicious.
    ///
    /// - Parameter other: what was seen of the data that judges the model, to find samples of both.
    /// - Returns: what was found, first about the set, then about each input.
    public func findings(against other: DataLint? = nil) -> [DataFinding] {
        var findings = setFindings
        if let other { findings += sharedFindings(other) }
        return findings + inputs.flatMap { $0.findings(role: role, sampleCount: sampleCount) }
    }

    private var setFindings: [DataFinding] {
        var findings: [DataFinding] = []
        if sampleCount < Self.sampleCountAdvised {
            findings.append(
                DataFinding(
                    .tooFewSamples,
                    .warning,
                    place: role,
                    message: "\(sampleCount) \(role) sample(s)",
                    advice: "ranges settle from about \(Self.sampleCountAdvised) on"
                )
            )
        }
        if constant.count > 0 {
            findings.append(
                DataFinding(
                    .constantSamples,
                    .warning,
                    place: role,
                    message: "samples that are constant: \(constant)",
                    advice: "leave out blank samples, unless the device sees such"
                )
            )
        }
        var seen: Set<UInt64> = []
        var repeated = SampleList()
        for (index, digest) in digests.enumerated() where !seen.insert(digest).inserted {
            repeated.add(index)
        }
        if repeated.count > 0 {
            findings.append(
                DataFinding(
                    .repeatedSamples,
                    .warning,
                    place: role,
                    message: "samples that repeat others: \(repeated)",
                    advice: "they weigh twice and show nothing new"
                )
            )
        }
        return findings
    }

    private func sharedFindings(_ other: DataLint) -> [DataFinding] {
        let judging = Set(other.digests)
        var shared = SampleList()
        for (index, digest) in digests.enumerated() where judging.contains(digest) {
            shared.add(index)
        }
        guard shared.count > 0 else { return [] }
        return [
            DataFinding(
                .sharedSamples,
                .error,
                place: role,
                message: "samples that are also \(other.role) samples: \(shared)",
                advice: "the accuracy on them flatters the model; calibrate on others"
            )
        ]
    }
}

/// How many samples there are of a kind, and the first of them.
struct SampleList: Sendable, CustomStringConvertible {
    private static let shownMax = 8
    private(set) var count = 0
    private var first: [Int] = []

    mutating func add(_ index: Int) {
        count += 1
        if first.count < Self.shownMax { first.append(index) }
    }

    var description: String {
        let shown = first.map(String.init).joined(separator: ", ")
        return "\(count) (\(shown)\(count > first.count ? ", …" : ""))"
    }
}
