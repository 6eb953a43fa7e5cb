import Testing

@testable import AgentProtocol

@Suite("The configuration file")
struct ConfigurationReaderTests {
    static let least = "bundle /b.eib\ntrust /k.pub\nstate /s\nsocket /a.sock\n"
    static let collector = "collector http://127.0.0.1:80\ncollector-identity /id\n"

    static func parse(_ text: String) throws(ConfigurationFault) -> Configuration {
        try ConfigurationReader.parse([UInt8](text.utf8))
    }

    static func fault(_ text: String) -> String? {
        do throws(ConfigurationFault) {
            _ = try parse(text)
            return nil
        } catch {
            return "\(error.line): \(error.what)"
        }
    }

    static func path(_ text: String) -> Path? { Path([UInt8](text.utf8)) }

    @Test("four keys are enough, and the rest has the documented defaults")
    func defaults() throws {
        let configuration = try Self.parse(Self.least)
        #expect(configuration.bundle == Self.path("/b.eib"))
        #expect(configuration.trust == [try #require(Self.path("/k.pub"))])
        #expect(configuration.state == Self.path("/s"))
        #expect(configuration.socket == Self.path("/a.sock"))
        #expect(configuration.collector == nil)
        #expect(configuration.limits.name == [])
        #expect(configuration.limits.clientCountMax == 8)
        #expect(configuration.limits.requestTimeout == 5_000)
        #expect(configuration.limits.idleTimeout == 600_000)
        #expect(configuration.limits.reportInterval == 300_000)
        #expect(configuration.limits.spoolBytes == 4_194_304)
        #expect(configuration.limits.batchBytes == 32_768)
        #expect(configuration.limits.uplinkTimeout == 10_000)
        #expect(configuration.limits.backoffMin == 1_000)
        #expect(configuration.limits.backoffMax == 3_600_000)
        #expect(configuration.limits.drainTimeout == 3_000)
    }

    @Test("every key is read")
    func allKeys() throws {
        let configuration = try Self.parse(
            """
            # A pump.

            bundle /b.eib
            trust /k.pub
            trust /k2.pub
            state /s with space
            socket /a.sock
            name pump 7
            clients 3
            request-timeout-ms 11
            idle-timeout-ms 12
            report-interval-ms 13
            spool-bytes 196608
            batch-bytes 1024
            uplink-timeout-ms 14
            backoff-min-ms 15
            backoff-max-ms 16
            drain-timeout-ms 0
            collector http://[fe80::1]:8080
            collector-identity /id
            enrolment-token /token

            """
        )
        let limits = configuration.limits
        #expect(configuration.trust.count == 2)
        #expect(configuration.state == Self.path("/s with space"))
        #expect(limits.name == [UInt8]("pump 7".utf8))
        #expect(limits.clientCountMax == 3)
        #expect(limits.requestTimeout == 11)
        #expect(limits.idleTimeout == 12)
        #expect(limits.reportInterval == 13)
        #expect(limits.spoolBytes == 196_608)
        #expect(limits.batchBytes == 1_024)
        #expect(limits.uplinkTimeout == 14)
        #expect(limits.backoffMin == 15)
        #expect(limits.backoffMax == 16)
        #expect(limits.drainTimeout == 0)
        let collector = try #require(configuration.collector)
        #expect(collector.address.host == [UInt8]("fe80::1\0".utf8))
        #expect(collector.address.port == 8_080)
        #expect(collector.address.authority == [UInt8]("[fe80::1]:8080".utf8))
        #expect(collector.identity == Self.path("/id"))
        #expect(collector.token == Self.path("/token"))
    }

    @Test(
        "a slip is told with its line",
        arguments: [
            ("color red\n", "5: unknown key"),
            ("bundle /c\n", "5: a key is repeated"),
            ("clients 8\nclients 8\n", "6: a key is repeated"),
            ("clients\n", "5: a line must be a key, one space and a value"),
            (" clients 8\n", "5: a line must be a key, one space and a value"),
            ("clients  8\n", "5: a line must be a key, one space and a value"),
            ("clients 8 \n", "5: a line must be a key, one space and a value"),
            ("clients\t8\n", "5: a line holds a control character"),
            ("name a\u{7F}\n", "5: a line holds a control character"),
            ("name a\r\n", "5: a line holds a control character"),
            ("name a\0b\n", "5: a line holds a control character"),
            ("name " + String(repeating: "x", count: 64) + "\n", "5: a name has at most 63 bytes"),
            ("clients 8", "0: the last line has no end"),
            ("enrolment-token /t\n", "5: the key collector is missing"),
            ("collector-identity /i\n", "5: the key collector is missing"),
            ("collector http://1.2.3.4:5\n", "5: the key collector-identity is missing"),
            ("backoff-min-ms 9\nbackoff-max-ms 8\n", "6: backoff-min-ms is above backoff-max-ms"),
        ]
    )
    func slips(more: String, expected: String) {
        #expect(Self.fault(Self.least + more) == expected)
    }

