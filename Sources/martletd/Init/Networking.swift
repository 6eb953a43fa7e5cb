import AgentProtocol
import CPlatform

/// Brings the device's network up; nothing of it is fatal.
enum Networking {
    private static let dhcpClient: StaticString = "/bin/busybox"

    /// Sets the name and the interfaces; what must be kept running for it, a DHCP client.
    static func begin(_ settings: DeviceSettings) -> Child? {
        // Safe: the pointer and the count are the array's.
        check(unsafe platform_set_host_name(settings.hostname, settings.hostname.count), "name")
        check(up(Path(fixed: "lo")), "lo")
        guard let interface = settings.interface else { return nil }
        switch settings.network {
        case .none: return nil
        case .dhcp:
            check(up(interface), "interface")
            return Child(
                [TextLine(dhcpClient).bytes]
                    + words([
                        "udhcpc", "-f", "-S", "-t", "4", "-A", "5", "-s", "/etc/udhcpc.script",
                    ])
                    + [TextLine("-i").bytes, interface.text]
            )
        case .fixed(let address, let prefix, let gateway, let dns):
            let mask = prefix == 0 ? 0 : UInt32.max << (32 - UInt32(prefix))
            // Safe: the name ends with NUL.
            check(
                unsafe platform_interface_set_address(interface.bytes, address, mask),
                "address"
            )
            check(up(interface), "interface")
            if let gateway { check(platform_default_route(gateway), "gateway") }
            if let dns { writeResolver(dns) }
            return nil
        }
    }

    /// The file that tells systemd's network service the same.
    static func unit(_ settings: DeviceSettings) -> [UInt8]? {
        guard let interface = settings.interface else { return nil }
        var text = TextLine("[Match]\nName=")
        text.append(visible: interface.text)
        text.append("\n[Network]\n")
        switch settings.network {
        case .none: return nil
        case .dhcp: text.append("DHCP=yes\n")
        case .fixed(let address, let prefix, let gateway, let dns):
            text.append("Address=")
            text.append(address: address)
            text.append("/")
            text.append(Int(prefix))
            for (key, value) in [("\nGateway=" as StaticString, gateway), ("\nDNS=", dns)] {
                guard let value else { continue }
                text.append(key)
                text.append(address: value)
            }
            text.append("\n")
        }
        return text.bytes
    }

    private static func words(_ texts: [StaticString]) -> [[UInt8]] {
        texts.map { TextLine($0).bytes }
    }

    private static func up(_ interface: Path) -> Int32 {
        // Safe: the name ends with NUL.
        unsafe platform_interface_up(interface.bytes)
    }

    private static func check(_ result: Int32, _ what: StaticString) {
        guard result < 0 else { return }
        Log.note(AgentError.system(.network, code: -result, path: Path(fixed: what)))
    }

    private static func writeResolver(_ server: UInt32) {
        var text = TextLine("nameserver ")
        text.append(address: server)
        text.append("\n")
        do throws(AgentError) {
            try Kernel.writeFile(Path(fixed: "/etc/resolv.conf"), text.bytes)
        } catch {
            Log.note(error)
        }
    }
}

extension TextLine {
    /// An IPv4 number in dots.
    mutating func append(address: UInt32) {
        for shift in [UInt32(24), 16, 8, 0] {
            append(UInt64(address >> shift & 0xFF))
            if shift > 0 { append(".") }
        }
    }
}
