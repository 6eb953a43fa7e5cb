import Foundation

/// Fills buffers on a thread of its own while the caller works on those before.
///
/// At most `bufferCount` buffers exist, so memory is bounded however large the disk is.
///
/// A class because two threads share it; `condition` guards every property.
final class ReadAhead: @unchecked Sendable {
    /// A piece and its bytes; zeros have none.
    struct Filled {
        let piece: FlashPiece
        let buffer: AlignedBuffer
    }

    /// Makes the next piece; fills the buffer when it is data; `nil` at the end.
    typealias Producer = (AlignedBuffer) throws(FlashError) -> FlashPiece?

    static let bufferCount = 4

    private let condition = NSCondition()
    private var empty = (0..<bufferCount).map { _ in AlignedBuffer() }
    private var filled: [Filled] = []
    private var isAtEnd = false
    private var isAbandoned = false
    private var failure: FlashError?
    private let produce: Producer

    private init(_ produce: @escaping Producer) { self.produce = produce }

    /// Hands every piece to `consume` in the producer's order; returns after the thread has ended.
    static func run(
        _ produce: @escaping Producer,
        consume: (FlashPiece, AlignedBuffer) throws(FlashError) -> Void
    ) throws(FlashError) {
        let reader = ReadAhead(produce)
        Thread { reader.fill() }.start()
        defer { reader.abandon() }
        while let next = try reader.next() {
            try consume(next.piece, next.buffer)
            reader.giveBack(next.buffer)
        }
    }

    private func fill() {
        while let buffer = takeEmpty() {
            var piece: FlashPiece?
            var error: FlashError?
            do throws(FlashError) {
                piece = try produce(buffer)
            } catch let thrown {
                error = thrown
            }
            condition.lock()
            if let piece { filled.append(Filled(piece: piece, buffer: buffer)) }
            failure = error
            isAtEnd = piece == nil
            condition.broadcast()
            condition.unlock()
            if piece == nil { return }
        }
        condition.lock()
        isAtEnd = true
        condition.broadcast()
        condition.unlock()
    }

    private func takeEmpty() -> AlignedBuffer? {
        condition.lock()
        defer { condition.unlock() }
        while empty.isEmpty, !isAbandoned { condition.wait() }
        return isAbandoned ? nil : empty.removeLast()
    }

    private func next() throws(FlashError) -> Filled? {
        condition.lock()
        defer { condition.unlock() }
        while filled.isEmpty, !isAtEnd { condition.wait() }
        if !filled.isEmpty { return filled.removeFirst() }
        if let failure { throw failure }
        return nil
    }

    private func giveBack(_ buffer: AlignedBuffer) {
        condition.lock()
        empty.append(buffer)
        condition.broadcast()
        condition.unlock()
    }

    /// Lets the thread end and waits for it.
    private func abandon() {
        condition.lock()
        isAbandoned = true
        condition.broadcast()
        while !isAtEnd { condition.wait() }
        condition.unlock()
    }
}
