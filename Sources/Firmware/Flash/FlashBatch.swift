import Foundation

/// Several flashes at once.
public enum FlashBatch {
    /// More cards than this wait for their turn: readers of cards share the bus.
    public static let parallelMax = 8

    /// Runs a job for each element, at most `parallelMax` at once, each on a thread of its own.
    ///
    /// A flash waits for its medium most of the time; the threads of Swift's own pool are too few
    /// for that.
    ///
    /// - Parameters:
    ///   - elements: What the jobs are for.
    ///   - job: Does one; failures are part of its outcome, so that no card stops another.
    /// - Returns: The outcomes in the order of the elements.
    public static func run<Element: Sendable, Outcome: Sendable>(
        _ elements: [Element],
        job: @escaping @Sendable (Element) -> Outcome
    ) async -> [Outcome] {
        await withTaskGroup(of: (Int, Outcome).self) { group in
            var outcomes: [Int: Outcome] = [:]
            for (index, element) in elements.enumerated() {
                if index >= parallelMax, let (done, outcome) = await group.next() {
                    outcomes[done] = outcome
                }
                group.addTask { (index, await onOwnThread { job(element) }) }
            }
            for await (done, outcome) in group { outcomes[done] = outcome }
            return elements.indices.compactMap { outcomes[$0] }
        }
    }

    private static func onOwnThread<Outcome: Sendable>(
        _ body: @escaping @Sendable () -> Outcome
    ) async -> Outcome {
        await withCheckedContinuation { continuation in
            Thread { continuation.resume(returning: body()) }.start()
        }
    }
}
