import Glibc

/// Memory for one piece, aligned as reads past the caches need it.
///
/// A class because it owns memory that two threads hand to each other, one at a time.
final class AlignedBuffer: @unchecked Sendable {
    private let memory = UnsafeMutableRawBufferPointer.allocate(
        byteCount: FlashPiece.sizeMax,
        alignment: Int(FlashPiece.alignmentBytes)
    )

    /// Memory full of zeros, which nobody writes to.
    static let zeros: AlignedBuffer = {
        let buffer = AlignedBuffer()
        buffer.memory.initializeMemory(as: UInt8.self, repeating: 0)
        return buffer
    }()

    deinit { memory.deallocate() }

    /// The first bytes of the memory, to be read.
    func bytes(_ count: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(part(count)) }

    /// The first bytes of the memory.
    func part(_ count: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: memory[..<count])
    }
}

extension UnsafeRawBufferPointer {
    /// The first byte that is not zero.
    var firstNonzero: Int? {
        guard let start = baseAddress, let first, let last else { return nil }
        // All bytes equal their successor and the first is zero, or some byte is not zero.
        if first == 0, last == 0, memcmp(start, start + 1, count - 1) == 0 { return nil }
        return firstIndex { $0 != 0 }
    }

    /// The first byte that another buffer of the same size has differently.
    func firstDifference(from other: UnsafeRawBufferPointer) -> Int? {
        guard let start = baseAddress, let otherStart = other.baseAddress else { return nil }
        if memcmp(start, otherStart, count) == 0 { return nil }
        return indices.first { self[$0] != other[$0] }
    }
}
