/// The checksum of Ethernet, zlib, U-Boot and GPT (ISO 3309).
///
/// Polynomial 0xEDB88320 reflected, all ones before and after; bit by bit, since a table would be a
/// kilobyte of the agent and what is summed is at most 64 KiB.
public enum CRC32 {
    /// The checksum of some bytes.
    public static func sum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 0 ? 0 : 0xEDB8_8320) }
        }
        return ~sum
    }
}
