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
    /// Whether weights may be rounded by what their inputs are.
    public var compensatesRounding: Bool
    /// The bits of the weights.
    public var weightBits: Scheme.WeightBits

    /// Makes a space; the default is that of the packager.
    public init(
        equalizations: [Equalization] = Equalization.allCases,
        rangeMethods: [RangeMethod] = [
            .meanSquaredError, .minMax, .percentile(share: 0.9999),
        ],
        correctsBiases: Bool = true,
        compensatesRounding: Bool = true,
        weightBits: Scheme.WeightBits = .eight
    ) {
        precondition(!equalizations.isEmpty && !rangeMethods.isEmpty)
        self.equalizations = equalizations
        self.rangeMethods = rangeMethods
        self.correctsBiases = correctsBiases
        self.compensatesRounding = compensatesRounding
        self.weightBits = weightBits
    }
}

/// A float graph that was prepared and calibrated in the way that keeps its outputs best.
///
/// Equalizations are compared first and range methods next, each by the signal to noise of the
/// scores on samples that are chosen by their digests; so the result does not depend on the order
/// of the samples. A choice among several costs a fraction of one calibration each.
public struct CalibratedGraph: Sendable {
    /// The graph that is quantized.
    public let graph: Graph
    private let calibration: CalibrationTable
    private let scheme: Scheme
    private let decisions: [Decision]

    /// Prepares and calibrates a float graph.
    ///
    /// - Parameters:
    ///   - float: the float graph as it was imported.
    ///   - samples: for each sample one tensor for every input of the graph; passed over twice at
    ///     most.
    ///   - space: what to choose from.
    ///   - options: how many samples to keep, and whom to tell.
    /// - Throws: `QuantizationError` or `CalibrationError`.
    public init(
        _ float: Graph,
        samples: some Collection<[FloatTensor]>,
        space: SearchSpace = SearchSpace(),
        options: CalibrationOptions = CalibrationOptions()
    ) throws {
        let plain = try prepareForQuantization(float)
        let table = try calibrate(plain.graph, samples: samples, options: options)
        let choice = try EqualizationChoice(plain, table, space)
        graph = choice.prepared.graph
        calibration =
            choice.equalization == .none
            ? table : try calibrate(graph, samples: samples, options: options)
        let ranges = try RangeChoice(graph, calibration, space)
        scheme = Scheme(
            rangeMethod: ranges.method,
            correctsBiases: space.correctsBiases,
            compensatesRounding: space.compensatesRounding,
            weightBits: space.weightBits
        )
        decisions = choice.prepared.decisions + choice.decisions + ranges.decisions
    }

    /// Makes integers of 8 bits.
    ///
    /// - Returns: the proved integer graph, and how faithful it is.
    /// - Throws: `QuantizationError`.
    public func quantized() throws -> (QuantizedGraph, QualityReport) { try quantized([], []) }

    /// Makes integers of 8 bits, and gives the activations 16 bits that add most noise for the
    /// operations that they cost, until the scores are faithful enough.
    ///
    /// The fewest activations that reach the aim in trials are promoted; all that can be when none
    /// are enough.
    ///
    /// - Parameter decibels: the signal to noise that the scores shall have.
    /// - Returns: the proved integer graph, and how faithful it is.
    /// - Throws: `QuantizationError`.
    public func quantized(
        toSignalToNoise decibels: Double
    ) throws -> (QuantizedGraph, QualityReport) {
        let ranges = try ActivationRanges(graph, calibration: calibration, scheme: scheme)
        let order = PromotionOrder(graph, calibration, ranges).groups
        var table = calibration
        table.evidence = Array(table.evidence.prefix(Trial.sampleCount(graph)))
        var tried: [Decision] = []
        func reaches(_ count: Int) throws -> Bool {
            let promoted = Array(order.prefix(count))
            let name = "\(count) of \(order.count) groups of activations with 16 bits"
            let trial = try Trial(name, graph, table, scheme, promoted: promoted)
            tried.append(trial.decision(of: "promotion"))
            return trial.decibels >= decibels
        }
        var (low, high) = (0, 1)
        if try reaches(0) { return try quantized([], tried) }
        while try high < order.count && !reaches(high) { (low, high) = (high, 2 * high) }
        high = min(high, order.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if try reaches(middle) { high = middle } else { low = middle }
        }
        return try quantized(Array(order.prefix(high)), tried)
    }

    private func quantized(
        _ promoted: [[Int]],
        _ tried: [Decision]
    ) throws -> (QuantizedGraph, QualityReport) {
        var (integers, report) = try quantize(graph, calibration, scheme, promoted: promoted)
        report.decisions = decisions + tried + report.decisions
        return (integers, report)
    }
}

/// The equalization whose integers keep the outputs best.
private struct EqualizationChoice {
    private(set) var prepared: PreparedGraph
    private(set) var equalization = SearchSpace.Equalization.none
    private(set) var decisions: [Decision] = []

    init(_ plain: PreparedGraph, _ table: CalibrationTable, _ space: SearchSpace) throws {
        prepared = plain
        let count = Trial.sampleCount(plain.graph)
        let evidence = Array(table.evidence.prefix(count))
        var best: Trial?
        for candidate in space.equalizations {
            let graph = plain.equalized(candidate, table)
            // What changes nothing needs no trial.
            guard let graph else { continue }
            if space.equalizations.count == 1 {
                (prepared, equalization) = (graph, candidate)
                return
            }
            let options = CalibrationOptions(evidenceCountMax: count)
            let trial = try Trial(
                candidate.rawValue,
                graph.graph,
                try calibrate(graph.graph, samples: evidence, options: options),
                Scheme(
                    rangeMethod: space.rangeMethods[0],
                    correctsBiases: space.correctsBiases,
                    weightBits: space.weightBits
                )
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

    init(_ graph: Graph, _ calibration: CalibrationTable, _ space: SearchSpace) throws {
        method = space.rangeMethods[0]
        guard space.rangeMethods.count > 1 else { return }
        var table = calibration
        table.evidence = Array(table.evidence.prefix(Trial.sampleCount(graph)))
        var best = -Double.infinity
        for candidate in space.rangeMethods {
            let scheme = Scheme(
                rangeMethod: candidate,
                correctsBiases: space.correctsBiases,
                weightBits: space.weightBits
            )
            let trial = try Trial(candidate.name, graph, table, scheme)
            decisions.append(trial.decision(of: "ranges"))
            if trial.decibels > best { (best, method) = (trial.decibels, candidate) }
        }
    }
}

/// One way to quantize, measured on a few samples.
private struct Trial {
    /// The samples of a trial: 32 are enough to rank what differs by a decibel; a large model has
    /// fewer, whose outputs have more elements.
    static func sampleCount(_ graph: Graph) -> Int {
        max(8, min(32, 4_000_000_000 / max(1, graph.multiplyAccumulateCount)))
    }

    let name: String
    /// The signal to noise of the scores.
    let decibels: Double

    init(
        _ name: String,
        _ graph: Graph,
        _ table: CalibrationTable,
        _ scheme: Scheme,
        promoted: [[Int]] = []
    ) throws {
        self.name = name
        var scheme = scheme
        scheme.compensatesRounding = false
        let report = try quantize(graph, table, scheme, promoted: promoted).1
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
