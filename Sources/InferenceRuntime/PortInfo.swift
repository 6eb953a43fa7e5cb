/// A tensor that callers write before or read after inference.
public struct PortInfo {
    private let record: TensorRecord
    private let table: ByteTable
    private let offset: Int

    init(record: TensorRecord, table: ByteTable, offset: Int) {
        self.record = record
        self.table = table
        self.offset = offset
    }

    /// The type of the bytes in the buffer: int8, uint8, int16, int32 or int64, little-endian.
    public var type: ElementType { record.type }

    /// The type that the source model has here.
    ///
    /// `float32` beside int8 or int16 means that callers quantize
    /// (or dequantize) with `scale` and `zeroPoint`; `uint8` beside int8, that they flip bit 7.
    public var externalType: ElementType {
        ElementType(rawValue: table.byte(at: offset + 4)) ?? record.type
    }

    /// The number of dimensions, at most 6.
    public var rank: Int { record.shape.rank }

    /// The extent of a dimension below `rank`, at least 1.
    public func dimension(_ index: Int) -> Int {
        precondition(index >= 0 && index < rank)
        return Int(record.shape[index])
    }

    /// The size of the buffer.
    public var sizeBytes: Int { Int(record.sizeBytes) }

    /// `real = scale * (stored - zeroPoint)`; 0 for indices.
    public var scale: Float { Float(bitPattern: record.scaleBits) }

    /// The stored integer that means 0.
    public var zeroPoint: Int32 { record.zeroPoint }

    /// The number of bytes of the name, at most 32.
    public var nameSizeBytes: Int { Int(table.byte(at: offset + 5)) }

    /// A byte of the name, UTF-8 cut to 32 bytes; `index` below `nameSizeBytes`.
    public func nameByte(_ index: Int) -> UInt8 {
        precondition(index >= 0 && index < nameSizeBytes)
        return table.byte(at: offset + 16 + index)
    }

    /// The name as text; a character cut in half at the end becomes U+FFFD.
    public var name: String {
        var bytes: [UInt8] = []
        for index in 0..<nameSizeBytes { bytes.append(nameByte(index)) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
