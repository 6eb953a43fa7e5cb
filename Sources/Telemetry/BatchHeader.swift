/// The head of a batch: who sends which frames.
///
///     0 "MLTB" | 4 u16 version | 6 u16 flags 0 | 8 device id 16 | 24 u64 boot epoch | 32 u64 boot
///     nonce | 40 u64 first sequence | 48 u64 last sequence | 56 u32 frame count | 60 u32 payload
///     size | 64 collector key id 8 | 72 zero to 96
public struct BatchHeader: Sendable, Equatable {
    /// The size of the head in bytes.
    public static let sizeBytes = 96
    static let magic: [UInt8] = [0x4D, 0x4C, 0x54, 0x42]

    /// The device that signs.
    public var deviceID: [UInt8]
    /// The boot in which the frames were written, and that boot's random number.
    public var epoch: UInt64, nonce: UInt64
    /// The sequence numbers of the first and the last frame.
    public var firstSequence: UInt64, lastSequence: UInt64
    /// The number of frames.
    public var frameCount: UInt32
    /// The size of the sealed frames in bytes.
    public var payloadSizeBytes: UInt32
    /// The collector to which the frames are sealed.
    public var collectorKeyID: [UInt8]

    /// Makes a head from its parts.
    public init(
        deviceID: [UInt8],
        epoch: UInt64,
        nonce: UInt64,
        firstSequence: UInt64,
        lastSequence: UInt64,
        frameCount: UInt32,
        payloadSizeBytes: UInt32,
        collectorKeyID: [UInt8]
    ) {
        self.deviceID = deviceID
        self.epoch = epoch
        self.nonce = nonce
        self.firstSequence = firstSequence
        self.lastSequence = lastSequence
        self.frameCount = frameCount
        self.payloadSizeBytes = payloadSizeBytes
        self.collectorKeyID = collectorKeyID
    }

    /// Reads the head of a whole batch.
    ///
    /// - Parameter batch: head, payload and signature.
    /// - Throws: `WireError` when a field breaks a rule or the sizes do not add up.
    public init(decoding batch: [UInt8]) throws(WireError) {
        let smallest = BatchHeader.sizeBytes + Wire.signatureSizeBytes
        guard (smallest...Wire.batchSizeMax).contains(batch.count) else {
            throw .sizeMismatch(sizeBytes: batch.count, expectedBytes: smallest)
        }
        let reader = try ByteReader(batch, magic: BatchHeader.magic)
        guard reader.u16(6) == 0 else { throw .fieldOutOfRange(offsetBytes: 6) }
        deviceID = reader.bytes(8, count: Wire.deviceIDSizeBytes)
        epoch = reader.u64(24)
        nonce = reader.u64(32)
        firstSequence = reader.u64(40)
        lastSequence = reader.u64(48)
        frameCount = reader.u32(56)
        payloadSizeBytes = reader.u32(60)
        collectorKeyID = reader.bytes(64, count: Wire.collectorKeyIDSizeBytes)
        guard epoch >= 1 else { throw .fieldOutOfRange(offsetBytes: 24) }
        guard firstSequence <= lastSequence else { throw .fieldOutOfRange(offsetBytes: 40) }
        guard frameCount >= 1, UInt64(frameCount - 1) <= lastSequence - firstSequence else {
            throw .fieldOutOfRange(offsetBytes: 56)
        }
        guard UInt64(payloadSizeBytes) == UInt64(batch.count - smallest) else {
            throw .fieldOutOfRange(offsetBytes: 60)
        }
        guard reader.isZero(from: 72, to: BatchHeader.sizeBytes) else {
            throw .fieldOutOfRange(offsetBytes: 72)
        }
    }

    /// The head's bytes.
    public func encoded() -> [UInt8] {
        precondition(deviceID.count == Wire.deviceIDSizeBytes)
        precondition(collectorKeyID.count == Wire.collectorKeyIDSizeBytes)
        var writer = ByteWriter(magic: BatchHeader.magic)
        writer.append(deviceID)
        writer.u64(epoch)
        writer.u64(nonce)
        writer.u64(firstSequence)
        writer.u64(lastSequence)
        writer.u32(frameCount)
        writer.u32(payloadSizeBytes)
        writer.append(collectorKeyID)
        writer.zeros(until: BatchHeader.sizeBytes)
        return writer.bytes
    }
}

extension ByteWriter {
    /// Begins a record: magic, version and a zero field of 16 bits.
    init(magic: [UInt8], second: UInt16 = 0) {
        append(magic)
        u16(Wire.version)
        u16(second)
    }
}

extension ByteReader {
    /// Opens a record of at least 8 bytes and checks magic and version.
    init(_ record: [UInt8], magic: [UInt8]) throws(WireError) {
        self.init(record)
        guard record.count >= 8 else {
            throw .sizeMismatch(sizeBytes: record.count, expectedBytes: 8)
        }
        guard bytes(0, count: 4) == magic else { throw .magicMismatch }
        guard u16(4) == Wire.version else { throw .versionUnknown(u16(4)) }
    }
}
