import Foundation
import ModelGraph

extension ONNXTensor {
    /// The most dimensions of a constant; shapes of the graph have fewer.
    static let rankMax = 32

    /// Reads a stored tensor.
    ///
    /// - Parameters:
    ///   - proto: the message. No part of it is trusted.
    ///   - externalData: the files beside the model.
    /// - Throws: `NodeProblem` for types, shapes and bytes that do not fit each other.
    init(_ proto: Onnx_TensorProto, externalData: ExternalData) throws(NodeProblem) {
        let name = proto.name.prefix(ImportLimits.nameSizeBytesMax)
        guard let type = ONNXElementType(rawValue: Int(proto.dataType)),
            let size = type.sizeBytes
        else {
            throw NodeProblem(
                .type,
                "constant '\(name)' is \(ONNXElementType.name(of: Int(proto.dataType)))",
                help: "store constants as float, int8, uint8, int16, int32, int64 or bool"
            )
        }
        guard !proto.hasSegment, proto.dims.count <= Self.rankMax else {
            throw .inconsistent("constant '\(name)' is a segment or has too many dimensions")
        }
        let shape = proto.dims.map { Int($0) }
        guard shape.isBounded(by: GraphLimits.elementCountMax) else {
            throw .inconsistent("constant '\(name)' has the unusable shape \(proto.dims)")
        }
        let count = shape.reduce(1, *)
        if proto.dataLocation == .external {
            let bytes = try externalData.read(proto, sizeBytes: count * size)
            self.init(shape: shape, storage: Storage(raw: bytes, type: type, count: count))
        } else if proto.hasRawData {
            guard proto.rawData.count == count * size else {
                throw .inconsistent(
                    "constant '\(name)' has \(proto.rawData.count) bytes where \(count * size) "
                        + "follow from its shape"
                )
            }
            self.init(shape: shape, storage: Storage(raw: proto.rawData, type: type, count: count))
        } else {
            let storage = Storage(fields: proto, type: type)
            guard storage.count == count else {
                throw .inconsistent("constant '\(name)' has \(storage.count) of \(count) elements")
            }
            self.init(shape: shape, storage: storage)
        }
    }
}

extension ONNXTensor {
    /// The bytes of a stored tensor; 0 when its shape or type is unusable.
    static func sizeBytes(_ proto: Onnx_TensorProto) -> Int {
        let shape = proto.dims.map { Int($0) }
        let size = ONNXElementType(rawValue: Int(proto.dataType))?.sizeBytes ?? 0
        return shape.isBounded(by: GraphLimits.elementCountMax) ? shape.reduce(size, *) : 0
    }
}

extension [Int] {
    /// Whether no extent is negative and no product of some of them exceeds a limit.
    ///
    /// Extents of 0 make a tensor empty, but must not hide others that no product can hold.
    func isBounded(by limit: Int) -> Bool {
        var count = 1
        for extent in self {
            let (product, overflow) = count.multipliedReportingOverflow(by: Swift.max(extent, 1))
            guard extent >= 0, !overflow, product <= limit else { return false }
            count = product
        }
        return true
    }
}

extension ONNXTensor.Storage {
    fileprivate var count: Int {
        switch self {
        case .float(let values): values.count
        case .integer(let values, _): values.count
        case .byte(let values, _): values.count
        case .quantized(let values, _, _): values.count
        }
    }

    /// Little-endian raw data of exactly `count` elements, the length checked before.
    fileprivate init(raw: Data, type: ONNXElementType, count: Int) {
        func load<Element: BitwiseCopyable>(_: Element.Type) -> [Element] {
            raw.withUnsafeBytes { bytes in
                let size = MemoryLayout<Element>.size
                return (0..<count).map {
                    bytes.loadUnaligned(fromByteOffset: $0 * size, as: Element.self)
                }
            }
        }
        switch type {
        case .float: self = .float(load(Float.self))
        case .double: self = .float(load(Double.self).map { Float($0) })
        case .float16: self = .float(load(UInt16.self).map(Float.init(binary16:)))
        case .bfloat16: self = .float(load(UInt16.self).map(Float.init(upperHalf:)))
        case .int8, .uint8: self = .byte(Array(raw), type)
        case .bool: self = .byte(raw.map { $0 == 0 ? 0 : 1 }, type)
        case .int16: self = .integer(load(Int16.self).map { Int64($0) }, type)
        case .uint16: self = .integer(load(UInt16.self).map { Int64($0) }, type)
        case .int32: self = .integer(load(Int32.self).map { Int64($0) }, type)
        case .uint32: self = .integer(load(UInt32.self).map { Int64($0) }, type)
        default: self = .integer(load(Int64.self), type)
        }
    }

    /// The typed fields; `TensorProto` says which field carries which type.
    fileprivate init(fields proto: Onnx_TensorProto, type: ONNXElementType) {
        switch type {
        case .float: self = .float(proto.floatData)
        case .double: self = .float(proto.doubleData.map { Float($0) })
        case .float16:
            self = .float(
                proto.int32Data.map { Float(binary16: UInt16(truncatingIfNeeded: $0)) }
            )
        case .bfloat16:
            self = .float(
                proto.int32Data.map { Float(upperHalf: UInt16(truncatingIfNeeded: $0)) }
            )
        case .int64: self = .integer(proto.int64Data, type)
        case .uint32, .uint64:
            self = .integer(proto.uint64Data.map { Int64(truncatingIfNeeded: $0) }, type)
        case .bool: self = .byte(proto.int32Data.map { $0 == 0 ? 0 : 1 }, type)
        case .int8, .uint8:
            self = .byte(proto.int32Data.map { UInt8(truncatingIfNeeded: $0) }, type)
        default: self = .integer(proto.int32Data.map { type.wrapped(Int64($0)) }, type)
        }
    }
}

extension Float {
    /// The value of IEEE 754 binary16 bits.
    init(binary16 bits: UInt16) {
        let sign: Float = bits & 0x8000 == 0 ? 1 : -1
        let exponent = Int(bits >> 10 & 0x1F)
        let fraction = Float(bits & 0x3FF)
        switch exponent {
        case 0: self = sign * fraction * 0x1p-24
        case 31: self = fraction == 0 ? sign * .infinity : .nan
        default:
            self = sign * Float(sign: .plus, exponent: exponent - 25, significand: 1024 + fraction)
        }
    }

    /// The value of bfloat16 bits.
    init(upperHalf bits: UInt16) { self.init(bitPattern: UInt32(bits) << 16) }
}
