public import ModelGraph

/// What a search may choose from; a choice with one element is given.
public struct SearchSpace: Sendable, Hashable {
    /// Ways to even out the channels of a graph before it is quantized.
    public enum Equalization: String, Sendable, Hashable, CaseIterable {
        /// Leave the channels as they are.
        case none
        /// Cross-layer equalization by the reach of the weights.
        case weights
        /// Migration of scale by the reach of activations and weights.
        case activations
    }

    /// The equalizations to try; not empty.
    public var equalizations: [Equalization]
    /// The range methods to try; not empty.
    public var rangeMethods: [RangeMethod]
    /// Whether biases may be corrected.
    public var correctsBiases: Bool

    /// Makes a space; the default is that of the packager.
    public init(
        equalizations: [Equalization] = Equalization.allCases,
        rangeMethods: [RangeMethod] = [
            .meanSquaredError, .minMax, .percentile(share: 0.9999),
        ],
        correctsBiases: Bool = true
    ) {
        precondition(!equalizations.isEmpty && !rangeMethods.isEmpty)
        self.equalizations = equalizations
        self.rangeMethods = rangeMethods
        self.correctsBiases = correctsBiases
    }
}

/// Prepares, calibrates and quantizes a float graph in the way that keeps its outputs best.
///
/// Equalizations are compared first and range methods next, each by the signal to noise of the
/// outputs on samples that are chosen by their digests; so the result does not depend on the order
/// of the samples. A choice among several costs a fraction of one calibration each.
///
/// - Parameters:
///   - float: the float graph as it was imported.
///   - samples: for each sample one tensor for every input of the graph; passed over twice at most.
///   - space: what to choose from.
///   - options: how many samples to keep, and whom to tell.
/// - Returns: the proved integer graph, and how faithful it is.
/// - Throws: `QuantizationError` or `CalibrationError`.
public func quantizeFaithfully(
    _ float: Graph,
    samples: some Collection<[FloatTensor]>,
    space: SearchSpace = SearchSpace(),
    options: CalibrationOptions = CalibrationOptions()
) throws -> (QuantizedGraph, QualityReport) {
    let plain = try prepareForQuantization(float)
    let table = try calibrate(plain.graph, samples: samples, options: options)
    let choice = try EqualizationChoice(plain, table, space)
    let calibration =
        choice.prepared.graph.tensors.count == plain.graph.tensors.count
            && choice.equalization == .none
        ? table : try calibrate(choice.prepared.graph, samples: samples, options: options)
    let ranges = try RangeChoice(choice.prepared, calibration, space)
    var (graph, report) = try quantize(
        choice.prepared.graph,
        calibration: calibration,
        scheme: Scheme(rangeMethod: ranges.method, correctsBiases: space.correctsBiases)
    )
    report.decisions =
        choice.prepared.decisions + choice.decisions + ranges.decisions + report.decisions
    return (graph, report)
}

/// The equalization whose integers keep the outputs best.
private struct EqualizationChoice {
    private(set) var prepared: PreparedGraph
    private(set) var equalization = SearchSpace.Equalization.none
    private(set) var decisions: [Decision] = []

    init(_ plain: PreparedGraph, _ table: CalibrationTable, _ space: SearchSpace) throws {
        prepared = plain
        let evidence = Array(table.evidence.prefix(Trial.sampleCount))
        var best: Trial?
        for candidate in space.equalizations {
            let graph = plain.equalized(candidate, table)
            // What changes nothing needs no trial.
            guard let graph else { continue }
            if space.equalizations.count == 1 {
                (prepared, equalization) = (graph, candidate)
                return
            }
            let options = CalibrationOptions(evidenceCountMax: Trial.sampleCount)
            let trial = try Trial(
                candidate.rawValue,
                graph.graph,
                try calibrate(graph.graph, samples: evidence, options: options),
                Scheme(rangeMethod: space.rangeMethods[0], correctsBiases: false)
            )
            decisions.append(trial.decision(of: "equalization"))
            if trial.decibels > best?.decibels ?? -.infinity {
                (best, prepared, equalization) = (trial, graph, candidate)
            }
        }
    }
}

/// The range method whose integers keep the outputs best.
private struct RangeChoice {
    private(set) var method: RangeMethod
    private(set) var decisions: [Decision] = []

    init(
        _ prepared: PreparedGraph,
        _ calibration: CalibrationTable,
        _ space: SearchSpace
    ) throws {
        method = space.rangeMethods[0]
        guard space.rangeMethods.count > 1 else { return }
        var table = calibration
        table.evidence = Array(table.evidence.prefix(Trial.sampleCount))
        var best = -Double.infinity
        for candidate in space.rangeMethods {
            let scheme = Scheme(rangeMethod: candidate, correctsBiases: false)
            let trial = try Trial(candidate.name, prepared.graph, table, scheme)
            decisions.append(trial.decision(of: "ranges"))
            if trial.decibels > best { (best, method) = (trial.decibels, candidate) }
        }
    }
}

/// One way to quantize, measured on a few samples.
private struct Trial {
    /// The samples of a trial: enough to rank what differs by a decibel.
    static let sampleCount = 32

    let name: String
    /// The signal to noise of the scores.
    let decibels: Double

    init(
        _ name: String,
        _ graph: Graph,
        _ table: CalibrationTable,
        _ scheme: Scheme
    ) throws {
        self.name = name
        let report = try quantize(graph, calibration: table, scheme: scheme).1
        decibels = report.scoreSignalToNoise ?? .infinity
    }

    func decision(of place: String) -> Decision {
        Decision(
            kind: .compared,
            place: place,
            reason: "\(name): signal to noise of the scores \(decibels.shortText) dB in a trial"
        )
    }
}

extension PreparedGraph {
    /// The graph with its channels evened out; `nil` when that changes nothing.
    fileprivate func equalized(
        _ equalization: SearchSpace.Equalization,
        _ table: CalibrationTable
    ) -> PreparedGraph? {
        var rewrite = GraphRewrite(graph)
        switch equalization {
        case .none: return self
        case .weights: rewrite.equalizeLayers()
        case .activations:
            rewrite.migrateScales { tensor in
                table.entry(tensor.index).flatMap {
                    $0.channelReach.isEmpty ? nil : $0.channelReach
                }
            }
        }
        guard !rewrite.decisions.isEmpty else { return nil }
        return PreparedGraph(graph: rewrite.graph, decisions: decisions + rewrite.decisions)
    }
}
