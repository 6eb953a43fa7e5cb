import Logging
import ServiceLifecycle
import Synchronization

/// The way of checked batches to the one writer: many batches share one transaction.
///
/// submitted -> waiting -> in a transaction -> answered. A batch is answered after its transaction
/// has reached the disk or has failed, never before. When too much waits, `submit` refuses.
final class CommitQueue: Service, Sendable {
    // A class, because requests and the writer share the queue.
    private struct Waiting {
        let batch: IncomingBatch
        let answer: CheckedContinuation<CommitOutcome, any Error>
    }

    private struct State {
        var waiting: [Waiting] = []
        var sizeBytes = 0
        var isClosed = false
    }

    private let store: TelemetryStore
    private let limits: Limits
    private let logger: Logger
    private let metrics: CollectorMetrics
    private let state = Mutex(State())
    private let wakes: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation

    /// Makes a queue that stores nothing until it runs.
    init(store: TelemetryStore, limits: Limits, metrics: CollectorMetrics, logger: Logger) {
        self.store = store
        self.limits = limits
        self.metrics = metrics
        self.logger = logger
        (wakes, waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Batches that wait for a transaction.
    var count: Int { state.withLock { $0.waiting.count } }

    /// Stores a batch.
    ///
    /// - Throws: `Problem` when the queue is full or closed, or the storage fails.
    func submit(_ batch: IncomingBatch) async throws -> CommitOutcome {
        try await withCheckedThrowingContinuation { answer in
            let refusal = state.withLock { state -> Problem? in
                guard !state.isClosed else { return Problem(.storageUnavailable) }
                guard state.waiting.count < limits.queueCountMax,
                    batch.sizeBytes <= limits.queueSizeMax - state.sizeBytes
                else { return Problem(.queueFull) }
                state.waiting.append(Waiting(batch: batch, answer: answer))
                state.sizeBytes += batch.sizeBytes
                return nil
            }
            if let refusal { answer.resume(throwing: refusal) } else { waker.yield() }
        }
    }

    /// Stores what is submitted, until a graceful shutdown or cancellation; then stores the rest.
    func run() async throws {
        await withGracefulShutdownHandler {
            for await _ in wakes { await storeAll() }
            close()
            await storeAll()
        } onGracefulShutdown: {
            self.close()
        }
    }

    private func close() {
        state.withLock { $0.isClosed = true }
        waker.finish()
    }

    private func storeAll() async {
        while true {
            let drain = takeDrain()
            guard !drain.isEmpty else { return }
            await store(drain)
        }
    }

    private func takeDrain() -> [Waiting] {
        state.withLock { state in
            let drain = Array(state.waiting.prefix(Limits.drainCountMax))
            state.waiting.removeFirst(drain.count)
            state.sizeBytes -= drain.reduce(0) { $0 + $1.batch.sizeBytes }
            return drain
        }
    }

    private func store(_ drain: [Waiting]) async {
        let start = ContinuousClock.now
        do {
            let outcomes = try await store.commit(drain.map(\.batch), now: ServerTime.now())
            metrics.committed(count: drain.count, duration: ContinuousClock.now - start)
            for (waiting, outcome) in zip(drain, outcomes) {
                waiting.answer.resume(returning: outcome)
            }
        } catch {
            logger.error(
                "a transaction failed; its batches were refused",
                metadata: ["batches": "\(drain.count)", "error": "\(error)"]
            )
            metrics.commitFailed()
            for waiting in drain {
                waiting.answer.resume(throwing: Problem(.storageUnavailable))
            }
        }
    }
}
