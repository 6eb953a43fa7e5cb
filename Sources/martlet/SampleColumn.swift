import InferenceRuntime
import ModelGraph
import Quantizer
import Terminal

/// The samples of one input: an array, and how its elements are read.
struct SampleColumn {
    let array: SampleArray
    /// The input's name.
    let port: String
    /// The shape of one sample as callers give it.
    let shape: [Int]
    /// What callers give, where it was declared.
    let raw: RawInput?
    let count: Int
    private let size: Int

    /// Opens an array for an input.
    ///
    /// - Parameters:
    ///   - path: the array; samples lie along its first axis.
    ///   - port: the input's name.
    ///   - shape: the shape of one sample.
    ///   - raw: the declared preprocessing.
    /// - Throws: `Failure` for another type or shape.
    init(_ path: String, port: String, shape: [Int], raw: RawInput?) throws {
        array = try SampleArray(path: path)
        size = shape.reduce(1, *)
        let extents = array.shape
        let rest = extents.dropFirst().filter { $0 != 1 }
        let fits = extents == shape || rest == shape.filter { $0 != 1 } || rest == [size]
        guard size > 0, array.elementCount > 0, array.elementCount % size == 0, fits else {
            throw Failure(
                .usage,
                "the array has shape \(extents), the model's input '\(port)' \(shape)",
                place: path,
                help: SampleColumn.layoutAdvice(extents, shape)
                    ?? "give one sample after the other, each of the input's shape"
            )
        }
        guard array.isReal || raw != nil else {
            throw Failure(
                .usage,
                "the array holds \(array.type), the model's input '\(port)' takes float32",
                place: path,
                help: "save it as float32, prepared as the model was trained, or declare with "
                    + "--preprocessing how raw data becomes that"
            )
        }
        count = array.elementCount / size
        self.port = port
        self.shape = shape
        self.raw = raw
    }

    /// The numbers of a sample as the graph takes them.
    func reals(_ sample: Int) -> [Float] {
        let given = array.reals(sample * size..<(sample + 1) * size)
        guard let raw, raw.place == .caller else { return given }
        return raw.transform.apply(given, shape: shape)
    }

    /// Refuses samples that hold what the input cannot.
    ///
    /// - Throws: `Failure` for NaN and infinities, and for numbers that are no bytes of an input
    ///   that was declared to take bytes.
    func check(_ values: [Float], sample: Int) throws {
        if !values.allSatisfy(\.isFinite) {
            throw Failure(
                .usage,
                "sample \(sample) holds NaN or infinity",
                place: array.path,
                help: "remove the sample or repair its preparation"
            )
        }
        guard let type = raw?.declared.type, let range = type.range else { return }
        let fault = values.first {
            !range.contains(Double($0)) || $0 != $0.rounded(.towardZero)
        }
        guard let fault else { return }
        throw Failure(
            .usage,
            "sample \(sample) holds \(fault), the input '\(port)' was declared to take "
                + "\(type.rawValue)",
            place: array.path,
            help: "give raw bytes, or declare the type float32"
        )
    }

    /// What is unexpected about the array's element type.
    func typeFinding(role: String) -> DataFinding? {
        let declared = raw?.declared.type ?? .float32
        let (message, advice): (String, String)
        switch (declared, array.type) {
        case (_, .float64):
            message = "the array holds float64, which is rounded to float32"
            advice = "save float32, or the bytes that were declared"
        case (.float32, .bool):
            message = "the array holds truth values"
            advice = "check that the right array was saved"
        case (.uint8, .uint8), (.int8, .int8), (.float32, _): return nil
        case (let type, let given):
            message = "the array holds \(given), the input was declared to take \(type.rawValue)"
            advice = "save raw data as the device has it"
        }
        return DataFinding(
            .elementType,
            .note,
            place: "\(role) input '\(port)'",
            message: message,
            advice: advice
        )
    }

    /// What to do when only the channels lie elsewhere.
    private static func layoutAdvice(_ given: [Int], _ shape: [Int]) -> String? {
        guard shape.count == 4, given.count == 4 else { return nil }
        let sample = Array(shape.dropFirst())
        let rest = Array(given.dropFirst())
        if rest == [sample[2], sample[0], sample[1]] {
            return "the channels come first; declare --input-layout nchw-to-nhwc"
        }
        if rest == [sample[1], sample[2], sample[0]] {
            return "the channels come last; declare --input-layout nhwc-to-nchw"
        }
        return nil
    }
}
