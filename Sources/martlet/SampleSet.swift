import InferenceRuntime
import Quantizer
import Terminal

/// Samples for one input of a model, as the stored bytes that the model takes; each is converted
/// when it is asked for.
struct SampleSet {
    let count: Int
    let array: SampleArray
    private let port: PortInfo
    private let conversion: Conversion

    /// How elements become stored bytes.
    private enum Conversion {
        /// They are stored bytes.
        case none
        /// uint8 for an input that stores them as int8.
        case flip
        /// Whole numbers of a type of bytes.
        case bytes(InputPreprocessing.RawType)
        /// Real numbers, standardised first where that is left to the caller.
        case quantize(ChannelTransform?)
    }

    /// Opens an array for a port and checks every sample.
    ///
    /// The array holds any number of samples along its first axis. Integers of the port's own type
    /// are taken as they are; bytes of an input that takes uint8, and real numbers, are converted.
    ///
    /// - Parameters:
    ///   - array: the array.
    ///   - port: the input.
    ///   - raw: what callers give, where it was declared.
    /// - Throws: `Failure` when type or shape do not fit.
    init(_ array: SampleArray, for port: PortInfo, raw: RawInput?) throws {
        let elementCount = array.elementCount
        guard port.elementCount > 0, elementCount > 0, elementCount % port.elementCount == 0,
            SampleSet.fits(array.shape, port: port)
        else {
            throw Failure(
                .usage,
                "the array has shape \(array.shape), the model's input '\(port.name)' "
                    + "\(port.shape)",
                place: array.path,
                help: "give one sample after the other, each of the input's shape"
            )
        }
        guard let conversion = SampleSet.conversion(array, port: port, raw: raw) else {
            throw SampleSet.mismatch(array, port: port)
        }
        count = elementCount / port.elementCount
        self.array = array
        self.port = port
        self.conversion = conversion
        try check()
    }

    /// The stored bytes of one sample.
    subscript(index: Int) -> ArraySlice<UInt8> {
        let elements = index * port.elementCount..<(index + 1) * port.elementCount
        switch conversion {
        case .none: return array.bytes(elements)[...]
        case .flip: return array.bytes(elements).map { $0 ^ 0x80 }[...]
        case .bytes(let type):
            let shift = type == .uint8 ? 128 : 0
            return array.reals(elements).map {
                UInt8(bitPattern: Int8(clamping: Int($0) - shift))
            }[...]
        case .quantize(let transform):
            var reals = array.reals(elements)
            if let transform { reals = transform.apply(reals, shape: port.shape) }
            return reals.map { real in
                // NaN was refused when the array was opened.
                let stored = try? EdgeQuantization.quantize(
                    real,
                    scale: port.scale,
                    zeroPoint: port.zeroPoint
                )
                return UInt8(bitPattern: stored ?? 0)
            }[...]
        }
    }

    /// Whether the array is the port's own shape, or samples of it, flattened or not.
    private static func fits(_ shape: [Int], port: PortInfo) -> Bool {
        if shape == port.shape { return true }
        guard let first = shape.first, first > 0 else { return false }
        let rest = shape.dropFirst().filter { $0 != 1 }
        let sample = port.shape.filter { $0 != 1 }
        return Array(rest) == sample || rest.reduce(1, *) == port.elementCount
    }

    private static func conversion(
        _ array: SampleArray,
        port: PortInfo,
        raw: RawInput?
    ) -> Conversion? {
        if let raw, port.type == .int8 {
            let transform = raw.place == .caller ? raw.transform : nil
            // The axis comes with the bundle; a port of fewer dimensions has no such channels.
            if let transform, transform.axis >= port.rank { return nil }
            switch (raw.declared.type, array.type) {
            case (.uint8, .uint8): return .flip
            case (.int8, .int8): return Conversion.none
            case (.float32, _): return .quantize(transform)
            default: return .bytes(raw.declared.type)
            }
        }
        if array.isReal { return port.type == .int8 ? .quantize(nil) : nil }
        switch (array.type, port.type) {
        case (.int8, .int8), (.uint8, .uint8), (.int16, .int16), (.int32, .int32),
            (.int64, .int64):
            return Conversion.none
        case (.uint8, .int8): return port.externalType == .uint8 ? .flip : nil
        default: return nil
        }
    }

    /// Reads every sample once.
    private func check() throws {
        let size = port.elementCount
        for sample in 0..<count {
            switch conversion {
            case .none, .flip: return
            case .quantize:
                let reals = array.reals(sample * size..<(sample + 1) * size)
                guard reals.allSatisfy({ !$0.isNaN }) else {
                    throw Failure(.usage, "the array holds a NaN", place: array.path)
                }
            case .bytes(let type):
                let range = type.range ?? 0...0
                let reals = array.reals(sample * size..<(sample + 1) * size)
                let fault = reals.first {
                    !range.contains(Double($0)) || $0 != $0.rounded(.towardZero)
                }
                if let fault {
                    throw Failure(
                        .usage,
                        "sample \(sample) holds \(fault), the input '\(port.name)' takes "
                            + type.rawValue,
                        place: array.path,
                        help: "give raw bytes"
                    )
                }
            }
        }
    }

    private static func mismatch(_ array: SampleArray, port: PortInfo) -> Failure {
        Failure(
            .usage,
            "the array holds \(array.type), the model's input '\(port.name)' takes \(port.type)",
            place: array.path,
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
        sets = try zip(ordered, ports).enumerated().map { index, pair in
            let raw = model.rawInputs.indices.contains(index) ? model.rawInputs[index] : nil
            return try SampleSet(SampleArray(path: pair.0), for: pair.1, raw: raw)
        }
        count = sets[0].count
        guard sets.allSatisfy({ $0.count == sets[0].count }) else {
            throw Failure(.usage, "the inputs hold different numbers of samples")
        }
    }

    /// Reports a read that failed since the arrays were opened.
    ///
    /// - Throws: `Failure` when a file changed under it.
    func check() throws {
        for set in sets { try set.array.check() }
    }

    /// The stored bytes of every input of one sample.
    subscript(index: Int) -> [ArraySlice<UInt8>] { sets.map { $0[index] } }
}
