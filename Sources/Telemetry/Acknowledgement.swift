/// The collector's word that a batch is stored durably.
///
/// Only it lets a device free frames.
///
///     0 "MLTA" | 4 u16 version | 6 u16 status | 8 device id 16 | 24 u64 epoch
///     | 32 u64 acknowledged sequence | 40 u64 server time, Unix ms
///     | 48 BLAKE2b-256 of the batch | 80 zero to 128 | 128 signature 64
public struct Acknowledgement: Sendable, Equatable {
    /// What the collector did with the batch.
    public enum Status: UInt16, Sendable {
        /// All frames are stored now.
        case stored = 0
        /// All frames were stored before.
        case duplicate = 1
    }

    /// The size of the signed part, and of the whole record, in bytes.
    public static let signedSizeBytes = 128, sizeBytes = 192
    static let magic: [UInt8] = [0x4D, 0x4C, 0x54, 0x41]

    /// What the collector did.
    public var status: Status
    /// The device whose batch it was.
    public var deviceID: [UInt8]
    /// The batch's boot, and the last sequence of it that is stored.
    public var epoch: UInt64, sequence: UInt64
    /// The collector's clock in Unix milliseconds.
    public var serverTimeMilliseconds: UInt64
    /// BLAKE2b-256 of the whole batch, signature included.
    public var batchHash: [UInt8]

    /// Makes an acknowledgement from its parts.
    public init(
        status: Status,
        deviceID: [UInt8],
        epoch: UInt64,
        sequence: UInt64,
        serverTimeMilliseconds: UInt64,
        batchHash: [UInt8]
    ) {
        self.status = status
        self.deviceID = deviceID
        self.epoch = epoch
        self.sequence = sequence
        self.serverTimeMilliseconds = serverTimeMilliseconds
        self.batchHash = batchHash
    }

    /// Reads a record whose signature the caller checks over the domain and the first 128 bytes.
    ///
    /// - Throws: `WireError` when the size or a field breaks a rule.
    public init(decoding record: [UInt8]) throws(WireError) {
        guard record.count == Acknowledgement.sizeBytes else {
            throw .sizeMismatch(
                sizeBytes: record.count,
                expectedBytes: Acknowledgement.sizeBytes
            )
        }
        let reader = try ByteReader(record, magic: Acknowledgement.magic)
        guard let status = Status(rawValue: reader.u16(6)) else {
            throw .fieldOutOfRange(offsetBytes: 6)
        }
        guard reader.isZero(from: 80, to: Acknowledgement.signedSizeBytes) else {
            throw .fieldOutOfRange(offsetBytes: 80)
        }
        self.status = status
        deviceID = reader.bytes(8, count: Wire.deviceIDSizeBytes)
        epoch = reader.u64(24)
        sequence = reader.u64(32)
        serverTimeMilliseconds = reader.u64(40)
        batchHash = reader.bytes(48, count: 32)
    }

    /// The 128 bytes that the signature covers, after the domain.
    public func signedBytes() -> [UInt8] {
        precondition(deviceID.count == Wire.deviceIDSizeBytes && batchHash.count == 32)
        var writer = ByteWriter(magic: Acknowledgement.magic, second: status.rawValue)
        writer.append(deviceID)
        writer.u64(epoch)
        writer.u64(sequence)
        writer.u64(serverTimeMilliseconds)
        writer.append(batchHash)
        writer.zeros(until: Acknowledgement.signedSizeBytes)
        return writer.bytes
    }
}
