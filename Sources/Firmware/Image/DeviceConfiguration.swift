private import AgentProtocol
private import Telemetry

/// What one image tells its device: its name, network, collector, keys and programs.
///
/// It becomes the files of `/etc/martlet`:
///
/// ```
/// device.conf   hostname, interface, network, gateway, dns, service   (read by init)
/// agent.conf    the agent's ordinary configuration                    (read by the agent)
/// release-N.pub collector.id token root.eib-root                      (named in agent.conf)
/// ```
/// Invariants, proved by `files`: every value is what the device's own readers take, and
/// `agent.conf` passes the reader that the agent uses. The token is a secret: it is written to its
/// file and appears nowhere else, not even in an error.
public struct DeviceConfiguration: Sendable {
    /// A release key's file, as it is put on the device.
    public let trust: [[UInt8]]
    /// The host name, also the name that the agent reports.
    public var hostname: String
    /// How the network is brought up.
    public var network: FirmwareProfile.Network
    /// Between reports, in milliseconds.
    public var reportIntervalMilliseconds: Int64
    /// Where the collector listens, `http://NUMBER:PORT`; without it, reports wait in the spool.
    public var collector: String?
    /// The collector's identity line; needed with a collector.
    public var collectorIdentity: [UInt8]?
    /// The one-time token, 64 hexadecimal digits; only with a collector.
    public var enrolmentToken: [UInt8]?
    /// A root document for later trust decisions, stored as it is.
    public var rootDocument: [UInt8]?
    /// Programs that init starts when the agent serves: an absolute path and arguments.
    public var services: [String] = []

    /// Programs of one device, as init supervises them.
    public static let serviceCountMax = 8
    /// The longest program with its arguments, in bytes.
    public static let serviceSizeMax = 512
    /// The largest root document in bytes.
    public static let rootDocumentSizeMax = 65_536
    /// Where the files are on the device.
    public static let folder = "/etc/martlet"

    /// Makes the configuration that a profile has by default.
    ///
    /// - Parameters:
    ///   - defaults: the profile's values.
    ///   - trust: the content of 1 to 16 release keys' files.
    public init(_ defaults: FirmwareProfile.ConfigurationDefaults, trust: [[UInt8]]) {
        self.trust = trust
        hostname = defaults.hostname
        network = defaults.network
        reportIntervalMilliseconds = defaults.reportIntervalMilliseconds
    }

    /// The files of `/etc/martlet`.
    ///
    /// - Parameters:
    ///   - data: the profile's data area.
    ///   - bundleName: the bundle's name, of its manifest.
    ///   - isService: whether the agent joins an existing system, which has its own name and
    ///     network; there is no `device.conf` then.
    /// - Returns: The files by their names.
    /// - Throws: `ImageError.configuration` for the first value that the device would refuse.
    func files(
        data: FirmwareProfile.DataArea,
        bundleName: String,
        isService: Bool = false
    ) throws(ImageError) -> FileTree {
        var tree = FileTree()
        let device = try deviceLines()
        if !isService { try tree.add("device.conf", .bytes(device), mode: 0o644) }
        let socket = isService ? "/run/martlet/agent.sock" : "/run/martlet.sock"
        let agent = try agentLines(data, bundleName: bundleName, socket: socket)
        try tree.add("agent.conf", .bytes(agent), mode: 0o644)
        guard (1...ConfigurationReader.trustCountMax).contains(trust.count) else {
            throw .configuration(what: "\(trust.count) keys are trusted; 1 to 16 are needed")
        }
        for (index, key) in trust.enumerated() {
            try tree.add("release-\(index + 1).pub", .bytes(key), mode: 0o644)
        }
        if let collectorIdentity {
            guard CollectorIdentity(line: collectorIdentity) != nil else {
                throw .configuration(what: "this is not a collector's identity line")
            }
            try tree.add("collector.id", .bytes(collectorIdentity), mode: 0o644)
        }
        if let enrolmentToken {
            try tree.add("token", .bytes(Self.checked(token: enrolmentToken)), mode: 0o600)
        }
        if let rootDocument {
            guard (1...Self.rootDocumentSizeMax).contains(rootDocument.count) else {
                throw .configuration(
                    what: "the root document has \(rootDocument.count) of at most "
                        + "\(Self.rootDocumentSizeMax) bytes"
                )
            }
            try tree.add("root.eib-root", .bytes(rootDocument), mode: 0o644)
        }
        return tree
    }

