/// Little-endian records in borrowed memory, bounds-checked at each read.
///
/// The memory must stay mapped and unchanged while the table is in use.
@safe
struct ByteTable {
    private let bytes: UnsafeRawBufferPointer

    init(_ bytes: UnsafeRawBufferPointer) { unsafe self.bytes = bytes }

    var count: Int { unsafe bytes.count }

    var isAligned: Bool {
        guard let base = unsafe bytes.baseAddress else { return true }
        return UInt(bitPattern: base) % UInt(ProgramFormat.alignmentBytes) == 0
    }

    func byte(at offset: Int) -> UInt8 {
        precondition(offset >= 0 && offset < count)
        return unsafe bytes[offset]  // checked above
    }

    func half(at offset: Int) -> UInt16 {
        UInt16(byte(at: offset)) | UInt16(byte(at: offset + 1)) << 8
    }

    func word(at offset: Int) -> UInt32 {
        precondition(offset >= 0 && offset <= count - 4)
        // Four bytes from `offset` are inside, checked above.
        return UInt32(
            littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
        )
    }

    func signedWord(at offset: Int) -> Int32 { Int32(bitPattern: word(at: offset)) }

    /// A copy of the C structure at `offset`.
    func value<Value: BitwiseCopyable>(at offset: Int, as type: Value.Type) -> Value {
        precondition(offset >= 0 && offset <= count - MemoryLayout<Value>.size)
        // All bytes of the value are inside, checked above; any bits are a valid integer structure.
        return unsafe bytes.loadUnaligned(fromByteOffset: offset, as: type)
    }

    /// The address of `offset`, for a kernel that was given the size when it was validated.
    func address(at offset: Int) -> UnsafeRawPointer? {
        precondition(offset >= 0 && offset <= count)
        return unsafe bytes.baseAddress.map { unsafe $0 + offset }  // checked above
    }

    /// The first offset of a non-zero byte in a range, or nil.
    func firstNonZero(in range: Range<Int>) -> Int? {
        for offset in range where byte(at: offset) != 0 { return offset }
        return nil
    }
}
