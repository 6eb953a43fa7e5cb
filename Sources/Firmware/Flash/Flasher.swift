/// Brings an image onto a target, so that the target is either all of it or not bootable.
///
/// ```
/// planned -> invalidated -> (probed) -> written -> boot written -> table written -> verified: done
///               ^   |           |           |            |              |               |
///               |   +-----------+-----------+------------+--------------+---------------+
///               |                 any error, or a request to stop
///               +---- invalidated again, when boot or table had been begun ---> failed
/// ```
/// Invariants:
/// 1. When done, bytes [0, image size) of the target equal the image; with an expanded table all
///    of them but the table's.
/// 2. Nothing is written before the target's size was checked.
/// 3. From the first write until the last one the first and last MiB hold no partition table.
/// 4. The writes are ordered by flushes: invalidation | data | boot | backup table | primary table.
/// 5. Done is said only after a flush, and after every byte was read past the caches and compared
///    with the image, unless verification is off; the image is still the one that was opened.
/// 6. Memory is bounded by `ReadAhead.bufferCount` pieces and one more.
/// 7. A run that resumes another writes only what differs, and ends with the same bytes.
public struct Flasher<Target: BlockTarget>: Sendable {
    /// What was done.
    public struct Result: Sendable, Hashable {
        /// The bytes of data that were written.
        public let writtenBytes: Int64
        /// The bytes that the target had already.
        public let keptBytes: Int64
        /// The bytes that were made zero, or known to be.
        public let zeroBytes: Int64
        /// The bytes that were read back and compared.
        public let verifiedBytes: Int64
    }

    let plan: FlashPlan
    let target: Target
    let device: String
    let options: FlashOptions
    let stop: StopRequest

    /// Prepares a flash.
    ///
    /// - Parameters:
    ///   - plan: What comes where.
    ///   - target: The open target; `run` closes it.
    ///   - device: The target's name in errors.
    ///   - options: How it is done.
    ///   - stop: Asks to stop at the next piece.
    public init(
        plan: FlashPlan,
        target: Target,
        device: String,
        options: FlashOptions = FlashOptions(),
        stop: StopRequest = StopRequest()
    ) {
        self.plan = plan
        self.target = target
        self.device = device
        self.options = options
        self.stop = stop
    }

    /// Flashes, on the calling thread and one for reading.
    ///
    /// - Parameter progress: Is told of every new percent and phase, on the calling thread.
    /// - Returns: What was done.
    /// - Throws: `FlashError`; the target has no valid table then, as far as it can be written.
    public func run(
        progress: @escaping @Sendable (FlashProgress) -> Void = { _ in }
    ) throws(FlashError) -> Result {
        defer { target.close() }
        guard target.sizeBytes >= plan.neededBytes else {
            throw .tooSmall(
                device: device,
                sizeBytes: target.sizeBytes,
                neededBytes: plan.neededBytes
            )
        }
        let written = plan.areas.reduce(0) { $0 + $1.sizeBytes }
        let count = ProgressCount(
            workBytes: options.verifies ? 2 * written : written,
            report: progress
        )
        var run = FlashRun(flasher: self, count: count)
        do throws(FlashError) {
            try run.perform()
        } catch {
            run.invalidateAgain()
            throw error
        }
        return run.result
    }
}

/// How an image is flashed.
public struct FlashOptions: Sendable, Hashable {
    /// What is read first and written only where it differs, as for resuming.
    public var comparesFirst: Bool
    /// The whole medium is declared unused first.
    public var discards: Bool
    /// The target is read back.
    public var verifies: Bool
    /// The capacity is tried at far offsets.
    public var probes: Bool

    /// Makes options; by default everything is written and read back.
    public init(
        comparesFirst: Bool = false,
        discards: Bool = false,
        verifies: Bool = true,
        probes: Bool = false
    ) {
        self.comparesFirst = comparesFirst
        self.discards = discards
        self.verifies = verifies
        self.probes = probes
    }
}