    private static func checked(token: [UInt8]) throws(ImageError) -> [UInt8] {
        var token = token
        while let last = token.last, [0x0A, 0x0D, 0x20].contains(last) { token.removeLast() }
        let isHexadecimal = token.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x66).contains($0)
        }
        guard token.count == 64, isHexadecimal else {
            throw .configuration(what: "an enrolment token is 64 lower-case hexadecimal digits")
        }
        return token + [0x0A]
    }

    private func agentLines(
        _ data: FirmwareProfile.DataArea,
        bundleName: String,
        socket: String
    ) throws(ImageError) -> [UInt8] {
        var lines = ["bundle \(data.path)/bundles/\(bundleName).eib"]
        lines += trust.indices.map { "trust \(Self.folder)/release-\($0 + 1).pub" }
        lines += [
            "state \(data.path)/agent", "socket \(socket)", "name \(hostname)",
            "report-interval-ms \(reportIntervalMilliseconds)",
            "spool-bytes \(min(data.spoolQuotaBytes, 1 << 30))",
        ]
        if let collector { lines.append("collector \(collector)") }
        if collectorIdentity != nil {
            lines.append("collector-identity \(Self.folder)/collector.id")
        }
        if enrolmentToken != nil { lines.append("enrolment-token \(Self.folder)/token") }
        let text = [UInt8](lines.map { $0 + "\n" }.joined().utf8)
        do throws(ConfigurationFault) {
            _ = try ConfigurationReader.parse(text)
        } catch {
            let line = lines.indices.contains(error.line - 1) ? lines[error.line - 1] : "its end"
            throw .configuration(what: "\(error.what) ('\(ImageError.visible(line))')")
        }
        return text
    }
}

// What init reads; its rules are repeated here, because it must not be asked to boot a device into
// a configuration that it refuses.
extension DeviceConfiguration {
    private func deviceLines() throws(ImageError) -> [UInt8] {
        guard Self.isHostname(hostname) else {
            throw .configuration(
                what: "the host name '\(ImageError.visible(hostname))' is not 1 to 63 letters, "
                    + "digits and inner hyphens"
            )
        }
        var lines = ["hostname \(hostname)"]
        if network.method != .none { lines.append("interface \(try interface())") }
        switch network.method {
        case .dhcp: lines.append("network dhcp")
        case .none: lines.append("network none")
        case .static:
            guard let address = network.address, Self.isNetworkAddress(address) else {
                throw .configuration(what: "a static network needs an address A.B.C.D/P")
            }
            lines.append("network static \(address)")
        }
        for (key, value) in [("gateway", network.gateway), ("dns", network.dns)] {
            guard let value else { continue }
            guard network.method == .static, Self.isAddress(Substring(value)) else {
                throw .configuration(what: "\(key) is an address A.B.C.D of a static network")
            }
            lines.append("\(key) \(value)")
        }
        guard services.count <= Self.serviceCountMax else {
            throw .configuration(what: "there are more than \(Self.serviceCountMax) services")
        }
        for service in services { lines.append("service \(try Self.checked(service: service))") }
        return [UInt8](lines.map { $0 + "\n" }.joined().utf8)
    }

    private func interface() throws(ImageError) -> String {
        let name = network.interface
        let isName =
            (1...15).contains(name.utf8.count)
            && name.utf8.allSatisfy { Self.isLetterOrDigit($0) || Array("-_.:".utf8).contains($0) }
        guard isName, name != ".", name != ".." else {
            throw .configuration(
                what: "'\(ImageError.visible(name))' is not a network interface's name"
            )
        }
        return name
    }

    private static func checked(service: String) throws(ImageError) -> String {
        let words = service.split(separator: " ", omittingEmptySubsequences: false)
        let isPlain =
            service.utf8.count <= serviceSizeMax && service.hasPrefix("/")
            && words.allSatisfy { !$0.isEmpty } && service.utf8.allSatisfy { (0x20..<0x7F) ~= $0 }
        guard isPlain else {
            throw .configuration(
                what: "the service '\(ImageError.visible(service))' is not an absolute path and "
                    + "arguments with single spaces between"
            )
        }
        return service
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }

    static func isHostname(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        return (1...63).contains(bytes.count) && bytes.first != 0x2D && bytes.last != 0x2D
            && bytes.allSatisfy { isLetterOrDigit($0) || $0 == 0x2D }
    }

    static func isAddress(_ text: Substring) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { isDecimal($0, upTo: 255) }
    }

    static func isNetworkAddress(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return parts.count == 2 && isAddress(parts[0]) && isDecimal(parts[1], upTo: 32)
    }

    private static func isDecimal(_ text: Substring, upTo limit: Int) -> Bool {
        let isForm = (1...3).contains(text.utf8.count) && text.utf8.allSatisfy { (48...57) ~= $0 }
        guard isForm, text == "0" || !text.hasPrefix("0") else { return false }
        return Int(text) ?? .max <= limit
    }
}
