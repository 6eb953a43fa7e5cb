@testable import Telemetry

/// A disk that loses power: it remembers what was durable and what was still on its way.
struct CrashingStorage: SpoolStorage {
    private(set) var durable: [UInt8]
    private var current: [UInt8]
    private var pending: [(offset: Int, bytes: [UInt8])] = []
    /// Writes and synchronisations until the power fails; `nil` for never.
    var operationsLeft: Int?

    init(segments: Int) {
        durable = [UInt8](repeating: 0, count: (segments + 1) * SpoolFormat.segmentSizeBytes)
        current = durable
    }

    var sizeBytes: UInt64 { UInt64(current.count) }

    mutating func read(at offset: UInt64, count: Int) throws(SpoolError) -> [UInt8] {
        [UInt8](current[Int(offset)..<Int(offset) + count])
    }

    mutating func write(_ bytes: [UInt8], at offset: UInt64) throws(SpoolError) {
        try step(offset)
        current.replaceSubrange(Int(offset)..<Int(offset) + bytes.count, with: bytes)
        pending.append((Int(offset), bytes))
    }

    mutating func synchronize() throws(SpoolError) {
        try step(0)
        durable = current
        pending = []
    }

    private mutating func step(_ offset: UInt64) throws(SpoolError) {
        guard let left = operationsLeft else { return }
        guard left > 0 else { throw .storageFailed(code: 5, offsetBytes: offset) }
        operationsLeft = left - 1
    }

    /// The disk after the power came back: of what was on its way, any 512-byte sectors arrived.
    func afterPowerLoss(using generator: inout SeededGenerator) -> CrashingStorage {
        var disk = self
        disk.operationsLeft = nil
        disk.current = durable
        for (offset, bytes) in pending {
            var start = offset
            while start < offset + bytes.count {
                let end = min((start / 512 + 1) * 512, offset + bytes.count)
                if Bool.random(using: &generator) {
                    let part = bytes[start - offset..<end - offset]
                    disk.current.replaceSubrange(start..<end, with: part)
                }
                start = end
            }
        }
        disk.durable = disk.current
        disk.pending = []
        return disk
    }

    mutating func damage(_ offset: Int) { current[offset] ^= 0xFF }
}

/// A stand-in for BLAKE2b, which is the caller's: enough to see that the chain is kept.
enum SumHasher: FrameHasher {
    static func hash(_ frame: [UInt8]) -> [UInt8] {
        var hash = [UInt8](repeating: 0, count: 16)
        for (index, byte) in frame.enumerated() { hash[index % 16] = hash[index % 16] &* 31 &+ byte }
        return hash
    }
}
