import BundleFormat
import Foundation
import InferenceRuntime
import Quantizer
import Terminal

/// What a model does on known data: golden vectors, drift baseline, results.
struct Measurement {
    let golden: [(inputs: [UInt8], outputs: [UInt8])]
    let baseline: DriftBaseline
    /// The first output of each validation sample; `nil` without any.
    let results: ModelResults?

    /// Runs the model over the validation samples, or over seeded random inputs for the golden
    /// vectors alone.
    ///
    /// Golden vectors and labelled samples start from the initial values of the model's states.
    /// Samples without labels follow each other, as they do on a device.
    init(
        of model: HostModel,
        validation: [String],
        isLabelled: Bool,
        goldenCount: Int
    ) throws {
        guard !validation.isEmpty else {
            golden = Measurement.randomVectors(model, count: goldenCount)
            baseline = DriftBaseline(sampleCount: 0, tensors: [], classCounts: [])
            results = nil
            return
        }
        let samples = try ModelSamples(paths: validation, model: model)
        let classifier = try? Classifier(model)
        var counters = BaselineCounters(model: model, classCount: classifier?.classCount)
        var vectors: [[ArraySlice<UInt8>]] = []
        var results = ModelResults(isIndex: model.givesIndex)
        // Spread over the samples, so that a sorted file still gives different golden vectors.
        let step = max(1, samples.count / goldenCount)
        var progress = ProgressBar("measure", total: samples.count)
        for index in 0..<samples.count {
            let inputs = samples[index]
            if isLabelled { model.resetState() }
            let outputs = model.infer(inputs)
            counters.count(inputs: inputs, outputs: outputs)
            if let classifier { counters.count(class: classifier.predict(outputs)) }
            results.append(inputs, outputs, of: model)
            if index % step == 0, vectors.count < goldenCount {
                vectors.append(inputs)
            }
            progress.update(index + 1)
        }
        self.results = results
        golden = vectors.map { Measurement.vector(model, $0) }
        baseline = counters.baseline(sampleCount: samples.count)
    }

    /// Golden vectors from SplitMix64 (Steele, Lea, Flood 2014) with seed 1.
    private static func randomVectors(
        _ model: HostModel,
        count: Int
    ) -> [(inputs: [UInt8], outputs: [UInt8])] {
        var state: UInt64 = 1
        func next() -> UInt8 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return UInt8(truncatingIfNeeded: (z ^ (z >> 31)) >> 32)
        }
        return (0..<count).map { _ in
            let inputs = model.inputs.map { port in (0..<port.sizeBytes).map { _ in next() }[...] }
            return vector(model, inputs)
        }
    }

    /// What the model answers when its states hold their initial values.
    private static func vector(
        _ model: HostModel,
        _ inputs: [ArraySlice<UInt8>]
    ) -> (inputs: [UInt8], outputs: [UInt8]) {
        model.resetState()
        return (inputs.flatMap { $0 }, model.infer(inputs).flatMap { $0 })
    }
}

/// Counts stored values and classes over the validation samples.
private struct BaselineCounters {
    private var tensors: [DriftBaseline.TensorCounts] = []
    private var classes: [UInt32]
    private let inputCount: Int

    init(model: HostModel, classCount: Int?) {
        let ports =
            model.inputs.enumerated().map { (false, $0.offset, $0.element.type) }
            + model.outputs.enumerated().map { (true, $0.offset, $0.element.type) }
        for (isOutput, index, _) in ports.prefix(DriftBaseline.tensorCountMax) {
            tensors.append(
                DriftBaseline.TensorCounts(
                    isOutput: isOutput,
                    index: UInt16(index),
                    counts: [UInt32](repeating: 0, count: 256)
                )
            )
        }
        inputCount = model.inputs.count
        let counted = min(classCount ?? 0, DriftBaseline.classCountMax)
        classes = [UInt32](repeating: 0, count: counted)
    }

    mutating func count(inputs: [ArraySlice<UInt8>], outputs: [[UInt8]]) {
        for (index, bytes) in inputs.enumerated() { count(bytes, at: index) }
        for (index, bytes) in outputs.enumerated() { count(bytes[...], at: inputCount + index) }
    }

    private mutating func count(_ bytes: ArraySlice<UInt8>, at index: Int) {
        guard tensors.indices.contains(index) else { return }
        for byte in bytes { tensors[index].counts[Int(byte ^ 0x80)] &+= 1 }
    }

    mutating func count(class index: Int) {
        if classes.indices.contains(index) { classes[index] &+= 1 }
    }

    func baseline(sampleCount: Int) -> DriftBaseline {
        DriftBaseline(
            sampleCount: UInt64(sampleCount),
            tensors: tensors,
            classCounts: classes
        )
    }
}
