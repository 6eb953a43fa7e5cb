// device.conf on the configuration's partition: what one device is told apart from its model.
//
//   hostname pump-7
//   interface eth0
//   network dhcp                          or none, or static A.B.C.D/PREFIX
//   gateway A.B.C.D                       with static only
//   dns A.B.C.D                           with static only
//   service /path/to/program argument...  at most 8 lines

/// A device's name, its network, and the programs that run beside the agent.
public struct DeviceSettings: Sendable, Equatable {
    /// How the device gets its address.
    public enum Network: Sendable, Equatable {
        /// Not at all.
        case none
        /// It asks.
        case dhcp
        /// It has it; numbers are in the processor's order.
        case fixed(address: UInt32, prefix: UInt8, gateway: UInt32?, dns: UInt32?)
    }

    /// Bytes of the file.
    public static let sizeMax = 8_192
    /// Programs beside the agent.
    public static let serviceCountMax = 8

    /// The name: 1 to 63 letters, digits and inner hyphens.
    public var hostname: [UInt8]
    /// The network's interface; `nil` only without a network.
    public var interface: Path?
    /// How it gets its address.
    public var network: Network
    /// Programs, each with its arguments.
    public var services: [[[UInt8]]]

    /// What a device without a readable file gets, so that its agent runs all the same.
    public static let unnamed = DeviceSettings(
        hostname: TextLine("martlet").bytes,
        interface: nil,
        network: .none,
        services: []
    )

    /// Reads the text of the file.
    ///
    /// - Throws: `ConfigurationFault` for the first line that breaks a rule.
    public static func parse(_ text: [UInt8]) throws(ConfigurationFault) -> DeviceSettings {
        var reader = DeviceSettingsReader(lines: try ConfigurationLines(text, sizeMax: sizeMax))
        return try reader.read()
    }
}

private struct DeviceSettingsReader {
    var lines: ConfigurationLines
    private var hostname: [UInt8]?
    private var interface: Path?
    private var network: DeviceSettings.Network?
    private var gateway: UInt32?
    private var dns: UInt32?
    private var services: [[[UInt8]]] = []

    init(lines: ConfigurationLines) { self.lines = lines }

    mutating func read() throws(ConfigurationFault) -> DeviceSettings {
        while let (key, value) = try lines.next() {
            if !ConfigurationLines.is(key, "service") { try lines.takeOnce(key) }
            try take(key, value)
        }
        guard let hostname, let network else {
            throw lines.refused("hostname and network are needed")
        }
        guard network == .none || interface != nil else {
            throw lines.refused("a network needs its interface")
        }
        var whole = network
        if case .fixed(let address, let prefix, _, _) = network {
            whole = .fixed(address: address, prefix: prefix, gateway: gateway, dns: dns)
        } else if gateway != nil || dns != nil {
            throw lines.refused("gateway and dns belong to a static network")
        }
        return DeviceSettings(
            hostname: hostname,
            interface: interface,
            network: whole,
            services: services
        )
    }

    private mutating func take(_ key: [UInt8], _ value: [UInt8]) throws(ConfigurationFault) {
        if ConfigurationLines.is(key, "hostname") {
            guard isHostname(value) else {
                throw lines.refused("a host name is 1 to 63 letters, digits and inner hyphens")
            }
            hostname = value
        } else if ConfigurationLines.is(key, "interface") {
            guard (1...15).contains(value.count), value.allSatisfy(isInterfaceByte),
                value != [0x2E], value != [0x2E, 0x2E]
            else { throw lines.refused("this is not a network interface's name") }
            interface = Path(value)
        } else if ConfigurationLines.is(key, "network") {
            network = try method(value)
        } else if ConfigurationLines.is(key, "gateway") {
            gateway = try address(value[...])
        } else if ConfigurationLines.is(key, "dns") {
            dns = try address(value[...])
        } else if ConfigurationLines.is(key, "service") {
            try takeService(value)
        } else {
            throw lines.refused("unknown key")
        }
    }

    private func method(_ value: [UInt8]) throws(ConfigurationFault) -> DeviceSettings.Network {
        if ConfigurationLines.is(value, "none") { return .none }
        if ConfigurationLines.is(value, "dhcp") { return .dhcp }
        let words = try lines.words(value, 2...2)
        let parts = words[1].split(separator: 0x2F, omittingEmptySubsequences: false)
        guard ConfigurationLines.is(words[0], "static"), parts.count == 2 else {
            throw lines.refused("a network is none, dhcp or static A.B.C.D/PREFIX")
        }
        let prefix = try lines.number([UInt8](parts[1]), 0...32)
        return .fixed(
            address: try address(parts[0]),
            prefix: UInt8(prefix),
            gateway: nil,
            dns: nil
        )
    }

    private mutating func takeService(_ value: [UInt8]) throws(ConfigurationFault) {
        guard services.count < DeviceSettings.serviceCountMax else {
            throw lines.refused("there are at most 8 services")
        }
        guard value.first == 0x2F else {
            throw lines.refused("a service begins with its program's absolute path")
        }
        services.append(try lines.words(value, 1...64))
    }

    private func address(_ text: ArraySlice<UInt8>) throws(ConfigurationFault) -> UInt32 {
        let parts = text.split(separator: 0x2E, omittingEmptySubsequences: false)
        guard parts.count == 4 else { throw lines.refused("an address is A.B.C.D") }
        var address: UInt32 = 0
        for part in parts {
            address = address << 8 | UInt32(try lines.number([UInt8](part), 0...255))
        }
        return address
    }

    private func isHostname(_ name: [UInt8]) -> Bool {
        (1...63).contains(name.count) && name.first != 0x2D && name.last != 0x2D
            && name.allSatisfy { isLetterOrDigit($0) || $0 == 0x2D }
    }

    private func isInterfaceByte(_ byte: UInt8) -> Bool {
        isLetterOrDigit(byte) || [0x2D, 0x5F, 0x2E, 0x3A].contains(byte)
    }

    private func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }
}
