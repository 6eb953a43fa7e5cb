import BundleFormat
import Logging
import Telemetry

/// Judges batches: cheap checks first, and nothing is stored unless all pass.
struct Ingest: Sendable {
    let keys: CollectorKeys
    let store: TelemetryStore
    let queue: CommitQueue
    let devices: KnownDevices
    let metrics: CollectorMetrics
    let logger: Logger

    /// Stores a batch and acknowledges it.
    ///
    /// - Returns: The signed acknowledgement, when the batch has reached the disk.
    /// - Throws: `Problem`, or `CollectorError` when the storage fails.
    func accept(_ body: [UInt8]) async throws -> [UInt8] {
        try await Problem.counting({ metrics.batch($0) }) {
            let header = try self.header(of: body)
            let batch = try await checked(body, header)
            let status = try await commit(batch)
            let acknowledgement = Acknowledgement(
                status: status,
                deviceID: header.deviceID,
                epoch: header.epoch,
                sequence: header.lastSequence,
                serverTimeMilliseconds: UInt64(clamping: ServerTime.now()),
                batchHash: Sodium.blake2b(body)
            )
            return keys.signed(
                acknowledgement.signedBytes(),
                domain: Wire.acknowledgementDomain
            )
        }
    }

    private func header(of body: [UInt8]) throws -> BatchHeader {
        do {
            let header = try BatchHeader(decoding: body)
            guard header.collectorKeyID == keys.keyID else { throw Problem(.collectorMismatch) }
            return header
        } catch let error as WireError {
            throw Problem(.batchMalformed, "header: \(error)")
        }
    }

    private func checked(_ body: [UInt8], _ header: BatchHeader) async throws -> IncomingBatch {
        // No signature is verified for those who could not report anyway.
        guard let publicKey = try await devices.publicKey(of: header.deviceID),
            let key = PublicKey(publicKey)
        else { throw Problem(.deviceUnknown) }
        let signedSize = body.count - Wire.signatureSizeBytes
        guard
            key.isValid(
                signature: [UInt8](body[signedSize...]),
                of: Wire.batchDomain + body[..<signedSize]
            )
        else { throw Problem(.signatureInvalid) }
        guard let payload = keys.open([UInt8](body[BatchHeader.sizeBytes..<signedSize])) else {
            throw Problem(.batchMalformed, "the payload cannot be opened")
        }
        guard let frames = SpoolFrame.decodeAll(payload), header.announces(frames) else {
            throw Problem(.batchMalformed, "the frames are not the announced ones")
        }
        let reports = frames.compactMap(IncomingReport.init)
        guard reports.count == frames.count, let epoch = Int64(exactly: header.epoch) else {
            throw Problem(.batchMalformed, "a frame holds no report")
        }
        return IncomingBatch(
            deviceID: header.deviceID,
            epoch: epoch,
            nonce: header.nonce,
            reports: reports,
            sizeBytes: body.count
        )
    }

    private func commit(_ batch: IncomingBatch) async throws -> Acknowledgement.Status {
        switch try await queue.submit(batch) {
        case .stored(let newCount):
            metrics.batch("stored")
            metrics.stored(reportCount: newCount)
            return .stored
        case .duplicate:
            metrics.batch("duplicate")
            return .duplicate
        case .forked(let reason):
            let id = hexText(batch.deviceID)
            logger.warning(
                "a device's history has forked",
                metadata: ["device": "\(id)", "reason": "\(reason.rawValue)"]
            )
            throw Problem(.batchForked, "\(reason.rawValue)")
        case .revoked:
            devices.forget(batch.deviceID)
            throw Problem(.deviceRevoked)
        case .unknown:
            devices.forget(batch.deviceID)
            throw Problem(.deviceUnknown)
        }
    }
}
