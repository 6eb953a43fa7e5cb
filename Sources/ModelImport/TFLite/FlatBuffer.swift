import ModelGraph

// FlatBuffers, as much as reading a model needs. All integers little-endian, no alignment assumed.
//
//   file     u32 offset of the root table | 4 bytes identifier | ...
//   table    i32 distance back to its vtable | fields
//   vtable   u16 its size | u16 the table's size | u16 offset of each field in it, 0 = absent
//   vector   u32 count | elements         string = vector of bytes
//   reference  u32 distance forwards from the reference itself
//
// Invariants: 1. every read is inside the file, every field inside its table. 2. What is copied out
// is at most `copyBudgetFactor` times the file, so that vectors which share bytes cannot multiply.
// 3. The readers below never recurse; the depth is that of the schema.

/// How a FlatBuffers file breaks its own structure.
///
/// Offsets are from the start of the file.
public enum FlatBufferError: Error, Sendable, Hashable {
    /// Something begins or ends outside the file.
    case outOfBounds(offset: Int, sizeBytes: Int, fileSizeBytes: Int)
    /// A vtable is too short, odd, or describes fields outside its table.
    case malformedTable(offset: Int)
    /// A vector has more elements than its limit.
    case vectorTooLong(offset: Int, count: Int, limit: Int)
    /// Vectors share bytes so often that copying them would take a multiple of the file.
    case sharesTooMuch(limitBytes: Int)
}

extension FlatBufferError: CustomStringConvertible {
    /// What is wrong, and where.
    public var description: String {
        switch self {
        case .outOfBounds(let offset, let size, let fileSize):
            "\(size) bytes at offset \(offset) leave the file of \(fileSize) bytes"
        case .malformedTable(let offset): "the table at offset \(offset) is malformed"
        case .vectorTooLong(let offset, let count, let limit):
            "the vector at offset \(offset) has \(count) elements, more than \(limit)"
        case .sharesTooMuch(let limit):
            "overlapping vectors would take more than \(limit) bytes"
        }
    }
}

/// The place of a table whose vtable lies inside the file.
struct FlatTable {
    let position: Int
    let sizeBytes: Int
    let vtable: Int
    let vtableSizeBytes: Int
}

/// The place of a vector whose elements lie inside the file.
struct FlatVector {
    let start: Int
    let count: Int
}

/// A bounds-checked reader of a FlatBuffers file.
struct FlatBuffer {
    /// A serializer writes each vector once and shares equal strings; twice the file is ample.
    static let copyBudgetFactor = 2
    /// What small files may share beyond that.
    static let copyBudgetExtraBytes = 65_536

