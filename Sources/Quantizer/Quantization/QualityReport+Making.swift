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
        func layer(_ id: TensorID, _ node: String, _ operatorName: String) -> Layer? {
            guard let quantization = graph[id].quantization else { return nil }
            let entry = calibration.entry(id.index)
            let saturations = pass.quantizer.ranges.saturations
            return Layer(
                node: node,
                operatorName: operatorName,
                tensor: graph[id].name,
                scale: quantization.scales[0],
                zeroPoint: quantization.zeroPoints[0],
                seenMinimum: entry?.histogram.minimum,
                seenMaximum: entry?.histogram.maximum,
                saturation: saturations.indices.contains(id.index) ? saturations[id.index] : 0,
                signalToNoise: pass.noise[id.index]?.decibels,
                weightSignalToNoise: pass.quantizer.weightNoise[node]?.decibels
            )
        }
        rangeMethod = scheme.rangeMethod.name
        inputRangeMethod = scheme.inputRangeMethod.name
        correctsBiases = isCorrected
        sampleCount = calibration.sampleCount
        let count = calibration.evidence.count
        evidenceCount = count
        agreement = count == 0 ? 0 : Double(pass.agreementCount) / Double(count)
        outputs = graph.outputs.map {
            Output(name: $0.name, signalToNoise: pass.noise[$0.tensor.index]?.decibels)
        }
        let scores = pass.scoreDecibels(float)
        scoreSignalToNoise = scores.isFinite ? scores : nil
        layers =
            graph.inputs.compactMap { layer($0.tensor, "input", "Input") }
            + graph.nodes.compactMap { layer($0.outputs[0], $0.name, $0.operator.name) }
        growingTensors = calibration.growingTensors
        self.decisions = decisions
    }
}
