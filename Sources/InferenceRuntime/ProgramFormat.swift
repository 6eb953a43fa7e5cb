// The byte picture and the numbered invariants are in InferenceRuntime.docc/ProgramFormat.md.

/// Sizes, offsets and limits of the program format, version 1.
package enum ProgramFormat {
    /// "MLTP" as a little-endian word.
    package static let magic: UInt32 = 0x5054_4C4D
    package static let version: UInt16 = 1
    package static let headerSizeBytes = 64
    package static let tensorSizeBytes = 64
    package static let operatorSizeBytes = 256
    package static let portSizeBytes = 64
    package static let stateSizeBytes = 64
    /// Where the parameter block starts in an operator record.
    package static let parametersOffset = 64
    /// Every tensor and every block of a section starts at a multiple of this.
    package static let alignmentBytes = 64
    package static let nameSizeBytes = 32
    /// Stands for an absent second input.
    package static let noTensor: UInt32 = 0xFFFF_FFFF

    package static let tensorCountMax: UInt32 = 1 << 17
    package static let operatorCountMax: UInt32 = 1 << 16
    package static let portCountMax: UInt32 = 64
    /// Each state is held against every other when a program is loaded.
    package static let stateCountMax: UInt32 = 256
    /// Sections, tensors and the arena: byte offsets and their sums fit 31 bits.
    package static let sizeBytesMax: UInt32 = (1 << 30) - 1
    package static let rankMax = 6
}

/// The kernels that a program's weights are laid out for.
public enum KernelTier: UInt16, Sendable {
    /// Weights as the model stores them, OHWI, 1HWO and [O, I]; portable C.
    case scalar = 0
}

/// The element type of a tensor or of a port.
public enum ElementType: UInt8, Sendable {
    case int8 = 0
    case uint8, int32, int64, float32, int16, float16, bool

    /// The size of one element in bytes.
    public var sizeBytes: Int {
        switch self {
        case .int8, .uint8, .bool: 1
        case .int16, .float16: 2
        case .int32, .float32: 4
        case .int64: 8
        }
    }
}

/// One of the four parts of a program.
public enum ProgramSection: UInt8, Sendable {
    case program, weights, scales, constants
}

/// Where a tensor lives.
package enum TensorPlace: UInt8 {
    case arena = 0
    case constants = 1
}

/// What an operator record computes.
public enum Opcode: UInt16, Sendable {
    case convolution2D = 1
    case depthwiseConvolution2D, fullyConnected
    case averagePool2D, maxPool2D
    /// Addition and subtraction; multiplication; maximum and minimum.
    case add, multiply, maximum
    case mean, softmax
    /// A table of 256 bytes: every operator of one int8 input.
    case lookup
    case copy, fill
    case resizeBilinear, resizeNearest
    case argMax
    case longShortTermMemory = 17
    /// Products of int16 activations and int8 weights.
    case convolution2DInt16 = 24
    case depthwiseConvolution2DInt16 = 25
    case fullyConnectedInt16 = 26
    case averagePool2DInt16 = 27
    case maxPool2DInt16 = 28
    case addInt16 = 29
    case multiplyInt16 = 30
    case maximumInt16 = 31
    case meanInt16 = 32
    case softmaxInt16 = 33
    /// A table of 513 int16 with interpolation.
    case lookupInt16 = 34
    /// Logistic and tanh of int16, by their common table of 256 entries.
    case sigmoidInt16 = 35
    /// A change of scale and width, int8 or int16 on either side.
    case rescale = 36
    case resizeBilinearInt16 = 37
    /// Two inputs with broadcasting, one implementation for every tier.
    case prelu = 40
    case squaredDifference, divide
    /// A table of 65,536 bytes: every other operator of two int8 inputs.
    case lookupPair
    /// Overwrites the output where the first input is not zero.
    case moveSelected
    case batchMatMul, gather, logSoftmax, layerNormalization
}

/// How an accumulator is scaled back to a byte (fixed-point specification, 2.4).
package enum Rounding: Int32, Sendable {
    /// Doubling high multiply, then a shift that rounds half away from zero.
    case double = 0
    /// Once, ties towards positive infinity. Average pooling: of the bytes `q + 128`.
    case halfUp = 1
    /// Once, ties away from zero.
    case halfAway = 2
    /// Sums of 64 bits: once, by 15 bits of the multiplier, ties towards positive infinity (2.5).
    case narrow = 3
}
