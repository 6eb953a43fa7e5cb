// Counts as bytes: each count is a LEB128 number (7 bits a byte, low first); a zero count is a zero
// byte followed by the number of further zeros. Trailing zeros are coded like others, so the bytes
// determine the number of counts. One list of counts has one coding: numbers are in their shortest
// form, and a run of zeros is never split.

/// Codes lists of counts so that empty histograms cost three bytes.
enum CountCoding {
    static func encode(_ counts: [UInt32]) -> [UInt8] {
        var bytes: [UInt8] = []
        var index = 0
        while index < counts.count {
            append(counts[index], to: &bytes)
            guard counts[index] == 0 else {
                index += 1
                continue
            }
            let start = index
            while index < counts.count, counts[index] == 0 { index += 1 }
            append(UInt32(index - start - 1), to: &bytes)
        }
        return bytes
    }

    /// The counts that bytes code; `nil` unless there are `count` of them in the one coding.
    static func decode(_ bytes: [UInt8], count: Int) -> [UInt32]? {
        var counts: [UInt32] = []
        counts.reserveCapacity(count)
        var offset = 0
        var endsInZeros = false
        while offset < bytes.count {
            guard let value = number(bytes, &offset), counts.count < count else { return nil }
            counts.append(value)
            guard value == 0 else {
                endsInZeros = false
                continue
            }
            guard !endsInZeros, let more = number(bytes, &offset),
                more <= UInt32(count - counts.count)
            else { return nil }
            for _ in 0..<more { counts.append(0) }
            endsInZeros = true
        }
        return counts.count == count ? counts : nil
    }

    private static func append(_ value: UInt32, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    private static func number(_ bytes: [UInt8], _ offset: inout Int) -> UInt32? {
        var value: UInt64 = 0
        for shift in 0..<5 {
            guard offset < bytes.count else { return nil }
            let byte = bytes[offset]
            offset += 1
            value |= UInt64(byte & 0x7F) << UInt64(7 * shift)
            if byte & 0x80 == 0 {
                guard byte != 0 || shift == 0 else { return nil }
                return UInt32(exactly: value)
            }
        }
        return nil
    }
}
