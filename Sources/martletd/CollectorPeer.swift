import BundleFormat
import Telemetry

/// The device's side of the wire: seals and signs what goes out, believes only what is signed.
struct CollectorPeer {
    let device: IdentityKeyPair
    let deviceID: [UInt8]
    let keyID: [UInt8]
    private let signingKey: PublicKey
    private let sealingKey: SealingPublicKey

    init?(_ identity: CollectorIdentity, device: IdentityKeyPair) {
        guard let signing = PublicKey(identity.signingKey),
            let sealing = SealingPublicKey(identity.sealingKey)
        else { return nil }
        signingKey = signing
        sealingKey = sealing
        self.device = device
        deviceID = CollectorPeer.deviceID(of: device)
        keyID = [UInt8](
            Sodium.blake2b(identity.signingKey + identity.sealingKey)
                .prefix(Wire.collectorKeyIDSizeBytes)
        )
    }

    /// The id of a device: the first bytes of its public key's hash.
    static func deviceID(of device: IdentityKeyPair) -> [UInt8] {
        [UInt8](Sodium.blake2b(device.publicKey.bytes).prefix(Wire.deviceIDSizeBytes))
    }

    /// A sealed and signed batch of frames of one boot; `nil` when the collector's key is no key.
    func seal(_ batch: SpoolBatch, nonce: UInt64) -> [UInt8]? {
        guard let sealed = sealingKey.seal(batch.bytes) else { return nil }
        let header = BatchHeader(
            deviceID: deviceID,
            epoch: batch.epoch,
            nonce: nonce,
            firstSequence: batch.firstSequence,
            lastSequence: batch.lastSequence,
            frameCount: batch.frameCount,
            payloadSizeBytes: UInt32(sealed.count),
            collectorKeyID: keyID
        )
        let signed = header.encoded() + sealed
        return signed + device.sign(Wire.batchDomain + signed)
    }

    /// How far a batch, whose sealed form has the BLAKE2b-256 `hash`, is stored; `nil` unless the
    /// answer is signed, whole and about this batch.
    func acknowledged(
        _ record: [UInt8],
        hash: [UInt8],
        of batch: SpoolBatch
    ) -> FramePosition? {
        guard let answer = try? Acknowledgement(decoding: record),
            isSigned(record, size: Acknowledgement.signedSizeBytes, Wire.acknowledgementDomain),
            answer.batchHash == hash, answer.deviceID == deviceID, answer.epoch == batch.epoch,
            (batch.firstSequence...batch.lastSequence).contains(answer.sequence)
        else { return nil }
        return FramePosition(epoch: answer.epoch, sequence: answer.sequence)
    }

    /// A request to be known; `nil` when the collector's key is no key.
    func enrolment(token: [UInt8], nonce: [UInt8], name: [UInt8]) -> [UInt8]? {
        let request = EnrolmentRequest(
            publicKey: device.publicKey.bytes,
            token: token,
            nonce: nonce,
            name: name
        ).signedBytes()
        let signature = device.sign(Wire.enrolmentDomain + request)
        guard let sealed = sealingKey.seal(request + signature) else { return nil }
        return keyID + sealed
    }

    /// Whether a record is the collector's receipt for the enrolment with this nonce.
    func isReceipt(_ record: [UInt8], nonce: [UInt8]) -> Bool {
        guard let receipt = try? EnrolmentReceipt(decoding: record) else { return false }
        return isSigned(record, size: EnrolmentReceipt.signedSizeBytes, Wire.receiptDomain)
            && receipt.deviceID == deviceID && receipt.nonce == nonce
    }

    private func isSigned(_ record: [UInt8], size: Int, _ domain: [UInt8]) -> Bool {
        signingKey.isValid(
            signature: [UInt8](record[size...]),
            of: domain + [UInt8](record[..<size])
        )
    }
}