    @Test(
        "a missing key is named",
        arguments: [
            ("bundle", "the key bundle is missing"), ("trust", "the key trust is missing"),
            ("state", "the key state is missing"), ("socket", "the key socket is missing"),
        ]
    )
    func missing(key: String, expected: String) {
        let lines = Self.least.split(separator: "\n").filter { !$0.hasPrefix(key) }
        #expect(Self.fault(lines.joined(separator: "\n") + "\n") == "3: \(expected)")
    }

    @Test(
        "a number outside of its range is refused, at the edges it is taken",
        arguments: [
            ("clients", 1, 64), ("request-timeout-ms", 10, 3_600_000),
            ("idle-timeout-ms", 10, 86_400_000), ("report-interval-ms", 10, 86_400_000),
            ("spool-bytes", 196_608, 1 << 30), ("batch-bytes", 1_024, 900_000),
            ("uplink-timeout-ms", 10, 3_600_000), ("backoff-max-ms", 1_000, 86_400_000),
            ("backoff-min-ms", 1, 3_600_000),
        ] as [(String, Int, Int)]
    )
    func ranges(key: String, least: Int, most: Int) {
        let outside = "5: the number is out of its range"
        #expect(Self.fault(Self.least + "\(key) \(least)\n") == nil)
        #expect(Self.fault(Self.least + "\(key) \(most)\n") == nil)
        #expect(Self.fault(Self.least + "\(key) \(most + 1)\n") == outside)
        if key != "backoff-max-ms" {
            #expect(Self.fault(Self.least + "\(key) \(least - 1)\n") == outside)
        }
    }

    @Test(
        "what is not a plain decimal number is refused",
        arguments: ["-1", "+1", "01", "1.0", "1e3", "0x10", "one", "18446744073709551616"]
    )
    func numbers(value: String) {
        let fault = Self.fault(Self.least + "clients \(value)\n")
        #expect(fault == "5: this is not a decimal number")
    }

    @Test("a socket's name must fit the system's address, a path must fit the system")
    func longNames() {
        let long = Self.least.replacing("/a.sock", with: String(repeating: "s", count: 108))
        #expect(Self.fault(long) == "4: a socket's name has at most 107 bytes")
        let longer = Self.least.replacing("/s\n", with: String(repeating: "s", count: 4_096) + "\n")
        #expect(Self.fault(longer) == "3: this is not a file name")
    }

    @Test("sixteen keys are trusted and no more")
    func trustCount() {
        let more = String(repeating: "trust /k\n", count: 15)
        #expect(Self.fault(Self.least + more) == nil)
        #expect(Self.fault(Self.least + more + "trust /k\n") == "20: too many trust lines")
    }

    @Test(
        "a collector is an IP number and a port",
        arguments: [
            "1.2.3.4:80", "255.255.255.255:65535", "[::1]:80", "[::]:1", "[1:2:3:4:5:6:7:8]:80",
            "[1::8]:80", "[::ffff:1.2.3.4]:80", "[1:2:3:4:5:6:1.2.3.4]:80", "[ABCD::abcd]:80",
        ]
    )
    func addresses(authority: String) {
        let text = Self.collector.replacing("127.0.0.1:80", with: authority)
        #expect(Self.fault(Self.least + text) == nil)
    }

    @Test(
        "what would be looked up by name, or is no address, is refused",
        arguments: [
            "localhost:80", "1.2.3:80", "1.2.3.4.5:80", "1.2.3.256:80", "1..3.4:80", "....:80",
            "01.2.3.4:80", "::1:80", "[]:80", "[:]:80", "[:::]:80", "[1:2]:80", "[::1::]:80",
            "[1:2:3:4:5:6:7:8:9]:80", "[1:2:3:4:5:6:7::8]:80", "[12345::]:80", "[1.2.3.4]:80",
            "[1.2.3.4::]:80", "[fe80::1%1]:80", "[::1:80", ":80",
        ]
    )
    func names(authority: String) {
        let text = Self.collector.replacing("127.0.0.1:80", with: authority)
        #expect(
            Self.fault(Self.least + text) == "5: a collector's host must be an IP number"
        )
    }

    @Test(
        "what is not http://NUMBER:PORT is refused",
        arguments: [
            "1.2.3.4:80", "https://1.2.3.4:80", "http://1.2.3.4", "http://1.2.3.4:",
            "http://1.2.3.4:0", "http://1.2.3.4:65536", "http://1.2.3.4:80/", "http://",
        ]
    )
    func forms(value: String) {
        let text = Self.collector.replacing("http://127.0.0.1:80", with: value)
        #expect(Self.fault(Self.least + text) == "5: a collector is http://NUMBER:PORT")
    }

    @Test("cut anywhere or with any byte changed, the reader answers and does not trap")
    func mutations() {
        let whole = [UInt8]((Self.least + Self.collector).utf8)
        for end in whole.indices { _ = try? ConfigurationReader.parse([UInt8](whole[..<end])) }
        for index in whole.indices {
            for value: UInt8 in [0, 0x0A, 0x20, 0x23, 0x3A, 0x5B, 0xFF] {
                var changed = whole
                changed[index] = value
                _ = try? ConfigurationReader.parse(changed)
            }
        }
    }
}
