/// Frames of one boot, as they are sealed into a batch.
public struct SpoolBatch: Sendable, Equatable {
    /// The boot in which the frames were written.
    public var epoch: UInt64
    /// The sequence numbers of the first and the last frame.
    public var firstSequence: UInt64, lastSequence: UInt64
    /// The number of frames, at least 1.
    public var frameCount: UInt32
    /// The frames one after the other, each coded with serial 0.
    public var bytes: [UInt8]

    /// Where an acknowledgement of the whole batch frees the spool to.
    public var end: FramePosition { FramePosition(epoch: epoch, sequence: lastSequence) }

    init(first frame: SpoolFrame) {
        epoch = frame.position.epoch
        firstSequence = frame.position.sequence
        lastSequence = firstSequence
        frameCount = 0
        bytes = []
        append(frame)
    }

    mutating func append(_ frame: SpoolFrame) {
        lastSequence = frame.position.sequence
        frameCount += 1
        bytes += frame.encoded()
    }
}

extension SpoolFrame {
    /// Reads the frames of an opened batch.
    ///
    /// - Parameter bytes: frames one after the other, each coded with serial 0.
    /// - Returns: The frames; `nil` unless the bytes are frames of ascending positions and numbers
    ///   to their end.
    public static func decodeAll(_ bytes: [UInt8]) -> [SpoolFrame]? {
        var frames: [SpoolFrame] = []
        var offset = 0
        while offset < bytes.count {
            guard let (frame, size) = decode(bytes[offset...]),
                frames.last.map(frame.follows) ?? true
            else { return nil }
            frames.append(frame)
            offset += size
        }
        return frames
    }
}

extension BatchHeader {
    /// Whether the frames of an opened batch are the ones that this head announces.
    public func announces(_ frames: [SpoolFrame]) -> Bool {
        frames.count == frameCount && frames.first?.position.sequence == firstSequence
            && frames.last?.position.sequence == lastSequence
            && frames.allSatisfy { $0.position.epoch == epoch }
    }
}
