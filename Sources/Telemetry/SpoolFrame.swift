/// One report in the spool or in a batch.
public struct SpoolFrame: Sendable, Equatable {
    /// Its place in the order of all frames of the device.
    public var position: FramePosition
    /// The hash of the frame before it, 16 bytes; zeros for the first.
    public var previousHash: [UInt8]
    /// The report's bytes.
    public var body: [UInt8]

    /// Makes a frame from its parts.
    public init(position: FramePosition, previousHash: [UInt8], body: [UInt8]) {
        self.position = position
        self.previousHash = previousHash
        self.body = body
    }

    /// The frame's bytes in a segment, padded to a multiple of 8. In a batch the serial is 0.
    public func encoded(serial: UInt64) -> [UInt8] {
        precondition(previousHash.count == 16 && body.count <= SpoolFormat.bodySizeMax)
        var writer = ByteWriter()
        writer.append(SpoolFormat.frameMagic)
        writer.u32(UInt32(body.count))
        writer.u64(position.epoch)
        writer.u64(position.sequence)
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
        serial: UInt64
    ) -> (frame: SpoolFrame, sizeBytes: Int)? {
        let headSize = SpoolFormat.frameHeadSizeBytes
        guard bytes.count >= headSize + SpoolFormat.frameTailSizeBytes,
            bytes.starts(with: SpoolFormat.frameMagic)
        else { return nil }
        let head = ByteReader([UInt8](bytes.prefix(headSize)))
        guard let bodySize = Int(exactly: head.u32(4)), bodySize <= SpoolFormat.bodySizeMax else {
            return nil
        }
        let size = SpoolFormat.frameSize(bodySizeBytes: bodySize)
        guard size <= bytes.count else { return nil }
        let covered = bytes.prefix(headSize + bodySize)
        let tail = ByteReader([UInt8](bytes[covered.endIndex..<bytes.startIndex + size]))
        guard tail.u32(0) == checksum(covered, serial: serial),
            tail.isZero(from: 4, to: size - headSize - bodySize)
        else { return nil }
        let frame = SpoolFrame(
            position: FramePosition(epoch: head.u64(8), sequence: head.u64(16)),
            previousHash: head.bytes(24, count: 16),
            body: [UInt8](covered.suffix(bodySize))
        )
        return (frame, size)
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>, serial: UInt64) -> UInt32 {
        CRC32C.checksum(bytes, after: CRC32C.checksum(SpoolFormat.serialBytes(serial)[...]))
    }
}

extension SpoolFrame {
    /// Reads the frames of an opened batch.
    ///
    /// - Parameter bytes: frames one after the other, each coded with serial 0.
    /// - Returns: The frames; `nil` unless the bytes are frames of ascending positions to their end.
    public static func decodeAll(_ bytes: [UInt8]) -> [SpoolFrame]? {
        var frames: [SpoolFrame] = []
        var offset = 0
        while offset < bytes.count {
            guard let (frame, size) = decode(bytes[offset...], serial: 0),
                frames.last.map({ $0.position < frame.position }) ?? true
            else { return nil }
            frames.append(frame)
            offset += size
        }
        return frames
    }
}
