import ModelGraph

/// Chooses scale and zero point of every activation of a graph.
struct ActivationRanges {
    /// By tensor; `nil` for weights and for tensors that nothing quantizes.
    let quantizations: [Quantization?]
    /// The share of the seen values that each tensor's range leaves out.
    let saturations: [Double]
    let groups: ScaleGroups
    /// The tensors that have 16 bits.
    private let wide: Set<Int>

    /// - Parameters:
    ///   - graph: the float graph.
    ///   - calibration: what was seen of its tensors.
    ///   - scheme: how ranges are chosen.
    ///   - wide: the tensors that have 16 bits, whole groups of one scale.
    /// - Throws: `QuantizationError` for a tensor that was not seen, or a constant that is not
    ///   finite.
    init(
        _ graph: Graph,
        calibration: CalibrationTable,
        scheme: Scheme,
        wide: Set<Int> = []
    ) throws(QuantizationError) {
        let groups = ScaleGroups(graph, wide: wide)
        self.wide = wide
        let inputs = Set(graph.inputs.map(\.tensor.index))
        let byteRanges = graph.byteRanges()
        var ranges: [Int: ClosedRange<Double>] = [:]
        var isActivation = [Bool](repeating: false, count: graph.tensors.count)
        for tensor in graph.activations() {
            isActivation[tensor] = true
            let range: ClosedRange<Double>
            if graph.tensors[tensor].constant != nil {
                range = try graph.constantRange(tensor)
            } else if let known = byteRanges[tensor] {
                range = known
            } else {
                guard let entry = calibration.entry(tensor) else {
                    throw .notCalibrated(tensor: graph.tensors[tensor].name)
                }
                let isInput = inputs.contains(tensor)
                // With 16 bits no step is worth a clipped value.
                let method: RangeMethod = wide.contains(tensor) ? .minMax : scheme.rangeMethod
                range = entry.histogram.range(isInput ? scheme.inputRangeMethod : method)
            }
            let root = groups.root(tensor)
            let known = ranges[root] ?? 0...0
            ranges[root] =
                min(known.lowerBound, range.lowerBound)...max(known.upperBound, range.upperBound)
        }
        let quantizations = graph.tensors.indices.map { tensor -> Quantization? in
            guard isActivation[tensor], let range = ranges[groups.root(tensor)] else { return nil }
            if let demanded = groups.demanded(tensor) { return demanded }
            return wide.contains(tensor) ? StoredRange.wide(range) : StoredRange.activation(range)
        }
        saturations = quantizations.enumerated().map { tensor, quantization in
            guard let quantization, let entry = calibration.entry(tensor) else { return 0 }
            let type: DataType = wide.contains(tensor) ? .int16 : .int8
            return entry.histogram.shareOutside(StoredRange.reals(quantization, type))
        }
        self.quantizations = quantizations
        self.groups = groups
    }

    /// The type of a tensor's stored integers.
    func type(_ tensor: Int) -> DataType { wide.contains(tensor) ? .int16 : .int8 }
}

extension CalibrationTable {
    /// What was seen of a tensor; `nil` also for tensors that were added after calibration.
    func entry(_ tensor: Int) -> Entry? {
        entries.indices.contains(tensor) ? entries[tensor] : nil
    }
}

extension Graph {
    /// The tensors that become int8 activations, constants among them, in ascending order.
    fileprivate func activations() -> [Int] {
        var isActivation = [Bool](repeating: false, count: tensors.count)
        for port in inputs + outputs { isActivation[port.tensor.index] = true }
        for node in nodes {
            let operands =
                node.operator.hasParameters ? Array(node.inputs.prefix(1)) : node.inputs
            for id in operands.compactMap({ $0 }) + node.outputs { isActivation[id.index] = true }
        }
        return tensors.indices.filter { isActivation[$0] && tensors[$0].type == .float32 }
    }

    fileprivate func constantRange(_ index: Int) throws(QuantizationError) -> ClosedRange<Double> {
        let values = (tensors[index].realValues() ?? []).map { Double($0) }
        guard values.allSatisfy(\.isFinite) else {
            throw .constantNotFinite(tensor: tensors[index].name)
        }
        return min(values.min() ?? 0, 0)...max(values.max() ?? 0, 0)
    }
}
