// One ustar header, as this format writes it. Nothing in it is free: the name and the size
// determine all 512 bytes, so a reader makes the header again and compares.
//
//   0 name 100 | 100 mode "0000644" | 108 uid "0000000" | 116 gid "0000000" | 124 size, 11 octal
//   136 mtime "00000000000" | 148 checksum, 6 octal, NUL, space | 156 type '0' | 157 link name 100
//   257 "ustar" NUL "00" | 265 owner 32 | 297 group 32 | 329 device numbers "0000000" twice
//   345 to 512 zero. Each field ends with NUL.

/// The tar structure around a bundle's members.
public enum Tar {
    /// The size of a header and the unit of all members, in bytes.
    public static let blockSizeBytes = 512
    /// The size of the end mark: two zero blocks.
    public static let trailerSizeBytes = 1_024
    /// The longest member name: the name field less its NUL.
    public static let nameSizeMax = 99
    /// The largest member: eleven octal digits.
    public static let memberSizeMax: UInt64 = 0o77777777777

    /// The size of a member's content rounded up to whole blocks.
    public static func paddedSize(_ sizeBytes: UInt64) -> UInt64 {
        let rest = sizeBytes % UInt64(blockSizeBytes)
        return rest == 0 ? sizeBytes : sizeBytes + UInt64(blockSizeBytes) - rest
    }

    /// The header of a regular file.
    ///
    /// - Parameters:
    ///   - name: 1 to `nameSizeMax` bytes.
    ///   - sizeBytes: at most `memberSizeMax`.
    /// - Returns: 512 bytes.
    public static func header(name: [UInt8], sizeBytes: UInt64) -> [UInt8] {
        precondition((1...nameSizeMax).contains(name.count) && sizeBytes <= memberSizeMax)
        var header = [UInt8](repeating: 0, count: blockSizeBytes)
        header.replaceSubrange(0..<name.count, with: name)
        writeOctal(0o644, digits: 7, at: 100, in: &header)
        writeOctal(0, digits: 7, at: 108, in: &header)
        writeOctal(0, digits: 7, at: 116, in: &header)
        writeOctal(sizeBytes, digits: 11, at: 124, in: &header)
        writeOctal(0, digits: 11, at: 136, in: &header)
        header[156] = 0x30
        header.replaceSubrange(257..<265, with: [0x75, 0x73, 0x74, 0x61, 0x72, 0, 0x30, 0x30])
        writeOctal(0, digits: 7, at: 329, in: &header)
        writeOctal(0, digits: 7, at: 337, in: &header)
        // The checksum counts its own field as spaces.
        var sum: UInt64 = 8 * 0x20
        for byte in header { sum += UInt64(byte) }
        writeOctal(sum, digits: 6, at: 148, in: &header)
        header[155] = 0x20
        return header
    }

    private static func writeOctal(
        _ value: UInt64,
        digits: Int,
        at offset: Int,
        in header: inout [UInt8]
    ) {
        var rest = value
        for index in stride(from: digits - 1, through: 0, by: -1) {
            header[offset + index] = 0x30 + UInt8(truncatingIfNeeded: rest & 7)
            rest >>= 3
        }
    }
}
