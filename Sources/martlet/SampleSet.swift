import InferenceRuntime
import Quantizer
import Terminal

/// Samples for one input of a model, as the stored bytes that the model takes.
struct SampleSet {
    let count: Int
    private let bytes: [UInt8]
    private let sampleSizeBytes: Int

    /// Converts an array to the stored values of a port.
    ///
    /// The array holds any number of samples along its first axis. Integers of the port's own type
    /// are taken as they are; real numbers are quantized with the port's scale and zero point.
    ///
    /// - Throws: `Failure` when type or shape do not fit.
    init(_ array: NumpyArray, for port: PortInfo, path: String) throws {
        let elementCount = array.shape.reduce(1, *)
        guard port.elementCount > 0, elementCount > 0, elementCount % port.elementCount == 0,
            SampleSet.fits(array.shape, port: port)
        else {
            throw Failure(
                .usage,
                "the array has shape \(array.shape), the model's input '\(port.name)' "
                    + "\(port.shape)",
                place: path,
                help: "give one sample after the other, each of the input's shape"
            )
        }
        count = elementCount / port.elementCount
        sampleSizeBytes = port.sizeBytes
        bytes = try SampleSet.convert(array, port: port, path: path)
    }

    /// The stored bytes of one sample.
    subscript(index: Int) -> ArraySlice<UInt8> {
        bytes[index * sampleSizeBytes..<(index + 1) * sampleSizeBytes]
    }

    /// Whether the array is the port's own shape, or samples of it, flattened or not.
    private static func fits(_ shape: [Int], port: PortInfo) -> Bool {
        if shape == port.shape { return true }
        guard let first = shape.first, first > 0 else { return false }
        let rest = shape.dropFirst().filter { $0 != 1 }
        let sample = port.shape.filter { $0 != 1 }
        return Array(rest) == sample || rest.reduce(1, *) == port.elementCount
    }

    private static func convert(
        _ array: NumpyArray,
        port: PortInfo,
        path: String
    ) throws -> [UInt8] {
        if let reals = array.reals {
            guard port.type == .int8 else {
                throw mismatch(array, port: port, path: path)
            }
            do {
                return try reals.map { (value) throws(EdgeQuantizationError) in
                    UInt8(
                        bitPattern: try EdgeQuantization.quantize(
                            value,
                            scale: port.scale,
                            zeroPoint: port.zeroPoint
                        )
                    )
                }
            } catch {
                throw Failure(.usage, "the array holds a NaN", place: path)
            }
        }
        switch (array.type, port.type) {
        case (.int8, .int8), (.uint8, .uint8), (.int16, .int16), (.int32, .int32),
            (.int64, .int64):
            return [UInt8](array.bytes)
        default:
            throw mismatch(array, port: port, path: path)
        }
    }

    private static func mismatch(_ array: NumpyArray, port: PortInfo, path: String) -> Failure {
        Failure(
            .usage,
            "the array holds \(array.type), the model's input '\(port.name)' takes \(port.type)",
            place: path,
            help: "quantize as the model does: scale \(port.scale), zero point \(port.zeroPoint); "
                + "float32 arrays are quantized for you when the input is int8"
        )
    }
}

/// Samples for all inputs of a model.
struct ModelSamples {
    let count: Int
    private let sets: [SampleSet]

    /// Reads one array for each input.
    ///
    /// - Parameters:
    ///   - paths: `.npy` or `.npz` files in the order of the inputs, or `NAME=FILE`.
    ///   - model: the model whose inputs they fill.
    /// - Throws: `Failure` when a file does not fit its input.
    init(paths: [String], model: HostModel) throws {
        let ports = model.inputs
        let ordered = try NamedFiles.order(paths, names: ports.map(\.name))
        sets = try zip(ordered, ports).map { path, port in
            try SampleSet(NumpyArray(path: path), for: port, path: path)
        }
        count = sets[0].count
        guard sets.allSatisfy({ $0.count == sets[0].count }) else {
            throw Failure(.usage, "the inputs hold different numbers of samples")
        }
    }

    /// The stored bytes of every input of one sample.
    subscript(index: Int) -> [ArraySlice<UInt8>] { sets.map { $0[index] } }
}
