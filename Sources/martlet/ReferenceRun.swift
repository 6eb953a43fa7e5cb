import Foundation
import InferenceRuntime
import ModelGraph
import Quantizer
import Terminal

/// A model in floating point on arrays of samples: what it means before integers round it.
struct ReferenceRun {
    private let graph: Graph
    private let interpreter: ReferenceInterpreter
    /// The samples of every input, in the order of the ports.
    private let inputs: [ReferenceInput]

    /// Opens one array for each input.
    ///
    /// - Parameters:
    ///   - graph: the model.
    ///   - paths: arrays in the order of the inputs, or `NAME=FILE`.
    ///   - raw: what callers give at each input, where it was declared.
    /// - Throws: `Failure` when a file does not fit its input.
    init(
        _ graph: Graph,
        paths: [String],
        raw: [RawInput?]
    ) throws {
        self.graph = graph
        interpreter = try ReferenceInterpreter(graph)
        let ordered = try NamedFiles.order(paths, names: graph.inputs.map(\.name))
        inputs = try graph.inputs.enumerated().map { index, port in
            try ReferenceInput(
                ordered[index],
                graph[port.tensor],
                name: port.name,
                raw: raw.indices.contains(index) ? raw[index] : nil
            )
        }
        guard inputs.allSatisfy({ $0.count == inputs[0].count }) else {
            throw Failure(.usage, "the inputs hold different numbers of samples")
        }
    }

    /// Runs all samples in order and hands the inputs and outputs of each on.
    ///
    /// - Parameters:
    ///   - label: what the progress bar says.
    ///   - resets: when states start anew.
    ///   - body: is given the inputs and outputs of each sample.
    /// - Throws: `InterpreterError`, `Failure` for an array that cannot be read, or what the body
    ///   throws.
    func forEachSample(
        _ label: String,
        resets: StateReset = .each,
        _ body: (_ inputs: [FloatTensor], _ outputs: [FloatTensor]) throws -> Void
    ) throws {
        var progress = ProgressBar(label, total: inputs[0].count)
        var state = interpreter.initialState
        for sample in 0..<inputs[0].count {
            if resets == .each { state = interpreter.initialState }
            let values = inputs.compactMap { $0[sample] }
            try body(values, try interpreter.run(values, state: &state))
            progress.update(sample + 1)
        }
        for input in inputs { try input.array.check() }
    }

    /// Runs all samples in order and writes one array an output, named after it, into a folder.
    ///
    /// - Parameters:
    ///   - folder: made when it is not there.
    ///   - resets: when the states of the model start anew.
    /// - Returns: The files, in the order of the outputs.
    /// - Throws: `InterpreterError` or `Failure`; then some files may have been written.
    func write(to folder: String, resets: StateReset) throws -> [String] {
        var results = [[Float]](repeating: [], count: graph.outputs.count)
        try forEachSample("infer in floating point", resets: resets) { _, outputs in
            for (index, output) in outputs.enumerated() { results[index] += output.values }
        }
        let url = URL(filePath: folder, directoryHint: .isDirectory)
        try OutputFile.makeFolder(url)
        return try graph.outputs.enumerated().map { index, port in
            let path = url.appending(path: ReferenceRun.fileName(port.name, index)).path()
            var shape = graph[port.tensor].shape
            if shape.isEmpty { shape = [1] }
            shape[0] *= inputs[0].count
            let header = try NumpyFile.header(type: .float32, shape: shape)
            try OutputFile.write(header + LittleEndian.bytes(results[index]), to: path)
            return path
        }
    }

    /// A file name that a model cannot turn into a path.
    private static func fileName(_ name: String, _ index: Int) -> String {
        let safe = name.map {
            $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) ? $0 : "_"
        }
        let text = String(safe.drop { $0 == "." }.prefix(100))
        return (text.isEmpty ? "output\(index)" : text) + ".npy"
    }
}

/// The samples of one input of a model in floating point.
private struct ReferenceInput {
    let array: SampleArray
    let count: Int
    private let tensor: Tensor
    private let raw: RawInput?

    init(_ path: String, _ tensor: Tensor, name: String, raw: RawInput?) throws {
        array = try SampleArray(path: path)
        let size = tensor.elementCount
        let isFit =
            array.shape == tensor.shape
            || array.shape.dropFirst().filter { $0 != 1 }
                == tensor.shape.dropFirst().filter { $0 != 1 }
        guard isFit, size > 0, array.elementCount > 0, array.elementCount % size == 0 else {
            throw Failure(
                .usage,
                "the array has shape \(array.shape), the model's input '\(name)' \(tensor.shape)",
                place: path,
                help: "give one sample after the other, each of the input's shape"
            )
        }
        count = array.elementCount / size
        self.tensor = tensor
        self.raw = raw
    }

    /// Real numbers as they are; stored integers of a quantized input as what they stand for.
    subscript(sample: Int) -> FloatTensor? {
        let size = tensor.elementCount
        var values = array.reals(sample * size..<(sample + 1) * size)
        if let raw, raw.place == .caller {
            values = raw.transform.apply(values, shape: tensor.shape)
        } else if !array.isReal, let quantization = tensor.quantization {
            values = values.map { quantization.real($0) }
        }
        return FloatTensor(shape: tensor.shape, values: values)
    }
}

/// Files that are given in the order of their names, or as `NAME=FILE`.
enum NamedFiles {
    /// One file a name, in the names' order.
    ///
    /// - Throws: `Failure` when there is not one for each.
    static func order(_ paths: [String], names: [String]) throws -> [String] {
        guard paths.count == names.count else {
            throw Failure(
                .usage,
                "the model has \(names.count) input(s), but \(paths.count) file(s) are given",
                help: "the inputs are: \(names.joined(separator: ", "))"
            )
        }
        let pairs = paths.map { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        guard pairs.allSatisfy({ $0.count == 2 }) else { return paths }
        return try names.map { name in
            guard let pair = pairs.first(where: { $0[0] == name }) else {
                throw Failure(.usage, "no file is given for the input '\(name)'")
            }
            return pair[1]
        }
    }
}
