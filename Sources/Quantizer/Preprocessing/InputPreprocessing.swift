/// How the numbers that a caller has become the numbers that a float model was trained on.
///
/// `model = (raw * scale - mean) / std`, elementwise; `mean` and `std` hold one number, or one for
/// each element along the channel axis. So `scale` is 1/255 and `mean`, `std` are those of
/// torchvision for images that were scaled to `0...1` first.
public struct InputPreprocessing: Sendable, Hashable, Codable {
    /// The element type of the raw numbers.
    public enum RawType: String, Sendable, Hashable, Codable, CaseIterable {
        /// Bytes `0...255`; the device takes them as they are.
        case uint8
        /// Bytes `-128...127`; the device takes them as they are.
        case int8
        /// Real numbers, which the caller quantizes with the port's scale and zero point.
        case float32
    }

    /// How the axes of raw images differ from those of the model.
    public enum Layout: String, Sendable, Hashable, Codable, CaseIterable {
        /// Raw images have their channels first, the model has them last.
        case channelsFirstToLast = "nchw-to-nhwc"
        /// Raw images have their channels last, the model has them first.
        case channelsLastToFirst = "nhwc-to-nchw"

        /// Model dimension `i` is raw dimension `permutation[i]`.
        var permutation: [Int] {
            self == .channelsFirstToLast ? [0, 2, 3, 1] : [0, 3, 1, 2]
        }

        /// Raw dimension of the channels.
        var rawAxis: Int { self == .channelsFirstToLast ? 1 : 3 }
    }

    /// The input's name; `nil` for the only input of a model.
    public var input: String?
    /// What the caller has.
    public var type: RawType
    /// Multiplies raw numbers first; finite and above 0.
    public var scale: Double
    /// Subtracted then; finite, one number or one for each channel.
    public var mean: [Double]
    /// Divides then; finite and above 0, one number or one for each channel.
    public var std: [Double]
    /// The raw dimension that `mean` and `std` run along; `nil` for the layout's channels, or the
    /// last.
    public var axis: Int?
    /// The smallest and largest number that the model was trained on, to check data against; `nil`
    /// when they are not known.
    public var range: [Double]?
    /// The change of layout; `nil` when raw images lie as the model takes them.
    public var layout: Layout?

    /// Makes a declaration; the default changes nothing.
    public init(
        input: String? = nil,
        type: RawType = .float32,
        scale: Double = 1,
        mean: [Double] = [0],
        std: [Double] = [1],
        axis: Int? = nil,
        range: [Double]? = nil,
        layout: Layout? = nil
    ) {
        self.input = input
        self.type = type
        self.scale = scale
        self.mean = mean
        self.std = std
        self.axis = axis
        self.range = range
        self.layout = layout
    }

    /// The declared range of the numbers that the model sees.
    var expectedRange: ClosedRange<Double>? {
        guard let range, range.count == 2, range[0] <= range[1] else { return nil }
        return range[0]...range[1]
    }

    /// The declaration in one line, for records and messages.
    public var summary: String {
        func list(_ values: [Double]) -> String {
            if values.count == 1 { return "\(values[0])" }
            let shown = values.prefix(4).map { "\($0)" }.joined(separator: ", ")
            return values.count > 4 ? "[\(shown), … \(values.count) numbers]" : "[\(shown)]"
        }
        var parts = [type.rawValue]
        if let layout { parts.append(layout.rawValue) }
        if scale != 1 { parts.append("scale \(scale)") }
        if mean != [0] { parts.append("mean \(list(mean))") }
        if std != [1] { parts.append("std \(list(std))") }
        if let axis { parts.append("axis \(axis)") }
        return parts.joined(separator: ", ")
    }
}

/// Why a declared preprocessing does not fit a model.
public enum PreprocessingError: Error, Sendable, Hashable {
    /// No input has this name.
    case unknownInput(String, known: [String])
    /// A model with several inputs needs the name of each declaration's input.
    case inputNotNamed(known: [String])
    /// Two declarations name one input.
    case repeatedInput(String)
    /// The input does not take real numbers, so nothing was done to them in training.
    case inputNotFloat(String, type: String)
    /// The scale is 0, negative, NaN or infinite.
    case scaleNotPositive(input: String, scale: Double)
    /// A mean is NaN or infinite.
    case meanNotFinite(input: String, channel: Int)
    /// A standard deviation is 0, negative, NaN or infinite.
    case deviationNotPositive(input: String, channel: Int, value: Double)
    /// There is neither one number nor one for each channel.
    case lengthMismatch(input: String, field: String, count: Int, channels: Int, axis: Int)
    /// The range is not two finite numbers in ascending order.
    case rangeMalformed(input: String)
    /// The axis is not one of the input's dimensions.
    case axisOutOfRange(input: String, axis: Int, rank: Int)
    /// A layout is that of images, which have four dimensions.
    case layoutNeedsImages(input: String, shape: [Int])
    /// Factors or offsets that float32 does not hold.
    case notRepresentable(input: String)
}

extension PreprocessingError: CustomStringConvertible {
    /// What is wrong, and where.
    public var description: String {
        switch self {
        case .unknownInput(let name, let known):
            "the model has no input '\(name)'; its inputs are \(known.joined(separator: ", "))"
        case .inputNotNamed(let known):
            "the model has \(known.count) inputs, so name one of \(known.joined(separator: ", "))"
        case .repeatedInput(let name): "the preprocessing of input '\(name)' is declared twice"
        case .inputNotFloat(let name, let type):
            "input '\(name)' takes \(type), and only float inputs are preprocessed"
        case .scaleNotPositive(let input, let scale):
            "the scale of input '\(input)' is \(scale), not a number above 0"
        case .meanNotFinite(let input, let channel):
            "mean \(channel) of input '\(input)' is not finite"
        case .deviationNotPositive(let input, let channel, let value):
            "std \(channel) of input '\(input)' is \(value), not a number above 0"
        case .lengthMismatch(let input, let field, let count, let channels, let axis):
            "\(field) of input '\(input)' has \(count) numbers, but axis \(axis) has \(channels)"
        case .rangeMalformed(let input):
            "the range of input '\(input)' is not two numbers, the smaller first"
        case .axisOutOfRange(let input, let axis, let rank):
            "axis \(axis) of input '\(input)' is not below its \(rank) dimensions"
        case .layoutNeedsImages(let input, let shape):
            "input '\(input)' of shape \(shape) is no image with four dimensions"
        case .notRepresentable(let input):
            "scale, mean and std of input '\(input)' leave the range of float32"
        }
    }
}
