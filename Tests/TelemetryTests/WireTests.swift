import Testing

@testable import Telemetry

@Suite("Records between device and collector")
struct WireTests {
    static let header = BatchHeader(
        deviceID: [UInt8](repeating: 1, count: 16),
        epoch: 3,
        nonce: 0x1122_3344_5566_7788,
        firstSequence: 10,
        lastSequence: 12,
        frameCount: 3,
        payloadSizeBytes: 5,
        collectorKeyID: [UInt8](repeating: 2, count: 8)
    )
    static let batch = header.encoded() + [UInt8](repeating: 9, count: 5 + 64)

    @Test("a batch head survives the way out and back")
    func batchRoundTrip() throws {
        #expect(try BatchHeader(decoding: Self.batch) == Self.header)
        #expect(Self.batch[0..<8] == [0x4D, 0x4C, 0x54, 0x42, 1, 0, 0, 0])
    }

    @Test("a batch of another size than its head says is refused")
    func batchSizes() {
        for count in 0..<Self.batch.count {
            #expect(throws: WireError.self) {
                try BatchHeader(decoding: [UInt8](Self.batch[..<count]))
            }
        }
        #expect(throws: WireError.fieldOutOfRange(offsetBytes: 60)) {
            try BatchHeader(decoding: Self.batch + [0])
        }
    }

    @Test(
        "fields that break a rule are named by their offset",
        arguments: [
            (0, WireError.magicMismatch), (4, .versionUnknown(254)),
            (6, .fieldOutOfRange(offsetBytes: 6)),
            (47, .fieldOutOfRange(offsetBytes: 40)), (56, .fieldOutOfRange(offsetBytes: 56)),
            (60, .fieldOutOfRange(offsetBytes: 60)), (95, .fieldOutOfRange(offsetBytes: 72)),
        ]
    )
    func batchFields(offset: Int, error: WireError) {
        var changed = Self.batch
        changed[offset] ^= 0xFF
        #expect(throws: error) { try BatchHeader(decoding: changed) }
    }

    @Test("acknowledgements, requests and receipts survive the way out and back")
    func otherRecords() throws {
        let signature = [UInt8](repeating: 0, count: 64)
        let acknowledgement = Acknowledgement(
            status: .duplicate,
            deviceID: [UInt8](repeating: 1, count: 16),
            epoch: 2,
            sequence: 3,
            serverTimeMilliseconds: 4,
            batchHash: [UInt8](repeating: 5, count: 32)
        )
        let read = try Acknowledgement(decoding: acknowledgement.signedBytes() + signature)
        #expect(read == acknowledgement)
        let request = EnrolmentRequest(
            publicKey: [UInt8](repeating: 1, count: 32),
            token: [UInt8](repeating: 2, count: 32),
            nonce: [UInt8](repeating: 3, count: 32),
            name: [UInt8]("pump 7".utf8)
        )
        #expect(try EnrolmentRequest(decoding: request.signedBytes() + signature) == request)
        var hostile = request.signedBytes() + signature
        hostile[104] = 64
        #expect(throws: WireError.fieldOutOfRange(offsetBytes: 104)) {
            try EnrolmentRequest(decoding: hostile)
        }
        let receipt = EnrolmentReceipt(
            deviceID: [UInt8](repeating: 1, count: 16),
            nonce: [UInt8](repeating: 2, count: 32),
            serverTimeMilliseconds: 3
        )
        #expect(try EnrolmentReceipt(decoding: receipt.signedBytes() + signature) == receipt)
    }

    @Test("a collector's line is read exactly, white space at its end aside")
    func identityLine() throws {
        let identity = CollectorIdentity(
            signingKey: [UInt8](0..<32),
            sealingKey: [UInt8](32..<64)
        )
        #expect(CollectorIdentity(line: identity.line + [0x0A]) == identity)
        #expect(CollectorIdentity(line: [0x20] + identity.line) == nil)
        #expect(CollectorIdentity(line: identity.line.dropLast()) == nil)
        #expect(CollectorIdentity(line: [UInt8](identity.line.dropLast()) + [0x47]) == nil)
    }
}
