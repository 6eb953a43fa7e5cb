import ModelGraph

extension GraphRewrite {
    /// Cross-layer equalization (Nagel and others 2019, section 4.1).
    ///
    /// Between a convolution without clamp, or with Relu, and the convolution or dense product that
    /// alone reads it, each channel can be divided by `s > 0` on one side and multiplied by it on
    /// the other: `relu(x / s) = relu(x) / s`. With `s = sqrt(r1 / r2)`, where `r1` and `r2` are
    /// the reach of the channel's weights on either side, both reach `sqrt(r1 r2)`, so that
    /// channels differ less and one scale suits them all. Sweeps over the graph until channels
    /// move by less than 1 %, at most `sweepCountMax` times. Channels that carry next to nothing
    /// stay as they are: sweep after sweep they would be scaled further, to no end.
    mutating func equalizeLayers(sweepCountMax: Int = 20) {
        var equalized: [String] = []
        for _ in 0..<sweepCountMax {
            var isMoved = false
            for first in graph.nodes.indices {
                guard let second = equalizablePartner(of: first), equalize(first, second)
                else { continue }
                isMoved = true
                let pair = "'\(graph.nodes[first].name)' and '\(graph.nodes[second].name)'"
                if !equalized.contains(pair) { equalized.append(pair) }
            }
            if !isMoved { break }
        }
        for pair in equalized { record(.equalized, pair, "their weights reach equally far") }
    }

    /// A channel whose weights reach less than this share of the widest channel is dead.
    private static let deadShare: Float = 0x1p-12

    private func equalizablePartner(of first: Int) -> Int? {
        let node = graph.nodes[first]
        guard node.operator.isProduct, let output = node.outputs.first,
            [Activation.none, .relu].contains(node.operator.activation ?? .relu6),
            let second = soleReader(of: output), graph.nodes[second].operator.isProduct,
            graph.nodes[second].inputs[0] == output
        else { return nil }
        return second
    }

    private mutating func equalize(_ first: Int, _ second: Int) -> Bool {
        guard var before = ProductWeights(graph.nodes[first], in: self),
            var after = ProductWeights(graph.nodes[second], in: self),
            before.outputCount == after.inputCount
        else { return false }
        let (reachBefore, reachAfter) = (before.outputReach, after.inputReach)
        let deadBefore = (reachBefore.max() ?? 0) * Self.deadShare
        let deadAfter = (reachAfter.max() ?? 0) * Self.deadShare
        let factors = zip(reachBefore, reachAfter).map { one, two -> Float in
            guard one > deadBefore, two > deadAfter else { return 1 }
            return min(max((one / two).squareRoot(), 0x1p-10), 0x1p10)
        }
        guard factors.contains(where: { abs($0 - 1) > 0.01 }) else { return false }
        before.scaleOutputs(factors.map { 1 / $0 })
        before.bias = zip(before.bias, factors).map { $0 / $1 }
        after.scaleInputs(factors)
        guard before.isFinite, after.isFinite else { return false }
        before.store(in: &self, node: first)
        after.store(in: &self, node: second)
        return true
    }
}
