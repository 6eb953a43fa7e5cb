import BundleFormat
import Logging
import Telemetry
import Testing

@testable import martlet_collector

@Suite("Enrolment")
struct EnrolmentTests {
    @Test("a device with a token is enrolled and gets a signed receipt")
    func enrols() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let token = try await test.token()
        let identity = test.keys.identity
        try await test.serve { client in
            let device = SimulatedDevice(collector: identity, name: "gate")
            let nonce = Sodium.randomBytes(count: 32)
            let answer = try await client.enrol(device.enrolment(token: token, nonce: nonce))
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "application/vnd.martlet.enrolled")
            #expect(answer.headers["content-length"] == "192")
            let receipt = try #require(answer.receipt(from: identity))
            #expect(receipt.deviceID == device.id)
            #expect(receipt.nonce == nonce)
        }
        #expect(try test.number("SELECT count(*) FROM devices WHERE name = 'gate'") == 1)
    }

    @Test("a device whose receipt was lost is enrolled again with the same token")
    func lostReceipt() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let token = try await test.token()
        let identity = test.keys.identity
        try await test.serve { client in
            let device = SimulatedDevice(collector: identity)
            for _ in 0..<2 {
                let answer = try await client.enrol(device.enrolment(token: token))
                #expect(answer.receipt(from: identity)?.deviceID == device.id)
            }
            let other = SimulatedDevice(collector: identity)
            let answer = try await client.enrol(other.enrolment(token: token))
            #expect(answer.status == 403)
            #expect(answer.code == "token-invalid")
        }
        #expect(try test.number("SELECT count(*) FROM devices") == 1)
        #expect(try test.number("SELECT count(*) FROM token_uses") == 1)
    }

    @Test("a token serves as many devices as it says")
    func uses() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let token = try await test.token(uses: 2)
        let identity = test.keys.identity
        let statuses = try await test.serve { client in
            var statuses: [Int] = []
            for _ in 0..<3 {
                let device = SimulatedDevice(collector: identity)
                statuses.append(try await client.enrol(device.enrolment(token: token)).status)
            }
            return statuses
        }
        #expect(statuses == [200, 200, 403])
    }

    @Test("wrong, expired and revoked tokens are refused alike")
    func refusedTokens() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let expired = try await test.token(expiresIn: -1)
        let revoked = try await test.token()
        let id = String(hexText(Sodium.blake2b(revoked)).prefix(16))
        #expect(try await test.store.revokeToken(idPrefix: id, now: 0))
        let identity = test.keys.identity
        try await test.serve { client in
            let device = SimulatedDevice(collector: identity)
            for token in [Sodium.randomBytes(count: 32), expired, revoked] {
                let answer = try await client.enrol(device.enrolment(token: token))
                #expect(answer.status == 403)
                #expect(answer.code == "token-invalid")
            }
        }
        #expect(try test.number("SELECT count(*) FROM devices") == 0)
    }

    @Test("a revoked device cannot come back with a new token")
    func revokedDevice() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled()
        #expect(try await test.store.revokeDevice(device.id, now: 1))
        let request = device.enrolment(token: try await test.token())
        let answer = try await test.serve { try await $0.enrol(request) }
        #expect(answer.status == 403)
        #expect(answer.code == "device-revoked")
    }

    @Test("a request with any byte changed, cut off or added is refused")
    func damagedRequests() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = SimulatedDevice(collector: test.keys.identity)
        let good = device.enrolment(token: try await test.token())
        let enrolment = Enrolment(
            keys: test.keys,
            store: test.store,
            metrics: CollectorMetrics(),
            logger: Logger(label: "test")
        )
        for index in good.indices {
            var damaged = good
            damaged[index] ^= 1
            let code = await refusal { try await enrolment.accept(damaged) }
            let expected: ProblemCode = index < 8 ? .collectorMismatch : .enrolmentMalformed
            #expect(code == expected, "byte \(index)")
            let shorter = await refusal { try await enrolment.accept([UInt8](good[..<index])) }
            #expect(shorter == .enrolmentMalformed, "\(index) bytes")
        }
        let longer = await refusal { try await enrolment.accept(good + [0]) }
        #expect(longer == .enrolmentMalformed)
        #expect(try test.number("SELECT count(*) FROM devices") == 0)
    }

    @Test("a request signed by another key than its own is refused")
    func wrongSignature() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = SimulatedDevice(collector: test.keys.identity)
        let record = EnrolmentRequest(
            publicKey: device.identity.publicKey.bytes,
            token: try await test.token(),
            nonce: Sodium.randomBytes(count: 32),
            name: []
        ).signedBytes()
        let signature = IdentityKeyPair().sign(Wire.enrolmentDomain + record)
        let request = device.keyID + device.seal(record + signature)
        let answer = try await test.serve { try await $0.enrol(request) }
        #expect(answer.status == 401)
        #expect(answer.code == "signature-invalid")
    }

    @Test("a name that would move a terminal's cursor is stored without that")
    func hostileName() {
        let name = Enrolment.printable([UInt8]("a\u{1B}[2Jb\u{202E}c\nd".utf8) + [0xFF])
        #expect(name == "a\u{FFFD}[2Jb\u{FFFD}c\u{FFFD}d\u{FFFD}")
    }
}

/// The code with which something is refused; `nil` when it is not.
func refusal(_ body: () async throws -> [UInt8]) async -> ProblemCode? {
    do {
        _ = try await body()
        return nil
    } catch {
        return (error as? Problem)?.code
    }
}