    let bytes: [UInt8]
    private let copyBudgetBytes: Int
    private var copiedBytes = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        copyBudgetBytes =
            bytes.count * FlatBuffer.copyBudgetFactor + FlatBuffer.copyBudgetExtraBytes
    }

    static func hasIdentifier(_ identifier: [UInt8], _ bytes: [UInt8]) -> Bool {
        bytes.count >= 8 && bytes[4..<8].elementsEqual(identifier)
    }

    // MARK: Scalars

    func check(_ offset: Int, _ sizeBytes: Int) throws(FlatBufferError) {
        guard offset >= 0, sizeBytes >= 0, sizeBytes <= bytes.count,
            offset <= bytes.count - sizeBytes
        else {
            throw .outOfBounds(offset: offset, sizeBytes: sizeBytes, fileSizeBytes: bytes.count)
        }
    }

    func uint16(at offset: Int) throws(FlatBufferError) -> UInt16 {
        try check(offset, 2)
        return UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8
    }

    func uint32(at offset: Int) throws(FlatBufferError) -> UInt32 {
        try check(offset, 4)
        return UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8
            | UInt32(bytes[offset + 2]) << 16 | UInt32(bytes[offset + 3]) << 24
    }

    func uint64(at offset: Int) throws(FlatBufferError) -> UInt64 {
        let low = try uint32(at: offset)
        let high = try uint32(at: offset + 4)
        return UInt64(low) | UInt64(high) << 32
    }

    // MARK: Tables

    func root() throws(FlatBufferError) -> FlatTable {
        try table(at: Int(try uint32(at: 0)))
    }

    func table(at position: Int) throws(FlatBufferError) -> FlatTable {
        let distance = Int(Int32(bitPattern: try uint32(at: position)))
        let vtable = position - distance
        let vtableSize = Int(try uint16(at: vtable))
        let size = Int(try uint16(at: vtable + 2))
        guard vtableSize >= 4, vtableSize % 2 == 0, size >= 4 else {
            throw .malformedTable(offset: position)
        }
        try check(vtable, vtableSize)
        try check(position, size)
        return FlatTable(
            position: position,
            sizeBytes: size,
            vtable: vtable,
            vtableSizeBytes: vtableSize
        )
    }

    /// The offset in the file of a field that occupies `sizeBytes`; `nil` when it is absent.
    func field(
        _ number: Int,
        of table: FlatTable,
        sizeBytes: Int
    ) throws(FlatBufferError) -> Int? {
        let slot = 4 + 2 * number
        guard slot + 2 <= table.vtableSizeBytes else { return nil }
        let offset = Int(try uint16(at: table.vtable + slot))
        if offset == 0 { return nil }
        guard offset >= 4, offset + sizeBytes <= table.sizeBytes else {
            throw .malformedTable(offset: table.position)
        }
        return table.position + offset
    }

    func uint8(_ number: Int, of table: FlatTable) throws(FlatBufferError) -> UInt8? {
        guard let offset = try field(number, of: table, sizeBytes: 1) else { return nil }
        return bytes[offset]
    }

    func int32(_ number: Int, of table: FlatTable) throws(FlatBufferError) -> Int32? {
        guard let offset = try field(number, of: table, sizeBytes: 4) else { return nil }
        return Int32(bitPattern: try uint32(at: offset))
    }

    func uint64(_ number: Int, of table: FlatTable) throws(FlatBufferError) -> UInt64? {
        guard let offset = try field(number, of: table, sizeBytes: 8) else { return nil }
        return try uint64(at: offset)
    }

    func table(_ number: Int, of table: FlatTable) throws(FlatBufferError) -> FlatTable? {
        guard let offset = try field(number, of: table, sizeBytes: 4) else { return nil }
        return try self.table(at: offset + Int(try uint32(at: offset)))
    }

    // MARK: Vectors

    /// A vector field; an absent one is empty.
    func vector(
        _ number: Int,
        of table: FlatTable,
        elementSizeBytes: Int,
        limit: Int
    ) throws(FlatBufferError) -> FlatVector {
        guard let offset = try field(number, of: table, sizeBytes: 4) else {
            return FlatVector(start: 0, count: 0)
        }
        let position = offset + Int(try uint32(at: offset))
        let count = Int(try uint32(at: position))
        guard count <= limit else {
            throw .vectorTooLong(offset: position, count: count, limit: limit)
        }
        try check(position + 4, count * elementSizeBytes)
        return FlatVector(start: position + 4, count: count)
    }

    /// The table that element `index` of a vector of references points to.
    func table(_ index: Int, of vector: FlatVector) throws(FlatBufferError) -> FlatTable {
        let offset = vector.start + 4 * index
        return try table(at: offset + Int(try uint32(at: offset)))
    }

    // MARK: Copies

    /// The bytes of a range of the file.
    mutating func copy(_ offset: Int, _ sizeBytes: Int) throws(FlatBufferError) -> [UInt8] {
        try check(offset, sizeBytes)
        copiedBytes += sizeBytes
        guard copiedBytes <= copyBudgetBytes else {
            throw .sharesTooMuch(limitBytes: copyBudgetBytes)
        }
        return Array(bytes[offset..<(offset + sizeBytes)])
    }

    mutating func int32s(
        _ number: Int,
        of table: FlatTable,
        limit: Int
    ) throws(FlatBufferError) -> [Int32] {
        let vector = try vector(number, of: table, elementSizeBytes: 4, limit: limit)
        let copied = try copy(vector.start, vector.count * 4)
        return LittleEndian.int32s(copied)
    }

    mutating func floats(
        _ number: Int,
        of table: FlatTable,
        limit: Int
    ) throws(FlatBufferError) -> [Float] {
        try int32s(number, of: table, limit: limit).map {
            Float(bitPattern: UInt32(bitPattern: $0))
        }
    }

    mutating func int64s(
        _ number: Int,
        of table: FlatTable,
        limit: Int
    ) throws(FlatBufferError) -> [Int64] {
        let vector = try vector(number, of: table, elementSizeBytes: 8, limit: limit)
        let copied = try copy(vector.start, vector.count * 8)
        return LittleEndian.int64s(copied)
    }

    /// A string's first `nameSizeBytesMax` bytes; ill-formed UTF-8 is repaired.
    mutating func name(_ number: Int, of table: FlatTable) throws(FlatBufferError) -> String {
        let vector = try vector(number, of: table, elementSizeBytes: 1, limit: bytes.count)
        let size = min(vector.count, ImportLimits.nameSizeBytesMax)
        return String(decoding: try copy(vector.start, size), as: UTF8.self)
    }
}
