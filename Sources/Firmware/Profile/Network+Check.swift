extension FirmwareProfile.Network {
    /// What is wrong with the settings; nil when they can be used.
    public var problem: NetworkProblem? {
        let others = [("address", address), ("gateway", gateway), ("dns", dns)]
        guard method == .static else {
            return others.first { $0.1 != nil }.map { .needsStatic(key: $0.0) }
        }
        guard let address else { return .addressMissing }
        let parts = address.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let host = Self.address(String(parts[0])),
            let length = Self.number(parts[1]), (1...32).contains(length)
        else { return .malformed(key: "address", value: address) }
        guard Self.isHost(host) else { return .unusable(key: "address", value: address) }
        for (key, value) in others.dropFirst() {
            guard let value else { continue }
            guard let parsed = Self.address(value) else {
                return .malformed(key: key, value: value)
            }
            guard Self.isHost(parsed) else { return .unusable(key: key, value: value) }
        }
        let mask = UInt32.max << (32 - UInt32(length))
        if let gateway, let parsed = Self.address(gateway), parsed & mask != host & mask {
            return .gatewayElsewhere(gateway: gateway, address: address)
        }
        let isReserved = length < 31 && (host & ~mask == 0 || host | mask == UInt32.max)
        return isReserved ? .unusable(key: "address", value: address) : nil
    }

    /// Four decimal numbers without leading zeros.
    private static func address(_ text: String) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard let number = number(part), number <= 255 else { return nil }
            value = value << 8 | UInt32(number)
        }
        return value
    }

    private static func number(_ text: Substring) -> Int? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), text.count <= 3,
            text == "0" || !text.hasPrefix("0")
        else { return nil }
        return Int(text)
    }

    /// Neither "this network", loopback, multicast nor reserved (RFC 6890).
    private static func isHost(_ address: UInt32) -> Bool {
        let first = address >> 24
        return (1...223).contains(first) && first != 127
    }
}
