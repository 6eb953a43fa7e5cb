import ModelGraph

/// In which order activations get 16 bits: by the noise that goes, for what that costs.
///
/// Rounding a tensor adds noise; as a share of its signal it reaches the outputs about as it is, so
/// the shares of all tensors add up to what the scores lose. Promoting a tensor takes its share
/// away and makes the operators that write and read it compute on 16 bits. The next to go is always
/// the one with the most noise for the operations that it makes wide, given those already chosen.
struct PromotionOrder {
    /// Groups of tensors with one scale, best first.
    let groups: [[Int]]

    init(_ graph: Graph, _ calibration: CalibrationTable, _ ranges: ActivationRanges) {
        var candidates: [Int: [Int]] = [:]
        for tensor in graph.tensors.indices where ranges.quantizations[tensor] != nil {
            guard graph.tensors[tensor].constant == nil else { continue }
            candidates[ranges.groups.root(tensor), default: []].append(tensor)
        }
        // Devices count the codes of 8-bit ports to see drift.
        for port in graph.inputs + graph.outputs {
            candidates[ranges.groups.root(port.tensor.index)] = nil
        }
        for node in graph.nodes where !node.operator.hasWideForm {
            for output in node.outputs { candidates[ranges.groups.root(output.index)] = nil }
        }
        var rest = candidates.values.sorted { $0[0] < $1[0] }.map { group in
            Candidate(
                group,
                graph,
                noise: group.reduce(0) { sum, tensor in
                    guard let quantization = ranges.quantizations[tensor],
                        let entry = calibration.entry(tensor)
                    else { return sum }
                    return sum + entry.histogram.noiseShare(quantization)
                }
            )
        }
        var chosen: [[Int]] = []
        var isWide = [Bool](repeating: false, count: graph.nodes.count)
        while let best = rest.indices.max(by: {
            rest[$0].worth(isWide, graph) < rest[$1].worth(isWide, graph)
        }) {
            chosen.append(rest[best].tensors)
            for node in rest[best].nodes { isWide[node] = true }
            rest.remove(at: best)
        }
        groups = chosen
    }

    private struct Candidate {
        let tensors: [Int]
        let noise: Double
        /// The nodes that write or read the tensors.
        let nodes: [Int]

        init(_ tensors: [Int], _ graph: Graph, noise: Double) {
            self.tensors = tensors
            self.noise = noise
            let members = Set(tensors)
            nodes = graph.nodes.indices.filter { index in
                let node = graph.nodes[index]
                return (node.inputs.compactMap { $0 } + node.outputs).contains {
                    members.contains($0.index)
                }
            }
        }

        /// Noise for each operation that becomes wide.
        func worth(_ isWide: [Bool], _ graph: Graph) -> Double {
            let cost = nodes.reduce(0) { sum, index in
                let node = graph.nodes[index]
                let elements = graph[node.outputs[0]].elementCount
                let own = graph.multiplyAccumulateCount(of: node) + elements
                return sum + (isWide[index] ? 0 : own)
            }
            return noise / Double(cost + 1)
        }
    }
}

extension ValueHistogram {
    /// The mean square of rounding and clipping to the steps of a quantization, as a share of the
    /// mean square of the values; 0 when all values are 0.
    func noiseShare(_ quantization: Quantization) -> Double {
        let step = Double(quantization.scales[0])
        let reals = StoredRange.reals(quantization)
        var (signal, noise) = (0.0, 0.0)
        for (bin, count) in counts.enumerated() where count > 0 {
            let value = centre(bin)
            let distance = value - min(max(value, reals.lowerBound), reals.upperBound)
            signal += Double(count) * value * value
            noise += Double(count) * (distance == 0 ? step * step / 12 : distance * distance)
        }
        return signal > 0 ? noise / signal : 0
    }
}
