/// One report in the spool or in a batch.
public struct SpoolFrame: Sendable, Equatable {
    /// Its place in the order of all frames of the device.
    public var position: FramePosition
    /// How many frames were appended to the spool, this one included.
    ///
    /// A number that a collector never sees was dropped or lost on the device.
    public var number: UInt64
    /// The hash of the frame before it, 16 bytes; zeros for the first.
    public var previousHash: [UInt8]
    /// The report's bytes.
    public var body: [UInt8]

    /// Makes a frame from its parts.
    public init(position: FramePosition, number: UInt64, previousHash: [UInt8], body: [UInt8]) {
        self.position = position
        self.number = number
        self.previousHash = previousHash
        self.body = body
    }

    /// The frame's bytes in a segment, padded to a multiple of 8.
    ///
    /// In a batch the serial is 0.
    public func encoded(serial: UInt64 = 0) -> [UInt8] {
        precondition(previousHash.count == SpoolFormat.hashSizeBytes)
        precondition(body.count <= SpoolFormat.bodySizeMax)
        var writer = ByteWriter(capacity: SpoolFormat.frameSize(bodySizeBytes: body.count))
        writer.u32(SpoolFormat.frameMagic)
        writer.u32(UInt32(body.count))
        writer.u64(position.epoch)
        writer.u64(position.sequence)
        writer.u64(number)
        writer.append(previousHash)
        writer.append(body)
        writer.u32(SpoolFrame.checksum(writer.bytes[...], serial: serial))
        writer.zeros(until: SpoolFormat.frameSize(bodySizeBytes: body.count))
        return writer.bytes
    }

    /// Reads the frame at the beginning of some bytes.
    ///
    /// - Returns: The frame and its padded size; `nil` when there is no whole, undamaged frame.
    public static func decode(
        _ bytes: ArraySlice<UInt8>,
        serial: UInt64 = 0
    ) -> (frame: SpoolFrame, sizeBytes: Int)? {
        let headSize = SpoolFormat.frameHeadSizeBytes
        guard bytes.count >= headSize + SpoolFormat.frameTailSizeBytes else { return nil }
        let reader = ByteReader(bytes)
        let number = reader.u64(24)
        guard reader.u32(0) == SpoolFormat.frameMagic,
            let bodySize = Int(exactly: reader.u32(4)), bodySize <= SpoolFormat.bodySizeMax,
            (1..<SpoolFormat.counterMax).contains(number)
        else { return nil }
        let size = SpoolFormat.frameSize(bodySizeBytes: bodySize)
        let coveredSize = headSize + bodySize
        guard size <= bytes.count,
            reader.u32(coveredSize)
                == checksum(reader.slice(0, count: coveredSize), serial: serial),
            reader.isZero(from: coveredSize + SpoolFormat.frameTailSizeBytes, to: size)
        else { return nil }
        let frame = SpoolFrame(
            position: FramePosition(epoch: reader.u64(8), sequence: reader.u64(16)),
            number: number,
            previousHash: reader.bytes(32, count: SpoolFormat.hashSizeBytes),
            body: reader.bytes(headSize, count: bodySize)
        )
        return (frame, size)
    }

    /// Whether a frame may follow another: both of its orders ascend.
    func follows(_ other: SpoolFrame) -> Bool {
        number > other.number && position > other.position
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>, serial: UInt64) -> UInt32 {
        CRC32C.checksum(bytes, after: CRC32C.checksum(SpoolFormat.serialBytes(serial)[...]))
    }
}
