import Foundation
import InferenceRuntime
import ModelGraph
import Quantizer
import Terminal

/// What a model's outputs say about samples, as real numbers.
struct ModelResults {
    /// The first output of each sample: real numbers, whatever integers stand for them.
    private(set) var outputs: [[Float]] = []
    /// All outputs of each sample; empty unless asked for.
    private(set) var tensors: [[[Float]]] = []
    private var keepsTensors = false
    /// The mean squared difference of first input and first output of each sample; empty when they
    /// differ in size.
    private(set) var reconstructionErrors: [Double] = []
    /// Whether the first output is the index of a class, not a score for each.
    private(set) var isIndex = false

    /// Runs a model over arrays of samples: a bundle or an integer model on the device's executor,
    /// a float model on the reference interpreter.
    ///
    /// - Throws: `Failure` when the model or an array cannot be used.
    init(
        path: String,
        inputs: [String],
        options: ModelOptions,
        trust: TrustOptions,
        preprocessing: PreprocessingOptions? = nil,
        keepsTensors: Bool = false
    ) throws {
        self.keepsTensors = keepsTensors
        let bytes = try InputFile.read(path, limitBytes: HostBundle.sizeMax)
        if !HostBundle.isBundle(bytes) {
            let graph = try ModelFile.graph(path: path, bytes: bytes, options: options)
            if graph.inputs.contains(where: { graph[$0.tensor].type == .float32 }) {
                let float = try prepending(preprocessing?.declarations() ?? [], to: graph)
                try runFloat(float.graph, inputs, float.inputs)
                return
            }
        }
        let runnable = try RunnableModel(path: path, options: options, trust: trust)
        try runIntegers(runnable.model, inputs)
    }

    /// Makes results without samples for a model whose samples are run elsewhere.
    init(isIndex: Bool) { self.isIndex = isIndex }

    /// Runs a float model over arrays of samples on the reference interpreter.
    ///
    /// - Throws: `Failure` when an array cannot be used.
    init(float graph: Graph, inputs: [String], raw: [RawInput?]) throws {
        try runFloat(graph, inputs, raw)
    }

    private mutating func runFloat(
        _ graph: Graph,
        _ inputs: [String],
        _ raw: [RawInput?]
    ) throws {
        let type = graph[graph.outputs[0].tensor].type
        isIndex = type == .int32 || type == .int64
        let run = try ReferenceRun(graph, paths: inputs, raw: raw)
        try run.forEachSample("evaluate in floating point") { inputs, outputs in
            append(
                input: raw.first??.modelValues(inputs[0]) ?? inputs[0].values,
                outputs: outputs.map(\.values)
            )
        }
    }

    private mutating func runIntegers(_ model: HostModel, _ inputs: [String]) throws {
        let samples = try ModelSamples(paths: inputs, model: model)
        isIndex = model.givesIndex
        var progress = ProgressBar("evaluate", total: samples.count)
        for index in 0..<samples.count {
            let input = samples[index]
            // A label belongs to a sample alone, whatever was seen before it.
            model.resetState()
            append(input, model.infer(input), of: model)
            progress.update(index + 1)
        }
        try samples.check()
    }

    /// Adds what an integer model made of a sample.
    mutating func append(_ inputs: [ArraySlice<UInt8>], _ outputs: [[UInt8]], of model: HostModel) {
        let source = model.program.input(0)
        append(
            input: model.rawInputs.first??.modelValues(inputs[0], port: source)
                ?? source.reals(inputs[0]),
            outputs: (keepsTensors ? outputs : [outputs[0]]).enumerated().map { index, bytes in
                model.program.output(index).reals(bytes[...])
            }
        )
    }

    private mutating func append(input: [Float], outputs all: [[Float]]) {
        if keepsTensors { tensors.append(all) }
        let output = all.first ?? []
        if input.count == output.count, !input.isEmpty {
            let sum = zip(input, output).reduce(0.0) { sum, pair in
                let difference = Double(pair.0) - Double(pair.1)
                return sum + difference * difference
            }
            reconstructionErrors.append(sum / Double(input.count))
        }
        outputs.append(output)
    }
}

extension RawInput {
    /// The numbers that the float model behind an input sees; `nil` where the layout changes.
    fileprivate func modelValues(_ given: FloatTensor) -> [Float]? {
        guard place == .device, declared.layout == nil else { return nil }
        return transform.apply(given.values, shape: given.shape)
    }

    /// The numbers that the float model behind an input of bytes sees; `nil` for other inputs.
    fileprivate func modelValues(_ stored: ArraySlice<UInt8>, port: PortInfo) -> [Float]? {
        guard place == .device, declared.type != .float32, declared.layout == nil else {
            return nil
        }
        let shift: Float = declared.type == .uint8 ? 128 : 0
        let raw = stored.map { Float(Int8(bitPattern: $0)) + shift }
        return transform.apply(raw, shape: port.shape)
    }
}

extension HostModel {
    /// Whether the first output is the index of a class, not a score for each.
    var givesIndex: Bool {
        let type = program.output(0).type
        return type == .int32 || type == .int64
    }
}

extension PortInfo {
    /// The real numbers of stored elements; integers of 32 and 64 bits as they are.
    func reals(_ bytes: ArraySlice<UInt8>) -> [Float] {
        switch type {
        case .int8: bytes.map { real(Int32(Int8(bitPattern: $0))) }
        case .uint8: bytes.map { real(Int32($0)) }
        case .int16: LittleEndian.int16s([UInt8](bytes)).map { real(Int32($0)) }
        case .int32: LittleEndian.int32s([UInt8](bytes)).map { Float($0) }
        case .int64: LittleEndian.int64s([UInt8](bytes)).map { Float($0) }
        default: []
        }
    }

    private func real(_ stored: Int32) -> Float {
        EdgeQuantization.dequantize(stored, scale: scale, zeroPoint: zeroPoint)
    }
}
