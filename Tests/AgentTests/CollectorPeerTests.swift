import BundleFormat
import Telemetry
import Testing

@testable import martletd

@Suite("What the device believes of the collector")
struct CollectorPeerTests {
    let signing = IdentityKeyPair()
    let sealing = SealingKeyPair()
    let device = IdentityKeyPair()
    let peer: CollectorPeer

    init() throws {
        let identity = CollectorIdentity(
            signingKey: signing.publicKey.bytes,
            sealingKey: sealing.publicKey.bytes
        )
        peer = try #require(CollectorPeer(identity, device: device))
    }

    /// Frames 3 to 5 of boot 2.
    static func batch() throws -> SpoolBatch {
        var spool = try Spool(opening: MemoryStorage(), hasher: ChainHasher.self)
        for sequence: UInt64 in 3...5 {
            try spool.append([1, 2, 3], at: FramePosition(epoch: 2, sequence: sequence))
        }
        let batch = spool.oldestBatch(limitBytes: 1 << 16)
        return try #require(batch)
    }

    func acknowledgement(
        hash: [UInt8],
        sequence: UInt64 = 5,
        change: (inout Acknowledgement) -> Void = { _ in },
        signer: IdentityKeyPair? = nil,
        domain: [UInt8] = Wire.acknowledgementDomain
    ) -> [UInt8] {
        var answer = Acknowledgement(
            status: .stored,
            deviceID: peer.deviceID,
            epoch: 2,
            sequence: sequence,
            serverTimeMilliseconds: 1,
            batchHash: hash
        )
        change(&answer)
        let signed = answer.signedBytes()
        return signed + (signer ?? signing).sign(domain + signed)
    }

    @Test("a batch is signed by the device and opens with the collector's key alone")
    func sealsBatches() throws {
        let batch = try Self.batch()
        let body = try #require(peer.seal(batch, nonce: 77))
        let header = try BatchHeader(decoding: body)
        #expect(header.nonce == 77)
        #expect(header.collectorKeyID == peer.keyID)
        let end = body.count - Wire.signatureSizeBytes
        #expect(
            device.publicKey.isValid(
                signature: [UInt8](body[end...]),
                of: Wire.batchDomain + body[..<end]
            )
        )
        let sealed = [UInt8](body[BatchHeader.sizeBytes..<end])
        #expect(sealing.open(sealed) == batch.bytes)
        #expect(SealingKeyPair().open(sealed) == nil)
    }

    @Test("an acknowledgement that is signed and about the batch is believed")
    func believed() throws {
        let batch = try Self.batch()
        let hash = Sodium.blake2b([1])
        for sequence: UInt64 in 3...5 {
            let record = acknowledgement(hash: hash, sequence: sequence)
            let position = FramePosition(epoch: 2, sequence: sequence)
            #expect(peer.acknowledged(record, hash: hash, of: batch) == position)
        }
    }

    @Test("an acknowledgement of another batch, boot, device or sequence is not believed")
    func foreign() throws {
        let batch = try Self.batch()
        let hash = Sodium.blake2b([1])
        let other = [UInt8](repeating: 9, count: 16)
        let records = [
            acknowledgement(hash: Sodium.blake2b([2])),
            acknowledgement(hash: hash, sequence: 2),
            acknowledgement(hash: hash, sequence: 6),
            acknowledgement(hash: hash, sequence: .max),
            acknowledgement(hash: hash, change: { $0.epoch = 3 }),
            acknowledgement(hash: hash, change: { $0.deviceID = other }),
        ]
        for record in records { #expect(peer.acknowledged(record, hash: hash, of: batch) == nil) }
    }

    @Test("an acknowledgement signed by another key or for another purpose is not believed")
    func wrongSigner() throws {
        let batch = try Self.batch()
        let hash = Sodium.blake2b([1])
        let records = [
            acknowledgement(hash: hash, signer: IdentityKeyPair()),
            acknowledgement(hash: hash, signer: device),
            acknowledgement(hash: hash, domain: Wire.receiptDomain),
            acknowledgement(hash: hash, domain: []),
        ]
        for record in records { #expect(peer.acknowledged(record, hash: hash, of: batch) == nil) }
    }

    @Test("an acknowledgement with any byte changed, or of another size, is not believed")
    func flippedAcknowledgement() throws {
        let batch = try Self.batch()
        let hash = Sodium.blake2b([1])
        let record = acknowledgement(hash: hash)
        for index in record.indices {
            var changed = record
            changed[index] ^= 0x40
            #expect(peer.acknowledged(changed, hash: hash, of: batch) == nil)
        }
        for record in [[], [UInt8](record.dropLast()), record + [0]] {
            #expect(peer.acknowledged(record, hash: hash, of: batch) == nil)
        }
    }

    func receipt(_ nonce: [UInt8], deviceID: [UInt8]? = nil, signer: IdentityKeyPair? = nil)
        -> [UInt8]
    {
        let signed = EnrolmentReceipt(
            deviceID: deviceID ?? peer.deviceID,
            nonce: nonce,
            serverTimeMilliseconds: 1
        ).signedBytes()
        return signed + (signer ?? signing).sign(Wire.receiptDomain + signed)
    }

    @Test("a receipt counts for its own enrolment, and with any byte changed for none")
    func receipts() {
        let nonce = [UInt8](repeating: 3, count: 32)
        let record = receipt(nonce)
        #expect(peer.isReceipt(record, nonce: nonce))
        #expect(!peer.isReceipt(record, nonce: [UInt8](repeating: 4, count: 32)))
        #expect(!peer.isReceipt(receipt(nonce, signer: IdentityKeyPair()), nonce: nonce))
        let other = [UInt8](repeating: 9, count: 16)
        #expect(!peer.isReceipt(receipt(nonce, deviceID: other), nonce: nonce))
        for index in record.indices {
            var changed = record
            changed[index] ^= 1
            #expect(!peer.isReceipt(changed, nonce: nonce))
        }
        for record in [[], [UInt8](record.dropLast()), record + [0]] {
            #expect(!peer.isReceipt(record, nonce: nonce))
        }
    }

    @Test("a request to be known opens with the collector's key and names token and device")
    func enrolment() throws {
        let token = [UInt8](repeating: 1, count: 32)
        let nonce = [UInt8](repeating: 2, count: 32)
        let body = try #require(peer.enrolment(token: token, nonce: nonce, name: [0x70]))
        #expect([UInt8](body.prefix(8)) == peer.keyID)
        let record = try #require(sealing.open([UInt8](body.dropFirst(8))))
        let request = try EnrolmentRequest(decoding: record)
        #expect(request.publicKey == device.publicKey.bytes)
        #expect(request.token == token)
        #expect(request.nonce == nonce)
        #expect(request.name == [0x70])
        #expect(
            device.publicKey.isValid(
                signature: [UInt8](record[192...]),
                of: Wire.enrolmentDomain + record[..<192]
            )
        )
    }
}

/// Storage of three segments in memory.
private final class MemoryStorage: SpoolStorage {
    // A class, because the spool copies its storage.
    private var bytes = [UInt8](repeating: 0, count: 4 << 16)
    var sizeBytes: UInt64 { UInt64(bytes.count) }

    func read(at offset: UInt64, count: Int) throws(SpoolError) -> [UInt8] {
        [UInt8](bytes[Int(offset)..<Int(offset) + count])
    }

    func write(_ new: [UInt8], at offset: UInt64) throws(SpoolError) {
        bytes.replaceSubrange(Int(offset)..<Int(offset) + new.count, with: new)
    }

    func synchronize() throws(SpoolError) {}
}
