import ModelGraph

/// The element types of ONNX tensors that are read; the numbers are those of
/// `TensorProto.DataType`.
enum ONNXElementType: Int, Sendable {
    case float = 1
    case uint8, int8, uint16, int16, int32, int64, string, bool, float16, double
    case uint32, uint64, complex64, complex128, bfloat16

    /// Whether values are computed as float32 here.
    var isFloat: Bool {
        switch self {
        case .float, .float16, .double, .bfloat16: true
        default: false
        }
    }

    /// Whether values are kept as integers, truth values included.
    var isInteger: Bool { !isFloat && sizeBytes != nil }

    /// Whether one stored byte is one element.
    var isByte: Bool { self == .uint8 || self == .int8 || self == .bool }

    /// The size of one element in raw data; `nil` for types that are not read.
    var sizeBytes: Int? {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16, .float16, .bfloat16: 2
        case .float, .int32, .uint32: 4
        case .double, .int64, .uint64: 8
        case .string, .complex64, .complex128: nil
        }
    }

    /// The type of a graph tensor that holds such values; `nil` where the graph has none.
    var graphType: DataType? {
        switch self {
        case .float, .float16, .double, .bfloat16: .float32
        case .uint8: .uint8
        case .int8: .int8
        case .int16: .int16
        case .int32: .int32
        case .int64: .int64
        case .bool: .bool
        default: nil
        }
    }

    /// The value of the low bits of `value` in this integer type.
    func wrapped(_ value: Int64) -> Int64 {
        switch self {
        case .uint8: Int64(UInt8(truncatingIfNeeded: value))
        case .int8: Int64(Int8(truncatingIfNeeded: value))
        case .uint16: Int64(UInt16(truncatingIfNeeded: value))
        case .int16: Int64(Int16(truncatingIfNeeded: value))
        case .int32: Int64(Int32(truncatingIfNeeded: value))
        case .uint32: Int64(UInt32(truncatingIfNeeded: value))
        case .bool: value == 0 ? 0 : 1
        default: value
        }
    }

    /// The name of a type number in messages.
    static func name(of number: Int) -> String {
        ONNXElementType(rawValue: number).map { "\($0)" } ?? "type \(number)"
    }
}
