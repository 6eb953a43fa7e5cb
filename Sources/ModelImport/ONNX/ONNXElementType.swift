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

    /// The stored integers; `nil` for types that are no integers or have more than 32 bits.
    var integerRange: ClosedRange<Int64>? {
        switch self {
        case .uint8: 0...255
        case .int8: -128...127
        case .uint16: 0...65_535
        case .int16: -32_768...32_767
        case .int32: Int64(Int32.min)...Int64(Int32.max)
        default: nil
        }
    }

    /// The nearest value of this floating-point type, ties to even; of double the nearest float.
    func rounded(_ value: Float) -> Float {
        switch self {
        case .float16:
            guard value.isFinite else { return value }
            // Ten digits behind the first, fewer below the smallest normal number.
            let unit = max(value == 0 ? -24 : Int(value.exponent) - 10, -24)
            let step = Float(sign: .plus, exponent: unit, significand: 1)
            let result = (value / step).rounded(.toNearestOrEven) * step
            return abs(result) > 65_504 ? (value < 0 ? -.infinity : .infinity) : result
        case .bfloat16:
            guard value.isFinite else { return value }
            let bits = value.bitPattern
            let half = 0x7FFF + (bits >> 16 & 1)
            return Float(bitPattern: (bits + half) & 0xFFFF_0000)
        default: return value
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
        if let type = ONNXElementType(rawValue: number) { return "\(type)" }
        let narrow = [
            "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4", "int4",
            "float4e2m1", "float8e8m0", "uint2", "int2",
        ]
        let place = number - 17
        return narrow.indices.contains(place) ? narrow[place] : "type \(number)"
    }
}
