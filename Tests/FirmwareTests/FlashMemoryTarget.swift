import Glibc
import Synchronization

@testable import Firmware

/// A target in memory that keeps a list of what was asked of it and fails where it is told to.
///
/// `cache` is what reads see before the caches are dropped; `medium` is what survives.
final class MemoryTarget: BlockTarget {
    enum Event: Hashable {
        case write(Range<Int64>)
        case zero(Range<Int64>)
        case discard(Range<Int64>)
        case flush, dropCaches, rereadTable, close
    }

    struct State {
        var cache: [UInt8]
        var medium: [UInt8]
        var events: [Event] = []
        var writeCount = 0
        var isClosed = false

        mutating func fill(_ range: Range<Int64>, with byte: UInt8) {
            let bytes = [UInt8](repeating: byte, count: range.count)
            let part = Int(range.lowerBound)..<Int(range.upperBound)
            cache.replaceSubrange(part, with: bytes)
            medium.replaceSubrange(part, with: bytes)
        }
    }

    /// What goes wrong, asked before each operation.
    typealias Fault = @Sendable (_ operation: TargetFault.Operation, _ index: Int) -> Int32?
    /// Changes what a write leaves on the medium.
    typealias Corruption = @Sendable (_ offset: Int64, inout [UInt8]) -> Void

    let state: Mutex<State>
    let sizeBytes: Int64
    let zeroStepBytes: Int64 = 3 << 20
    private let fault: Fault
    private let corruption: Corruption
    private let counter = Mutex<[TargetFault.Operation: Int]>([:])

    init(
        _ bytes: [UInt8],
        fault: @escaping Fault = { _, _ in nil },
        corruption: @escaping Corruption = { _, _ in }
    ) {
        state = Mutex(State(cache: bytes, medium: bytes))
        sizeBytes = Int64(bytes.count)
        self.fault = fault
        self.corruption = corruption
    }

    var events: [Event] { state.withLock { $0.events } }
    var medium: [UInt8] { state.withLock { $0.medium } }
    var isClosed: Bool { state.withLock { $0.isClosed } }

    private func ask(_ operation: TargetFault.Operation, _ offset: Int64) throws(TargetFault) {
        let index = counter.withLock { counts in
            counts[operation, default: 0] += 1
            return counts[operation, default: 0]
        }
        guard let code = fault(operation, index) else { return }
        throw TargetFault(operation, offsetBytes: offset, code: code)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(TargetFault) {
        try ask(.write, offset)
        precondition(offset % 4096 == 0, "writes start on a block: \(offset)")
        precondition(bytes.count <= 1 << 20, "writes are at most 1 MiB: \(bytes.count)")
        var content = Array(bytes)
        corruption(offset, &content)
        state.withLock { state in
            let end = Int(offset) + bytes.count
            state.cache.replaceSubrange(Int(offset)..<end, with: bytes)
            state.medium.replaceSubrange(Int(offset)..<end, with: content)
            state.events.append(.write(offset..<Int64(end)))
            state.writeCount += 1
        }
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: Int64
    ) throws(TargetFault) {
        try ask(.read, offset)
        state.withLock { state in
            buffer.copyBytes(from: state.cache[Int(offset)..<Int(offset) + buffer.count])
        }
    }

    func zero(_ range: Range<Int64>) throws(TargetFault) {
        try ask(.zero, range.lowerBound)
        precondition(range.count <= zeroStepBytes, "zeros come in steps: \(range)")
        state.withLock { state in
            state.fill(range, with: 0)
            state.events.append(.zero(range))
        }
    }

    func discard(_ range: Range<Int64>) throws(TargetFault) {
        try ask(.discard, range.lowerBound)
        // A medium may keep, forget or change discarded bytes; this one keeps every other block.
        state.withLock { state in
            for start in stride(from: range.lowerBound, to: range.upperBound, by: 8192) {
                state.fill(start..<min(start + 4096, range.upperBound), with: 0xA5)
            }
            state.events.append(.discard(range))
        }
    }

    func endOfKnownZeros(from offset: Int64) -> Int64 { offset }

    func flush() throws(TargetFault) {
        try ask(.flush, 0)
        state.withLock { $0.events.append(.flush) }
    }

    func dropCaches() throws(TargetFault) {
        try ask(.dropCaches, 0)
        state.withLock { state in
            state.cache = state.medium
            state.events.append(.dropCaches)
        }
    }

    func rereadTable() { state.withLock { $0.events.append(.rereadTable) } }

    func close() {
        state.withLock { state in
            state.events.append(.close)
            state.isClosed = true
        }
    }
}
