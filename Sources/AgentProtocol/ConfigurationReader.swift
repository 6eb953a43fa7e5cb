/// What is wrong with a configuration, and in which line.
public struct ConfigurationFault: Error {
    /// What is wrong, in words.
    public let what: StaticString
    /// The line, from 1; the last one when something is missing.
    public let line: Int
}

/// Reads a configuration: strict, so that a slip of the pen is told and not guessed at.
public struct ConfigurationReader {
    /// Bytes of the file.
    public static let sizeMax = 16_384
    /// As many release keys as a bundle has places for signatures.
    public static let trustCountMax = 16

    private var line = 0
    private var seen: [[UInt8]] = []
    private var bundle: Path?
    private var state: Path?
    private var socket: Path?
    private var trust: [Path] = []
    private var address: CollectorAddress?
    private var identity: Path?
    private var token: Path?
    private var limits = Configuration.Limits()

    private init() {}

    /// Reads the text of a file.
    ///
    /// - Throws: `ConfigurationFault` for the first line that breaks a rule.
    public static func parse(_ text: [UInt8]) throws(ConfigurationFault) -> Configuration {
        var reader = ConfigurationReader()
        guard text.last ?? 0x0A == 0x0A else { throw reader.refused("the last line has no end") }
        for line in text.dropLast().split(separator: 0x0A, omittingEmptySubsequences: false) {
            reader.line += 1
            try reader.readLine([UInt8](line))
        }
        return try reader.finish()
    }

    private mutating func readLine(_ text: [UInt8]) throws(ConfigurationFault) {
        guard !text.isEmpty, text[0] != 0x23 else { return }
        guard !text.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw refused("a line holds a control character")
        }
        guard let space = text.firstIndex(of: 0x20), space > 0, space + 1 < text.count,
            text[space + 1] != 0x20, text.last != 0x20
        else { throw refused("a line must be a key, one space and a value") }
        let key = [UInt8](text[..<space])
        let value = [UInt8](text[(space + 1)...])
        if !Self.is(key, "trust") {
            guard !seen.contains(where: { $0 == key }) else { throw refused("a key is repeated") }
            seen.append(key)
        }
        if try takePath(key, value) { return }
        if try takeNumber(key, value) { return }
        guard Self.is(key, "name") else { throw refused("unknown key") }
        guard value.count <= 63 else { throw refused("a name has at most 63 bytes") }
        limits.name = value
    }

    private mutating func takePath(
        _ key: [UInt8],
        _ value: [UInt8]
    ) throws(ConfigurationFault) -> Bool {
        if Self.is(key, "collector") {
            do throws(CollectorAddress.Fault) {
                address = try CollectorAddress(value)
            } catch {
                switch error {
                case .form: throw refused("a collector is http://NUMBER:PORT")
                case .host: throw refused("a collector's host must be an IP number")
                }
            }
        } else if Self.is(key, "bundle") {
            bundle = try file(value)
        } else if Self.is(key, "state") {
            state = try file(value)
        } else if Self.is(key, "socket") {
            guard value.count <= 107 else { throw refused("a socket's name has at most 107 bytes") }
            socket = try file(value)
        } else if Self.is(key, "collector-identity") {
            identity = try file(value)
        } else if Self.is(key, "enrolment-token") {
            token = try file(value)
        } else if Self.is(key, "trust") {
            guard trust.count < Self.trustCountMax else { throw refused("too many trust lines") }
            trust.append(try file(value))
        } else {
            return false
        }
        return true
    }

    private mutating func takeNumber(
        _ key: [UInt8],
        _ value: [UInt8]
    ) throws(ConfigurationFault) -> Bool {
        let hour: UInt64 = 3_600_000
        if Self.is(key, "clients") {
            limits.clientCountMax = try number(value, 1...64)
        } else if Self.is(key, "request-timeout-ms") {
            limits.requestTimeout = try number(value, 10...hour)
        } else if Self.is(key, "idle-timeout-ms") {
            limits.idleTimeout = try number(value, 10...(24 * hour))
        } else if Self.is(key, "report-interval-ms") {
            limits.reportInterval = try number(value, 10...(24 * hour))
        } else if Self.is(key, "spool-bytes") {
            limits.spoolBytes = try number(value, (3 << 16)...(1 << 30))
        } else if Self.is(key, "batch-bytes") {
            limits.batchBytes = try number(value, 1_024...900_000)
        } else if Self.is(key, "uplink-timeout-ms") {
            limits.uplinkTimeout = try number(value, 10...hour)
        } else if Self.is(key, "backoff-min-ms") {
            limits.backoffMin = try number(value, 1...hour)
        } else if Self.is(key, "backoff-max-ms") {
            limits.backoffMax = try number(value, 1...(24 * hour))
        } else if Self.is(key, "drain-timeout-ms") {
            limits.drainTimeout = try number(value, 0...hour)
        } else {
            return false
        }
        return true
    }

    private func finish() throws(ConfigurationFault) -> Configuration {
        guard let bundle else { throw refused("the key bundle is missing") }
        guard let state else { throw refused("the key state is missing") }
        guard let socket else { throw refused("the key socket is missing") }
        guard !trust.isEmpty else { throw refused("the key trust is missing") }
        guard limits.backoffMin <= limits.backoffMax else {
            throw refused("backoff-min-ms is above backoff-max-ms")
        }
        var collector: CollectorSettings?
        if let address {
            guard let identity else { throw refused("the key collector-identity is missing") }
            collector = CollectorSettings(address: address, identity: identity, token: token)
        } else if identity != nil || token != nil {
            throw refused("the key collector is missing")
        }
        return Configuration(
            bundle: bundle,
            trust: trust,
            state: state,
            socket: socket,
            collector: collector,
            limits: limits
        )
    }
}

extension ConfigurationReader {
    @inline(never)
    private static func `is`(_ key: [UInt8], _ name: StaticString) -> Bool {
        key == TextLine(name).bytes
    }

    @inline(never)
    private func refused(_ what: StaticString) -> ConfigurationFault {
        ConfigurationFault(what: what, line: line)
    }

    private func file(_ value: [UInt8]) throws(ConfigurationFault) -> Path {
        guard let path = Path(value) else { throw refused("this is not a file name") }
        return path
    }

    @inline(never)
    private func number(
        _ value: [UInt8],
        _ range: ClosedRange<UInt64>
    ) throws(ConfigurationFault) -> UInt64 {
        guard let number = Decimal.read(value[...]) else {
            throw refused("this is not a decimal number")
        }
        guard range.contains(number) else { throw refused("the number is out of its range") }
        return number
    }
}
