/// CRC-32C (Castagnoli) with the known answers of RFC 3720, B.4: reflected polynomial 0x82F63B78.
enum CRC32C {
    private static let table: [UInt32] = (0..<256).map { index in
        var entry = UInt32(index)
        for _ in 0..<8 { entry = (entry >> 1) ^ (0x82F6_3B78 & (0 &- (entry & 1))) }
        return entry
    }

    /// The checksum of some bytes, continuing from the checksum of bytes before them.
    static func checksum(_ bytes: ArraySlice<UInt8>, after previous: UInt32 = 0) -> UInt32 {
        let table = table
        var crc = ~previous
        for index in bytes.indices {
            crc = (crc >> 8) ^ table[Int((crc ^ UInt32(bytes[index])) & 0xFF)]
        }
        return ~crc
    }
}
