/// The clamp that follows an operator's arithmetic (fixed-point-spec, 2.6).
public enum Activation: String, Sendable, Hashable {
    case none, relu, relu6, reluN1To1
}

/// Explicit padding of a window operator in elements of the input image.
public struct Padding2D: Sendable, Hashable {
    /// Rows above, columns left, rows below and columns right of the image, each at least 0.
    public var top: Int, left: Int, bottom: Int, right: Int

    /// Makes a padding from the rows and columns on each side.
    public init(top: Int = 0, left: Int = 0, bottom: Int = 0, right: Int = 0) {
        self.top = top
        self.left = left
        self.bottom = bottom
        self.right = right
    }
}

/// The geometry of a convolution or pooling window.
public struct Window2D: Sendable, Hashable {
    /// Steps between windows in input rows and columns, at least 1.
    public var strideHeight: Int, strideWidth: Int
    /// Steps between taps inside a window, at least 1.
    public var dilationHeight: Int, dilationWidth: Int
    /// Padding around the image; a tap inside it contributes nothing.
    public var padding: Padding2D

    /// Makes a window geometry.
    public init(
        strideHeight: Int = 1,
        strideWidth: Int = 1,
        dilationHeight: Int = 1,
        dilationWidth: Int = 1,
        padding: Padding2D = Padding2D()
    ) {
        self.strideHeight = strideHeight
        self.strideWidth = strideWidth
        self.dilationHeight = dilationHeight
        self.dilationWidth = dilationWidth
        self.padding = padding
    }
}

/// An elementwise operator of two inputs, which broadcast against each other from the right.
///
/// `power` is the first input to the power of the second; `squaredDifference` is `(a - b)²`.
public enum BinaryOperator: String, Sendable, Hashable {
    case add, subtract, multiply, maximum, minimum
    case divide, power, squaredDifference
}

/// An elementwise operator of one input.
public enum UnaryOperator: Sendable, Hashable {
    case relu, relu6, reluN1To1, hardSwish, logistic, tanh
    case leakyRelu(alpha: Float)
    /// `x` where positive, else `alpha * (exp(x) - 1)`.
    case elu(alpha: Float)
    /// `max(0, min(1, alpha * x + beta))`.
    case hardSigmoid(alpha: Float, beta: Float)
    /// `max(low, min(high, x))`; the bounds may be infinite.
    case clamp(low: Float, high: Float)
    /// `x * Φ(x)`; approximate: `x / 2 * (1 + tanh(√(2/π) * (x + 0.044715 x³)))`.
    case gelu(isApproximate: Bool)
    /// `x * logistic(x)`.
    case silu
    /// `log(1 + exp(x))`.
    case softplus
    /// `x` to a constant power.
    case power(exponent: Float)
    case exponential, logarithm, squareRoot, reciprocalSquareRoot, reciprocal, errorFunction
    case negate, absolute, square, floor, ceiling
}

/// How elements along axes become one.
public enum Reduction: String, Sendable, Hashable {
    case mean, sum, maximum, minimum
}

/// How a resize maps an output coordinate to an input coordinate.
public struct ResizeMapping: Sendable, Hashable {
    /// The corner pixels of input and output coincide.
    public var alignCorners: Bool
    /// Pixel centres lie at half coordinates.
    ///
    /// Not together with `alignCorners`.
    public var halfPixelCenters: Bool

    /// Makes a mapping from the two flags of the TFLite schema.
    public init(alignCorners: Bool, halfPixelCenters: Bool) {
        self.alignCorners = alignCorners
        self.halfPixelCenters = halfPixelCenters
    }
}

