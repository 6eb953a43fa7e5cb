import BootControl

/// The file that U-Boot takes a script from: its "legacy" image of type script.
///
/// ```
/// | magic 27 05 19 56 | header's CRC-32 | time 0 | size | load 0 | entry 0 | content's CRC-32 |
/// | 5 (Linux) | 2 (ARM) | 6 (script) | 0 (not compressed) | name, 32 bytes | content ...       |
/// content: size of the text, 0, the text
/// ```
/// Numbers have their highest byte first; the header is 64 bytes long and its checksum is taken
/// with the field itself zero. Source: `include/image.h` of U-Boot. The time is always 0 so that
/// two builds are the same; U-Boot looks at neither time nor architecture of a script.
enum ScriptImage {
    /// Magic to name.
    static let headerSizeBytes = 64
    private static let nameSizeBytes = 32
    private static let checksumOffset = 4

    /// The image of a script.
    ///
    /// - Parameters:
    ///   - text: the script.
    ///   - name: shown when U-Boot runs it; cut off after 32 bytes.
    /// - Returns: Header and content.
    static func bytes(of text: String, name: String) -> [UInt8] {
        let content = word(UInt32(text.utf8.count)) + word(0) + Array(text.utf8)
        let title = Array(name.utf8.prefix(nameSizeBytes))
        var header = word(0x2705_1956) + word(0) + word(0)
        header += word(UInt32(content.count)) + word(0) + word(0)
        header += word(CRC32.sum(content[...])) + [5, 2, 6, 0]
        header += title + [UInt8](repeating: 0, count: nameSizeBytes - title.count)
        let checksum = word(CRC32.sum(header[...]))
        header.replaceSubrange(checksumOffset..<checksumOffset + 4, with: checksum)
        return header + content
    }

    private static func word(_ value: UInt32) -> [UInt8] {
        (0..<4).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
}
