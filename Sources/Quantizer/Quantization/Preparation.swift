public import ModelGraph

/// A float graph that computes the same as another in a form that quantizes well.
public struct PreparedGraph: Sendable {
    /// The graph.
    public let graph: Graph
    /// What was changed, in order.
    public private(set) var decisions: [Decision]

    /// The same graph with what was done to it before preparation first in the record.
    public func preceded(by earlier: [Decision]) -> PreparedGraph {
        var result = self
        result.decisions = earlier + decisions
        return result
    }
}

/// Rewrites a float graph before calibration.
///
/// Dead nodes go; operators without an integer kernel become others where that is exact; sums and
/// products with constants fold into the weights beside them; clamps fuse into the operators before
/// them; channels of neighbouring layers are equalized. The outputs stay the same real numbers up
/// to rounding.
///
/// - Parameters:
///   - graph: a float graph.
///   - equalizes: whether to equalize layers.
/// - Returns: the graph to calibrate and quantize, with what was changed.
/// - Throws: `QuantizationError.graph` when the graph is not valid, `.unsupported` when it keeps
///   state.
public func prepareForQuantization(
    _ graph: Graph,
    equalizes: Bool = false
) throws(QuantizationError) -> PreparedGraph {
    do throws(GraphError) {
        try graph.proveWellFormed()
    } catch {
        throw .graph(error)
    }
    let problems = graph.stateProblems()
    guard problems.isEmpty else { throw .unsupported(problems) }
    var rewrite = GraphRewrite(graph)
    rewrite.removeDeadNodes()
    rewrite.foldAffines()
    rewrite.decompose()
    rewrite.foldAffines()
    rewrite.settleInputAffines()
    rewrite.fuseActivations()
    if equalizes { rewrite.equalizeLayers() }
    rewrite.removeDeadNodes()
    return PreparedGraph(graph: rewrite.graph, decisions: rewrite.decisions)
}
