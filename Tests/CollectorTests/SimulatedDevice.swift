import BundleFormat
import Telemetry

/// A device that signs, seals and chains as the wire's description says.
final class SimulatedDevice {
    // A class, because a device's chain goes on from report to report.
    let identity: IdentityKeyPair
    let collector: CollectorIdentity
    let name: String
    var epoch: UInt64 = 1
    var nonce: UInt64 = 77
    private var number: UInt64 = 0
    private var previousHash = [UInt8](repeating: 0, count: 16)

    init(
        collector: CollectorIdentity,
        name: String = "device",
        identity: IdentityKeyPair = IdentityKeyPair()
    ) {
        self.collector = collector
        self.name = name
        self.identity = identity
    }

    /// The first 16 bytes of BLAKE2b-256 of the public key.
    var id: [UInt8] { [UInt8](Sodium.blake2b(identity.publicKey.bytes).prefix(16)) }

    /// The first 8 bytes of BLAKE2b-256 of the collector's keys.
    var keyID: [UInt8] {
        [UInt8](Sodium.blake2b(collector.signingKey + collector.sealingKey).prefix(8))
    }

    func seal(_ bytes: [UInt8]) -> [UInt8] {
        SealingPublicKey(collector.sealingKey)?.seal(bytes) ?? []
    }

    func enrolment(token: [UInt8], nonce: [UInt8] = Sodium.randomBytes(count: 32)) -> [UInt8] {
        let request = EnrolmentRequest(
            publicKey: identity.publicKey.bytes,
            token: token,
            nonce: nonce,
            name: [UInt8](name.utf8)
        ).signedBytes()
        let signature = identity.sign([UInt8]("martlet-enrol/1".utf8) + request)
        return keyID + seal(request + signature)
    }

    /// A report with ten inferences of about a millisecond.
    static func report(_ change: (inout Report) -> Void = { _ in }) -> Report {
        var report = Report()
        report.contentID = [UInt8](repeating: 0xC1, count: 32)
        report.endMilliseconds = 300_000
        report.outcomes.succeeded = 10
        for _ in 0..<10 { report.latency.record(1_000) }
        report.classCounts = [7, 3]
        report.life.starts = 1
        change(&report)
        return report
    }

    /// The next frame of the chain.
    func frame(
        _ sequence: UInt64,
        report: Report = SimulatedDevice.report(),
        body: [UInt8]? = nil
    ) -> SpoolFrame {
        number += 1
        let frame = SpoolFrame(
            position: FramePosition(epoch: epoch, sequence: sequence),
            number: number,
            previousHash: previousHash,
            body: body ?? report.encoded()
        )
        previousHash = [UInt8](Sodium.blake2b(frame.encoded()).prefix(16))
        return frame
    }

    /// Numbers a report that never arrives.
    func skipNumber() { number += 1 }

    /// Frames as a batch, whose head a test may change before it is signed.
    func batch(
        _ frames: [SpoolFrame],
        signer: IdentityKeyPair? = nil,
        change: (inout BatchHeader) -> Void = { _ in }
    ) -> [UInt8] {
        let payload = seal(frames.flatMap { $0.encoded() })
        var header = BatchHeader(
            deviceID: id,
            epoch: epoch,
            nonce: nonce,
            firstSequence: frames.first?.position.sequence ?? 1,
            lastSequence: frames.last?.position.sequence ?? 1,
            frameCount: UInt32(frames.count),
            payloadSizeBytes: UInt32(payload.count),
            collectorKeyID: keyID
        )
        change(&header)
        let signed = header.encoded() + payload
        return signed + (signer ?? identity).sign([UInt8]("martlet-batch/1".utf8) + signed)
    }
}

extension HTTPClient {
    func send(_ batch: [UInt8]) async throws -> HTTPAnswer {
        try await post("/d/1/batch", "application/vnd.martlet.batch", batch)
    }

    func enrol(_ request: [UInt8]) async throws -> HTTPAnswer {
        try await post("/d/1/enrol", "application/vnd.martlet.enrol", request)
    }
}

extension HTTPAnswer {
    /// The acknowledgement in the body; `nil` unless the collector signed it.
    func acknowledgement(from collector: CollectorIdentity) -> Acknowledgement? {
        guard isSigned(by: collector, domain: "martlet-ack/1") else { return nil }
        return try? Acknowledgement(decoding: body)
    }

    /// The receipt in the body; `nil` unless the collector signed it.
    func receipt(from collector: CollectorIdentity) -> EnrolmentReceipt? {
        guard isSigned(by: collector, domain: "martlet-enrolled/1") else { return nil }
        return try? EnrolmentReceipt(decoding: body)
    }

    private func isSigned(by collector: CollectorIdentity, domain: String) -> Bool {
        guard body.count == 192, let key = PublicKey(collector.signingKey) else { return false }
        return key.isValid(
            signature: [UInt8](body[128...]),
            of: [UInt8](domain.utf8) + body[..<128]
        )
    }
}