/// What a node computes.
///
/// Shapes and quantization are those of the node's tensors.
public enum Operator: Sendable, Hashable {
    /// Inputs `[x NHWC, weights OHWI, bias [O] or absent]`; grouped when
    /// `x.C = groups * weights.I`.
    case convolution2D(Window2D, Activation)
    /// Inputs `[x NHWC, weights 1HWO, bias [O] or absent]`; output channel `o` reads input
    /// channel `o / depthMultiplier`.
    case depthwiseConvolution2D(Window2D, depthMultiplier: Int, Activation)
    /// Inputs `[x [..., I], weights [O, I], bias [O] or absent]`; `x` is read as `[rows, I]`.
    case fullyConnected(Activation)
    /// Input `[x NHWC]`; a tap in the padding is left out of the count.
    case averagePool2D(height: Int, width: Int, Window2D, Activation)
    /// Input `[x NHWC]`; a tap in the padding is left out.
    case maxPool2D(height: Int, width: Int, Window2D, Activation)
    /// Inputs `[a, b]`.
    case binary(BinaryOperator, Activation)
    /// Input `[x]`.
    case unary(UnaryOperator)
    /// Inputs `[x NHWC, weights OHWI, bias [O] or absent]`: the gradient of a convolution, so that
    /// input pixel `(i, j)` adds to the outputs from `(i, j) * stride - padding` on.
    case transposeConvolution2D(Window2D, Activation)
    /// Inputs `[a [..., M, K], b [..., K, N]]`, or with their last two dimensions exchanged; the
    /// dimensions before them broadcast.
    case batchMatMul(transposesLeft: Bool, transposesRight: Bool)
    /// Inputs `[x, slope]`: `x` where positive, else `slope * x`; the slope broadcasts.
    case prelu
    /// Input `[x]`; `axes` sorted, distinct, non-negative.
    case reduce(Reduction, axes: [Int], keepsDimensions: Bool)
    /// Inputs `[x, scale [C], bias [C] or absent]` over the last dimension `C`:
    /// `(x - mean) / √(variance + epsilon) * scale + bias`.
    case layerNormalization(epsilon: Float)
    /// Input `[x]`; over the last dimension.
    case logSoftmax
    /// Inputs `[x, indices]`: the slices of `x` along `axis` that the indices name, in the place of
    /// that dimension. Negative indices count from the end.
    case gather(axis: Int)
    /// Inputs `[condition, a, b]`, which broadcast: `a` where the condition is not 0, else `b`.
    case select
    /// Input `[x]`; the output's shape, to which the input's broadcasts.
    case broadcast
    /// Input `[x]`, repeated along each dimension.
    case tile(multiples: [Int])
    /// Input `[x]`; over the last dimension.
    case softmax(beta: Float)
    /// Input `[x]`, integer to integer: changes scale, zero point or signedness.
    case requantize
    /// Input `[x]`, float to integer.
    case quantize
    /// Input `[x]`, integer to float.
    case dequantize
    /// Input `[x]`; the same elements in the same order under the output's shape.
    case reshape
    /// Input `[x]`; output dimension `i` is input dimension `permutation[i]`.
    case transpose(permutation: [Int])
    /// Input `[x]`; counts of elements before and after each dimension, filled with the stored
    /// value `fill`, or with the zero point when absent.
    case pad(before: [Int], after: [Int], fill: Int32?)
    /// Inputs `[x0, x1, ...]` of equal rank, scale and zero point, side by side along `axis`.
    case concatenation(axis: Int)
    /// Input `[x]`; takes `sizes[d]` elements from `begin[d]` in steps of `strides[d]` (negative
    /// steps walk backwards). The output may drop and add dimensions of size 1.
    case slice(begin: [Int], strides: [Int], sizes: [Int])
    /// Input `[x NHWC]`, integer bilinear interpolation to the output's height and width.
    case resizeBilinear(ResizeMapping)
    /// Input `[x NHWC]`, nearest neighbour to the output's height and width.
    case resizeNearest(ResizeMapping)
    /// Input `[x]`; the first index of the largest stored value along `axis`, as int32 or int64.
    case argMax(axis: Int)
    /// A sequence through a long short-term memory, as `LongShortTermMemory` says.
    case longShortTermMemory(LongShortTermMemory)

    /// The operator's name in reports and messages.
    public var name: String {
        switch self {
        case .convolution2D: "Convolution2D"
        case .depthwiseConvolution2D: "DepthwiseConvolution2D"
        case .fullyConnected: "FullyConnected"
        case .averagePool2D: "AveragePool2D"
        case .maxPool2D: "MaxPool2D"
        case .binary(let kind, _): kind.rawValue.capitalizedFirst
        case .unary(let kind): kind.name
        case .reduce(let kind, _, _):
            kind == .mean ? "Mean" : "Reduce\(kind.rawValue.capitalizedFirst)"
        case .transposeConvolution2D: "TransposeConvolution2D"
        case .batchMatMul: "BatchMatMul"
        case .prelu: "Prelu"
        case .layerNormalization: "LayerNormalization"
        case .logSoftmax: "LogSoftmax"
        case .gather: "Gather"
        case .select: "Select"
        case .broadcast: "Broadcast"
        case .tile: "Tile"
        case .softmax: "Softmax"
        case .requantize: "Requantize"
        case .quantize: "Quantize"
        case .dequantize: "Dequantize"
        case .reshape: "Reshape"
        case .transpose: "Transpose"
        case .pad: "Pad"
        case .concatenation: "Concatenation"
        case .slice: "Slice"
        case .resizeBilinear: "ResizeBilinear"
        case .resizeNearest: "ResizeNearest"
        case .argMax: "ArgMax"
        case .longShortTermMemory: "LongShortTermMemory"
        }
    }
}

extension UnaryOperator {
    /// The operator's name in reports and messages.
    public var name: String {
        switch self {
        case .relu: "Relu"
        case .relu6: "Relu6"
        case .reluN1To1: "ReluN1To1"
        case .hardSwish: "HardSwish"
        case .logistic: "Logistic"
        case .tanh: "Tanh"
        case .leakyRelu: "LeakyRelu"
        case .elu: "Elu"
        case .hardSigmoid: "HardSigmoid"
        case .clamp: "Clamp"
        case .gelu: "Gelu"
        case .silu: "Silu"
        case .softplus: "Softplus"
        case .power: "Power"
        default: "\(self)".capitalizedFirst
        }
    }
}

extension String {
    /// The text with its first letter as a capital.
    fileprivate var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
