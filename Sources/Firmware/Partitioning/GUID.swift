/// A 16-byte identifier of disks, partitions, partition types and file systems (RFC 9562).
public struct GUID: Sendable, Hashable {
    /// The 16 bytes in the order of the text form.
    public let bytes: [UInt8]

    /// The identifier of unused entries.
    public static let zero = GUID(bytes: [UInt8](repeating: 0, count: 16))

    /// Takes 16 bytes in the order of the text form.
    ///
    /// - Precondition: There are 16.
    init(bytes: [UInt8]) {
        precondition(bytes.count == 16, "an identifier has 16 bytes, not \(bytes.count)")
        self.bytes = bytes
    }

    /// Takes the 16 bytes of a GPT, where the first three fields are little endian.
    init(diskBytes: some Collection<UInt8>) {
        self.init(bytes: Self.swapped(Array(diskBytes)))
    }

    /// Reads the text form, 32 hexadecimal digits with or without the four `-`.
    ///
    /// - Returns: Nil when the text is not an identifier.
    public init?(_ text: String) {
        let digits = text.utf8.filter { $0 != UInt8(ascii: "-") }
        guard digits.count == 32, text.utf8.count == 32 || text.utf8.count == 36 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: 32, by: 2) {
            let pair = String(decoding: digits[index..<index + 2], as: UTF8.self)
            guard pair.utf8.allSatisfy({ $0.isLetterOrDigit }), let byte = UInt8(pair, radix: 16)
            else { return nil }
            bytes.append(byte)
        }
        self.init(bytes: bytes)
    }

    /// The bytes as a GPT holds them: the fields of 4, 2 and 2 bytes little endian.
    public var diskBytes: [UInt8] { Self.swapped(bytes) }

    private static func swapped(_ bytes: [UInt8]) -> [UInt8] {
        bytes[0..<4].reversed() + bytes[4..<6].reversed() + bytes[6..<8].reversed() + bytes[8...]
    }
}

extension GUID: CustomStringConvertible {
    /// The text form in capitals, as the partitioning tools print it.
    public var description: String {
        let digits = Array("0123456789ABCDEF")
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text.append("-") }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return text
    }
}
