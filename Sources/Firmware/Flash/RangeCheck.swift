import Dispatch
import Foundation
import Synchronization

/// Compares the ranges of a block map with the image, several at a time: SHA-256 is slower than
/// any reading.
///
/// Ranges are claimed in their order, and no new one after a failure; those begun are ended. So the
/// failure that is told is the first of the image, whatever the threads do.
struct RangeCheck: Sendable {
    private struct State {
        var next = 0
        var doneBytes: Int64 = 0
        var percent: Int64 = -1
        var failure: (index: Int, error: FlashError)?
    }

    let image: FlashImage
    let map: BlockMap
    let totalBytes: Int64
    let stop: StopRequest

    /// More threads would wait for the medium that the image is read from.
    static let threadCountMax = 4

    /// Compares all ranges.
    ///
    /// - Parameter progress: Is told of each new percent, by one thread at a time.
    /// - Throws: `FlashError.blockMapDiffers`, `.interrupted`, or an error of reading.
    func run(progress: @Sendable (FlashProgress) -> Void) throws(FlashError) {
        let state = Mutex(State())
        let cores = ProcessInfo.processInfo.activeProcessorCount
        DispatchQueue.concurrentPerform(iterations: min(Self.threadCountMax, max(1, cores))) { _ in
            let buffer = AlignedBuffer()
            while let index = claim(state) {
                do throws(FlashError) {
                    try compare(map.ranges[index], buffer) { count in
                        tell(count, state, progress)
                    }
                } catch {
                    fail(index, error, state)
                }
            }
        }
        if let failure = state.withLock({ $0.failure }) { throw failure.error }
    }

    private func claim(_ state: borrowing Mutex<State>) -> Int? {
        state.withLock { state in
            guard state.failure == nil, state.next < map.ranges.count else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    private func fail(_ index: Int, _ error: FlashError, _ state: borrowing Mutex<State>) {
        state.withLock { state in
            if let earlier = state.failure, earlier.index < index { return }
            state.failure = (index, error)
        }
    }

    private func tell(
        _ count: Int,
        _ state: borrowing Mutex<State>,
        _ progress: (FlashProgress) -> Void
    ) {
        state.withLock { state in
            state.doneBytes += Int64(count)
            let percent = state.doneBytes * 100 / max(totalBytes, 1)
            guard percent != state.percent else { return }
            state.percent = percent
            progress(.check(done: state.doneBytes, total: totalBytes))
        }
    }

    private func compare(
        _ range: BlockMap.Range,
        _ buffer: AlignedBuffer,
        _ progress: (Int) -> Void
    ) throws(FlashError) {
        let bytes = map.byteRange(of: range)
        var digest = Digest()
        try image.forEachChunk(of: bytes, buffer, stop) { _, chunk in
            digest.update(chunk)
            progress(chunk.count)
        }
        guard digest.finish() == range.sha256 else {
            throw .blockMapDiffers(offsetBytes: bytes.lowerBound, sizeBytes: Int64(bytes.count))
        }
    }
}
