/// The built-in operator codes that have a translation (enum `BuiltinOperator` of the schema).
enum TFLiteOperatorCode: Int32 {
    case add = 0
    case averagePool2D = 1
    case concatenation = 2
    case conv2D = 3
    case depthwiseConv2D = 4
    case dequantize = 6
    case fullyConnected = 9
    case logistic = 14
    case maxPool2D = 17
    case mul = 18
    case relu = 19
    case reluN1To1 = 20
    case relu6 = 21
    case reshape = 22
    case resizeBilinear = 23
    case softmax = 25
    case tanh = 28
    case custom = 32
    case pad = 34
    case transpose = 39
    case mean = 40
    case sub = 41
    case squeeze = 43
    case stridedSlice = 45
    case split = 49
    case maximum = 55
    case argMax = 56
    case minimum = 57
    case padV2 = 60
    case slice = 65
    case expandDims = 70
    case pack = 83
    case unpack = 88
    case resizeNearestNeighbor = 97
    case leakyRelu = 98
    case splitV = 102
    case quantize = 114
    case hardSwish = 117
    case gather = 36

    // State and sequences.
    case unidirectionalSequenceLSTM = 44
    case callOnce = 129
    case varHandle = 142
    case readVariable = 143
    case assignVariable = 144

    // Only in few integer models.
    case div = 42
    case logSoftmax = 50
    case prelu = 54
    case select = 64
    case transposeConv = 67
    case tile = 69
    case sum = 74
    case argMin = 79
    case reduceMax = 82
    case reduceMin = 89
    case squaredDifference = 99
    case selectV2 = 123
    case batchMatMul = 126
    case broadcastTo = 130

    // Only in models that compute in floating point.
    case depthToSpace = 5
    case floor = 8
    case l2Normalization = 11
    case spaceToDepth = 26
    case exp = 47
    case cast = 53
    case neg = 59
    case log = 73
    case sqrt = 75
    case rsqrt = 76
    case pow = 78
    case square = 92
    case abs = 101
    case ceil = 104
    case elu = 111
    case gelu = 150
    case relu0To1 = 152
}

/// The element types of the schema (enum `TensorType`).
enum TFLiteType: UInt8 {
    case float32 = 0
    case float16, int32, uint8, int64, string, bool, int16, complex64, int8, float64, complex128
    case uint64, resource, variant, uint32, uint16, int4, bfloat16, int2, uint4, float8E4M3FN
    case float8E5M2

    /// The schema's name.
    var name: String { "\(self)".uppercased() }
}

/// A tensor of the model as the file states it.
struct TFLiteTensor {
    var name: String
    /// The extents; the model's own default for dynamic ones.
    var shape: [Int]
    /// The extents with -1 for dynamic ones; empty when all are fixed.
    var shapeSignature: [Int32]
    var type: TFLiteType?
    var typeCode: UInt8
    var scales: [Float]
    var zeroPoints: [Int64]
    var quantizedDimension: Int
    /// Whether a scheme other than one scale a tensor or channel is used.
    var hasCustomQuantization: Bool
    var isVariable: Bool
    var isSparse: Bool
    var isExternal: Bool
    /// The stored bytes; `nil` when the tensor is computed.
    var constant: [UInt8]?

    /// The schema's name of the element type.
    var typeName: String { type?.name ?? "type \(typeCode)" }
}

/// An operator of the model as the file states it.
struct TFLiteOperator {
    /// The code, also when it has no translation.
    let code: Int32
    /// The schema's name, or the custom operator's own.
    let name: String
    /// The tensors read; `nil` for an absent optional one.
    let inputs: [Int?]
    let outputs: [Int]
    /// Tensors that only carry the scales of values inside the operator.
    let intermediates: [Int]
    /// The options table, and which one it is (enum `BuiltinOptions`).
    let options: FlatTable?
    let optionsType: UInt8
}
