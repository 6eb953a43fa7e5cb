internal import AgentProtocol
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
/// Invariants, proved by `files`: both configurations pass the readers that the device uses, and
/// no value brings a line of its own. The token is a secret: it is written to its
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
        return try Self.checked(lines) { (text) throws(ConfigurationFault) in
            _ = try ConfigurationReader.parse(text)
        }
    }
}

extension DeviceConfiguration {
    private func deviceLines() throws(ImageError) -> [UInt8] {
        var lines = ["hostname \(hostname)"]
        if network.method != .none { lines.append("interface \(network.interface)") }
        lines.append(
            network.method == .static
                ? "network static \(network.address ?? "")" : "network \(network.method.rawValue)"
        )
        if let gateway = network.gateway { lines.append("gateway \(gateway)") }
        if let dns = network.dns { lines.append("dns \(dns)") }
        lines += services.map { "service \($0)" }
        return try Self.checked(lines) { (text) throws(ConfigurationFault) in
            _ = try DeviceSettings.parse(text)
        }
    }

    /// The text of some lines, read as the device reads it: what it would refuse, is not written.
    static func checked(
        _ lines: [String],
        by reader: ([UInt8]) throws(ConfigurationFault) -> Void
    ) throws(ImageError) -> [UInt8] {
        // Each value must be one line, or it could bring lines of its own.
        for line in lines where !line.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) {
            throw .configuration(what: "'\(ImageError.visible(line))' is not a line of plain text")
        }
        let text = [UInt8](lines.map { $0 + "\n" }.joined().utf8)
        do throws(ConfigurationFault) {
            try reader(text)
        } catch {
            let line = lines.indices.contains(error.line - 1) ? lines[error.line - 1] : "the end"
            throw .configuration(what: "\(error.what) ('\(ImageError.visible(line))')")
        }
        return text
    }
}
