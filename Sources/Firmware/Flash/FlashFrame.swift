/// A record for programs, preceded by its length.
///
/// ```
/// 0            4                4 + length
/// | length u32 | JSON, in UTF-8 |          the length is big endian, without its own 4 bytes
/// ```
public enum FlashFrame {
    /// The record with its length in front.
    public static func bytes(_ record: [UInt8]) -> [UInt8] {
        precondition(record.count <= Int(UInt32.max), "records are a few hundred bytes")
        let length = UInt32(record.count)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) } + record
    }
}
