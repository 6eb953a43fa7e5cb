import InferenceRuntime
import ModelGraph
import Packager
import Quantizer
import Terminal

/// Samples for all inputs of a float model, as the real numbers that it takes.
struct FloatSamples {
    /// The files, in the order of the inputs.
    let paths: [String]
    /// For each sample one tensor for every input of the graph.
    let samples: [[FloatTensor]]

    /// Reads one array of real numbers for each input.
    ///
    /// - Parameters:
    ///   - paths: `.npy` or `.npz` files in the order of the inputs, or `NAME=FILE`; samples lie
    ///     along the first axis.
    ///   - graph: the float graph whose inputs they fill.
    /// - Throws: `Failure` for another type or shape, and for NaN and infinities.
    init(paths: [String], graph: Graph) throws {
        let ordered = try NamedFiles.order(paths, names: graph.inputs.map(\.name))
        let columns = try zip(ordered, graph.inputs).map { path, port in
            try FloatSamples.read(path, port: port.name, shape: graph[port.tensor].shape)
        }
        let count = columns.first?.count ?? 0
        guard columns.allSatisfy({ $0.count == count }) else {
            throw Failure(
                .usage,
                "the inputs hold different numbers of samples: \(columns.map(\.count))"
            )
        }
        self.paths = ordered
        samples = (0..<count).map { index in columns.map { $0[index] } }
    }

    /// The digest of the bits of each sample.
    var digests: [String] {
        samples.map { sample in
            ContentDigest.sha256(
                sample.flatMap { tensor in
                    tensor.values.flatMap { value in
                        withUnsafeBytes(of: value.bitPattern.littleEndian) { [UInt8]($0) }
                    }
                }
            )
        }
    }

    /// The samples in which every input is one number repeated.
    var constantSamples: [Int] {
        samples.indices.filter { index in
            let sample = samples[index]
            return sample.contains { $0.values.count > 1 }
                && sample.allSatisfy { tensor in
                    tensor.values.allSatisfy { $0 == tensor.values.first }
                }
        }
    }

    private static func read(
        _ path: String,
        port: String,
        shape: [Int]
    ) throws -> [FloatTensor] {
        let array = try NumpyArray(path: path)
        guard let reals = array.reals else {
            throw Failure(
                .usage,
                "the array holds \(array.type), the model's input '\(port)' takes float32",
                place: path,
                help: "save it as float32, prepared as the model was trained"
            )
        }
        let size = shape.reduce(1, *)
        let rest = array.shape.dropFirst().filter { $0 != 1 }
        let fits =
            array.shape == shape || rest == shape.filter { $0 != 1 } || rest == [size]
        guard size > 0, !reals.isEmpty, reals.count % size == 0, fits else {
            throw Failure(
                .usage,
                "the array has shape \(array.shape), the model's input '\(port)' \(shape)",
                place: path,
                help: "give one sample after the other, each of the input's shape"
            )
        }
        if let fault = reals.firstIndex(where: { !$0.isFinite }) {
            throw Failure(
                .usage,
                "sample \(fault / size) holds NaN or infinity",
                place: path,
                help: "remove the sample or repair its preparation"
            )
        }
        return stride(from: 0, to: reals.count, by: size).compactMap {
            FloatTensor(shape: shape, values: Array(reals[$0..<$0 + size]))
        }
    }
}
