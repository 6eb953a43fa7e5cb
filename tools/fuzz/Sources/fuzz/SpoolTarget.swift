import Telemetry

extension Fuzz {
    /// A spool starts on any storage, and a report appended to it survives opening it again.
    static func spool(_ bytes: [UInt8]) {
        var storage = FuzzStorage(bytes)
        guard var first = try? Spool(opening: storage, hasher: FuzzHasher.self) else {
            fatalError("a spool did not start")
        }
        let newest = first.newest
        guard newest.epoch < .max else { return }
        let position = FramePosition(epoch: newest.epoch + 1, sequence: 1)
        do {
            try first.append([1, 2, 3], at: position)
        } catch { fatalError("a recovered spool took no report") }
        storage = FuzzStorage.latest
        guard let second = try? Spool(opening: storage, hasher: FuzzHasher.self),
            second.newest == position
        else { fatalError("an appended report was lost") }
    }
}

/// Storage of three segments that begins with the fuzzer's bytes.
private struct FuzzStorage: SpoolStorage {
    /// The bytes after the newest write, since a spool keeps its storage to itself.
    nonisolated(unsafe) static var latest = FuzzStorage([])
    private var bytes: [UInt8]

    init(_ start: [UInt8]) {
        let size = 4 * SpoolFormat.segmentSizeBytes
        bytes =
            [UInt8](start.prefix(size)) + [UInt8](repeating: 0, count: max(0, size - start.count))
    }

    var sizeBytes: UInt64 { UInt64(bytes.count) }

    mutating func read(at offset: UInt64, count: Int) throws(SpoolError) -> [UInt8] {
        [UInt8](bytes[Int(offset)..<Int(offset) + count])
    }

    mutating func write(_ new: [UInt8], at offset: UInt64) throws(SpoolError) {
        bytes.replaceSubrange(Int(offset)..<Int(offset) + new.count, with: new)
        FuzzStorage.latest = self
    }

    mutating func synchronize() throws(SpoolError) {}
}

private enum FuzzHasher: FrameHasher {
    static func hash(_ frame: [UInt8]) -> [UInt8] {
        [UInt8](repeating: frame.reduce(0, ^), count: 16)
    }
}
