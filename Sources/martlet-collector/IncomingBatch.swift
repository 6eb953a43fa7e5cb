import BundleFormat
import Telemetry

/// One report whose bytes were checked, as it will be stored.
struct IncomingReport: Sendable {
    let epoch: Int64
    let sequence: Int64
    let number: Int64
    /// BLAKE2b-256 of the frame, whose first 16 bytes stand in the next frame.
    let frameHash: [UInt8]
    /// The first 16 bytes of the hash of the frame before it.
    let previousHash: [UInt8]
    let body: [UInt8]
    let report: Report

    /// Reads the report of a frame; `nil` when it is not one or its position does not fit.
    init?(_ frame: SpoolFrame) {
        guard let epoch = Int64(exactly: frame.position.epoch),
            let sequence = Int64(exactly: frame.position.sequence),
            let number = Int64(exactly: frame.number),
            let report = try? Report(decoding: frame.body)
        else { return nil }
        self.epoch = epoch
        self.sequence = sequence
        self.number = number
        self.report = report
        frameHash = Sodium.blake2b(frame.encoded())
        previousHash = frame.previousHash
        body = frame.body
    }
}

/// A batch whose signature, seal and contents were checked.
struct IncomingBatch: Sendable {
    let deviceID: [UInt8]
    let epoch: Int64
    /// The boot's random number; 0 when the device no longer knows it.
    let nonce: UInt64
    let reports: [IncomingReport]
    /// The size of the whole batch as it was received.
    let sizeBytes: Int
}

/// Why a device's history contradicts itself: two devices have the same key, or one went back.
enum ForkReason: String, Sendable {
    /// Another report was stored under the same position.
    case report
    /// Another boot has the same number.
    case boot
    /// A frame does not follow the one before it.
    case chain
}

/// What became of a batch.
enum CommitOutcome: Sendable, Equatable {
    /// At least one report was stored, and the others were stored before.
    case stored(newCount: Int)
    /// All reports were stored before.
    case duplicate
    /// Nothing was stored.
    case forked(ForkReason)
    /// Nothing was stored, because the device may not report any more.
    case revoked
    /// Nothing was stored, because the device is not known.
    case unknown
}
