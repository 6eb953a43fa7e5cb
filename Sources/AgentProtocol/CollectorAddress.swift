/// Where the collector listens: a number, because looking up a name would hold up inference.
public struct CollectorAddress: Sendable, Equatable {
    /// An IPv4 or IPv6 number and a NUL.
    public let host: [UInt8]
    /// The TCP port, not 0.
    public let port: UInt16
    /// `host:port` as in the configuration, for the Host header.
    public let authority: [UInt8]

    /// Why a text is not an address.
    enum Fault: Error {
        case form, host
    }

    /// Reads `http://NUMBER:PORT`, where an IPv6 number is in brackets.
    init(_ text: [UInt8]) throws(Fault) {
        let scheme = TextLine("http://").bytes
        guard text.starts(with: scheme) else { throw .form }
        let authority = [UInt8](text.dropFirst(scheme.count))
        guard let colon = authority.lastIndex(of: 0x3A),
            let port = Decimal.read(authority[(colon + 1)...]), (1...65_535).contains(port)
        else { throw .form }
        var host = authority[..<colon]
        if host.first == 0x5B, host.last == 0x5D {
            host = host.dropFirst().dropLast()
            guard IPNumber.isVersion6(host) else { throw .host }
        } else {
            guard IPNumber.isVersion4(host) else { throw .host }
        }
        self.host = host + [0]
        self.port = UInt16(port)
        self.authority = authority
    }
}

/// Whether a text is an address: what passes here, the system reads without asking a name server.
enum IPNumber {
    /// Four decimal numbers up to 255, with dots between.
    static func isVersion4(_ text: ArraySlice<UInt8>) -> Bool {
        let parts = text.split(separator: 0x2E, omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { Decimal.read($0) ?? 256 <= 255 }
    }

    /// Eight groups of hexadecimal digits with colons between; `::` once, for one group of zeros or
    /// more; the last two groups may be an IPv4 number (RFC 4291, section 2.2).
    static func isVersion6(_ text: ArraySlice<UInt8>) -> Bool {
        var index = text.startIndex
        while index + 1 < text.endIndex {
            if text[index] == 0x3A, text[index + 1] == 0x3A {
                guard let before = groupCount(text[..<index], mayEndInVersion4: false),
                    let after = groupCount(text[(index + 2)...], mayEndInVersion4: true)
                else { return false }
                return before + after <= 7
            }
            index += 1
        }
        return groupCount(text, mayEndInVersion4: true) == 8
    }

    /// The number of groups; `nil` when one is malformed.
    private static func groupCount(_ text: ArraySlice<UInt8>, mayEndInVersion4: Bool) -> Int? {
        guard !text.isEmpty else { return 0 }
        let groups = text.split(separator: 0x3A, omittingEmptySubsequences: false)
        var count = 0
        for (index, group) in groups.enumerated() {
            if mayEndInVersion4, index == groups.count - 1, isVersion4(group) {
                count += 2
            } else {
                guard (1...4).contains(group.count), group.allSatisfy(isHexadecimal) else {
                    return nil
                }
                count += 1
            }
        }
        return count
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }
}
