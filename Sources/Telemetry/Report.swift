/// What one monitored tensor held during an interval.
public struct TensorReport: Sendable, Equatable {
    /// Whether the tensor is an output of the program, else an input.
    public var isOutput: Bool
    /// The index among the program's inputs or outputs.
    public var index: UInt16
    /// How often each stored value occurred.
    public var histogram: CodeHistogram

    /// Makes a report from its parts.
    public init(isOutput: Bool, index: UInt16, histogram: CodeHistogram) {
        self.isOutput = isOutput
        self.index = index
        self.histogram = histogram
    }
}

/// How well the device's wall clock can be believed.
public enum ClockQuality: UInt64, Sendable {
    /// The clock was never set in this boot, as far as the device knows.
    case none = 0
    /// The clock was set once and may have drifted.
    case stale = 1
    /// The clock is kept by the network.
    case synchronized = 2
}

/// How an earlier run of the agent ended.
public enum StopReason: UInt64, Sendable {
    /// There was no earlier run, or it stopped when asked to.
    case orderly = 0
    /// It ended without a word: power loss or SIGKILL.
    case unknown = 1
    /// A signal ended it; the report names the signal and the place.
    case crash = 2
}

/// What a device says about one interval.
///
/// All counts are since the previous report.
public struct Report: Sendable, Equatable {
    /// The outcomes of requests, counted apart.
    public struct Outcomes: Sendable, Equatable {
        /// Inferences that were answered.
        public var succeeded: UInt64 = 0
        /// Requests with a payload of the wrong size.
        public var badInput: UInt64 = 0
        /// Requests that broke the socket's protocol.
        public var badRequest: UInt64 = 0
        /// Connections refused because all places were taken.
        public var refused: UInt64 = 0

        /// Makes outcomes that count nothing.
        public init() {}
    }

    /// The run of the agent, and how the one before ended.
    public struct Life: Sendable, Equatable {
        /// Starts of the agent on this state directory.
        public var starts: UInt64 = 0
        /// How the run before this one ended.
        public var previousStop = StopReason.orderly
        /// The signal and the program counter, relative to the program's start, of a crash.
        public var crashSignal: UInt64 = 0, crashProgramCounter: UInt64 = 0
        /// Reports that the spool dropped for lack of room, and lost by damage, ever.
        public var spoolDropped: UInt64 = 0, spoolLost: UInt64 = 0
        /// Time since the agent's start in milliseconds.
        public var uptimeMilliseconds: UInt64 = 0
        /// Resident memory in KiB.
        public var residentKibibytes: UInt64 = 0

        /// Makes a record of a first, orderly run.
        public init() {}
    }

    /// The content id of the bundle that ran, 32 bytes.
    public var contentID: [UInt8] = []
    /// The interval on the monotonic clock, in milliseconds.
    public var startMilliseconds: UInt64 = 0, endMilliseconds: UInt64 = 0
    /// The wall clock at the end, in Unix milliseconds, and its quality.
    public var wallMilliseconds: UInt64 = 0, clockQuality = ClockQuality.none
    /// Whether the interval was closed in order; false for the report of a shutdown.
    public var isComplete = true
    /// The requests' outcomes.
    public var outcomes = Outcomes()
    /// The time of one inference each.
    public var latency = LatencyHistogram()
    /// The monitored tensors.
    public var tensors: [TensorReport] = []
    /// How often each class was the first with the largest score.
    public var classCounts: [UInt32] = []
    /// Values at the ends of their range, over all monitored tensors.
    public var saturationCount: UInt64 = 0
    /// The agent's run.
    public var life = Life()

    /// Makes an empty report.
    public init() {}
}

/// Limits of a report.
public enum ReportLimits {
    /// The largest encoded report: 16 full tensor histograms and 4,096 classes.
    public static let sizeMax = 60_000
    /// Monitored tensors.
    public static let tensorCountMax = 16
    /// Classes.
    public static let classCountMax = 4_096
    static let histogramSizeMax = 5 * 256
}
