public import ModelGraph

/// Turns a float graph into an integer graph.
///
/// - Parameters:
///   - graph: a float graph in the form that `prepareForQuantization` gives.
///   - calibration: what `calibrate` learned about the same graph.
///   - scheme: how ranges are chosen.
/// - Returns: the proved integer graph, and how faithful it is. The graph's ports keep their
///   external type: callers go on giving and taking floats.
/// - Throws: `QuantizationError`; all nodes without an integer form at once.
public func quantize(
    _ graph: Graph,
    calibration: CalibrationTable,
    scheme: Scheme = Scheme()
) throws(QuantizationError) -> (QuantizedGraph, QualityReport) {
    try quantize(graph, calibration, scheme, promoted: [])
}

/// Turns a float graph into an integer graph in which some activations have 16 bits.
///
/// - Parameters:
///   - graph: a float graph in the form that `prepareForQuantization` gives.
///   - calibration: what `calibrate` learned about the same graph.
///   - scheme: how ranges are chosen.
///   - promoted: groups of activations with one scale, as `PromotionOrder` gives them.
/// - Returns: the proved integer graph, and how faithful it is.
/// - Throws: `QuantizationError`; all nodes without an integer form at once.
func quantize(
    _ graph: Graph,
    _ calibration: CalibrationTable,
    _ scheme: Scheme,
    promoted: [[Int]]
) throws(QuantizationError) -> (QuantizedGraph, QualityReport) {
    guard calibration.entries.count == graph.tensors.count else {
        throw .calibrationMismatch(
            tensors: calibration.entries.count,
            expected: graph.tensors.count
        )
    }
    let problems = graph.integerProblems()
    guard problems.isEmpty else { throw .unsupported(problems) }
    let widening = Widening(
        graph.separatingConstants(),
        calibration,
        chosen: Set(promoted.flatMap { $0 })
    )
    let (float, calibration) = (widening.graph, widening.calibration)
    let ranges = try ActivationRanges(
        float,
        calibration: calibration,
        scheme: scheme,
        wide: widening.wide
    )
    let plain = try GraphQuantizer(float, ranges, weightBits: scheme.weightBits)
    let choice = try CorrectionChoice(float, plain, calibration.evidence, scheme)
    let (integers, absorbed) = try choice.pass.quantizer.graph.absorbingOffsets(of: float)
    let quantized: QuantizedGraph
    do {
        quantized = try QuantizedGraph(proving: integers)
    } catch {
        throw .graph(error)
    }
    let report = QualityReport(
        quantized.graph,
        choice.pass,
        float: float,
        calibration: calibration,
        scheme: scheme,
        isCorrected: choice.isCorrected,
        decisions: widening.decisions + plain.decisions + absorbed + choice.decisions
    )
    return (quantized, report)
}

/// Turns a prepared graph into an integer graph; the report holds what preparation changed too.
///
/// - Parameters:
///   - prepared: what `prepareForQuantization` returned.
///   - calibration: what `calibrate` learned about its graph.
///   - scheme: how ranges are chosen.
/// - Returns: the proved integer graph, and how faithful it is.
/// - Throws: `QuantizationError`; all nodes without an integer form at once.
public func quantize(
    _ prepared: PreparedGraph,
    calibration: CalibrationTable,
    scheme: Scheme = Scheme()
) throws(QuantizationError) -> (QuantizedGraph, QualityReport) {
    var (graph, report) = try quantize(prepared.graph, calibration: calibration, scheme: scheme)
    report.decisions = prepared.decisions + report.decisions
    return (graph, report)
}

/// Weights rounded to nearest or by what their inputs are, biases as they are or corrected,
/// whichever gives the scores the better signal to noise.
private struct CorrectionChoice {
    private(set) var pass: EvidencePass
    private(set) var isCorrected = false
    private(set) var decisions: [Decision] = []

    init(
        _ float: Graph,
        _ plain: GraphQuantizer,
        _ evidence: [[FloatTensor]],
        _ scheme: Scheme
    ) throws(QuantizationError) {
        do throws(InterpreterError) {
            pass = try EvidencePass(float, plain, evidence: evidence, correctsBiases: false)
            let biases = scheme.correctsBiases
            for rounding in [false, true] where rounding ? scheme.compensatesRounding : biases {
                let other = try EvidencePass(
                    float,
                    plain,
                    evidence: evidence,
                    correctsBiases: biases,
                    compensatesRounding: rounding
                )
                let (before, after) = (pass.scoreDecibels(float), other.scoreDecibels(float))
                let what = [
                    biases ? "biases of \(other.correctedCount) node(s)" : nil,
                    rounding ? "rounding of weights" : nil,
                ]
                decisions.append(
                    Decision(
                        kind: after > before ? .corrected : .kept,
                        place: what.compactMap { $0 }.joined(separator: " and "),
                        reason: "signal to noise of the scores \(before.shortText) dB before, "
                            + "\(after.shortText) dB corrected"
                    )
                )
                if after > before { (pass, isCorrected) = (other, biases) }
            }
        } catch {
            throw .interpreter(error)
        }
    }
}

extension Graph {
    /// The graph with an own copy of each constant for each node that computes on it as on an
    /// activation, so that each may have its own scale.
    fileprivate func separatingConstants() -> Graph {
        var result = self
        var isTaken = [Bool](repeating: false, count: tensors.count)
        for node in nodes where node.operator.isProduct {
            // Weights stay float until their product is quantized.
            for case let id? in node.inputs.dropFirst() { isTaken[id.index] = true }
        }
        for (index, node) in nodes.enumerated() {
            for (number, id) in node.inputs.enumerated() {
                guard let id, self[id].constant != nil, number == 0 || !node.operator.isProduct
                else { continue }
                if isTaken[id.index] {
                    result.nodes[index].inputs[number] = result.add(self[id])
                } else {
                    isTaken[id.index] = true
                }
            }
        }
        return result
    }
}
