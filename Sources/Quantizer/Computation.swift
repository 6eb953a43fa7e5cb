import Foundation

/// How computations that do not depend on each other are spread over the cores.
enum Computation {
    /// How many samples are worth computing at a time.
    static let width = 2 * max(1, ProcessInfo.processInfo.activeProcessorCount)

    /// Computes one value for each index on all cores.
    ///
    /// - Parameters:
    ///   - count: the number of indices.
    ///   - body: computes the value of an index; called on any thread.
    /// - Returns: The values in the order of the indices.
    static func onAllCores<Value: Sendable>(
        _ count: Int,
        _ body: @Sendable (_ index: Int) -> Value
    ) -> [Value] {
        [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
            // Safe: each index writes a place of its own.
            nonisolated(unsafe) let places = buffer
            DispatchQueue.concurrentPerform(iterations: count) { index in
                places.initializeElement(at: index, to: body(index))
            }
            initialized = count
        }
    }
}
