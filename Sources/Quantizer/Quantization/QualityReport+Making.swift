import ModelGraph

extension QualityReport {
    /// Collects what is known of an integer graph.
    init(
        _ graph: Graph,
        _ pass: EvidencePass,
        float: Graph,
        calibration: CalibrationTable,
        scheme: Scheme,
        isCorrected: Bool,
        decisions: [Decision]
    ) {
        rangeMethod = scheme.rangeMethod.name
        inputRangeMethod = scheme.inputRangeMethod.name
        correctsBiases = isCorrected
        sampleCount = calibration.sampleCount
        let count = calibration.evidence.count
        evidenceCount = count
        agreement = count == 0 ? 0 : Double(pass.agreementCount) / Double(count)
        outputs = graph.outputs.map {
            Output(name: $0.name, signalToNoise: pass.noise[$0.tensor.index]?.finiteDecibels)
        }
        let scores = pass.scoreDecibels(float)
        scoreSignalToNoise = scores.isFinite ? scores : nil
        let evidence = LayerEvidence(graph: graph, pass: pass, calibration: calibration)
        layers =
            graph.inputs.compactMap { evidence.layer($0.tensor, of: nil) }
            + graph.nodes.compactMap { evidence.layer($0.outputs[0], of: $0) }
        growingTensors = calibration.growingTensors
        self.decisions = decisions
        suggestions = Self.suggestions(layers, isMinMax: scheme.rangeMethod == .minMax)
    }
}

/// What is known of each tensor of an integer graph.
private struct LayerEvidence {
    let graph: Graph
    let pass: EvidencePass
    let calibration: CalibrationTable

    /// What is known of the tensor that a node writes, or of an input of the graph.
    func layer(_ id: TensorID, of node: Node?) -> QualityReport.Layer? {
        guard let quantization = graph[id].quantization else { return nil }
        let entry = calibration.entry(id.index)
        let saturations = pass.quantizer.ranges.saturations
        let chosen = StoredRange.reals(quantization, graph[id].type)
        let operands = node?.inputs.compactMap { $0 } ?? []
        let constants = operands.dropFirst().map { graph[$0] }.filter { $0.constant != nil }
        return QualityReport.Layer(
            node: node?.name ?? "input",
            operatorName: node?.operator.name ?? "Input",
            tensor: graph[id].name,
            inputs: operands.filter { graph[$0].constant == nil }.map { graph[$0].name },
            activationBits: graph[id].type.sizeBytes * 8,
            weightBits: node.flatMap { pass.quantizer.weightBits[$0.name]?.rawValue },
            scale: quantization.scales[0],
            zeroPoint: quantization.zeroPoints[0],
            seenMinimum: entry?.histogram.minimum,
            seenMaximum: entry?.histogram.maximum,
            chosenMinimum: chosen.lowerBound,
            chosenMaximum: chosen.upperBound,
            histogram: entry.flatMap { QualityReport.Histogram($0.histogram) },
            isRangeGrowing: entry?.isStillGrowing ?? false,
            saturation: saturations.indices.contains(id.index) ? saturations[id.index] : 0,
            signalToNoise: pass.noise[id.index]?.finiteDecibels,
            weightSignalToNoise: node.flatMap {
                pass.quantizer.weightNoise[$0.name]?.finiteDecibels
            },
            multiplyAccumulates: node.map { graph.multiplyAccumulateCount(of: $0) } ?? 0,
            weightBytes: constants.reduce(0) { $0 + ($1.constant?.count ?? 0) }
        )
    }
}

extension SignalNoise {
    /// The decibels where they are a number that JSON can say.
    fileprivate var finiteDecibels: Double? { decibels.flatMap { $0.isFinite ? $0 : nil } }
}
