/// What the flasher writes to: a card, a disk, a file, or the memory of a test.
///
/// One writer uses a target at a time; reads may come from another thread meanwhile. Offsets are
/// multiples of 4,096 bytes; lengths may be any, because an image may end inside of a sector.
public protocol BlockTarget: Sendable {
    /// The size in bytes, constant from opening on.
    var sizeBytes: Int64 { get }
    /// The most bytes that one call of `zero` takes, so that a request to stop is heard in time.
    var zeroStepBytes: Int64 { get }

    /// Writes all of the bytes; they may stay in caches until `flush`.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws(TargetFault)
    /// Fills the buffer; after `dropCaches` with what the medium holds.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(TargetFault)
    /// Makes a range read as zero.
    func zero(_ range: Range<Int64>) throws(TargetFault)
    /// Tells the medium that a range is unused; what it reads as afterwards is not known.
    func discard(_ range: Range<Int64>) throws(TargetFault)
    /// The end of the bytes from `offset` on that are known to read as zero without reading them;
    /// `offset` itself where nothing is known.
    func endOfKnownZeros(from offset: Int64) -> Int64
    /// Makes everything written so far durable.
    func flush() throws(TargetFault)
    /// Forgets cached bytes, so that reads see the medium.
    func dropCaches() throws(TargetFault)
    /// Lets the system see the new partitions; a refusal is no fault of the flash.
    func rereadTable()
    /// Ends the exclusive use.
    func close()
}

/// A system call on a target that failed.
public struct TargetFault: Error, Sendable, Hashable {
    /// What was asked of the target.
    public enum Operation: String, Sendable, Hashable {
        case write, read, zero, discard, flush
        case dropCaches = "drop caches"
    }

    /// What was asked.
    public let operation: Operation
    /// Where, in bytes from the start of the target.
    public let offsetBytes: Int64
    /// The system's `errno`.
    public let code: Int32

    /// Makes a fault from its parts.
    public init(_ operation: Operation, offsetBytes: Int64, code: Int32) {
        self.operation = operation
        self.offsetBytes = offsetBytes
        self.code = code
    }
}
