/// Counts what happens in an interval, in memory that is taken once.
///
/// RAM: 1,032 bytes a monitored tensor, 832 for the latency, 4 a class. Recording allocates
/// nothing.
public struct ReportAccumulator: Sendable {
    private var report: Report
    /// The length of each monitored tensor list: inputs first, then outputs.
    private let inputCount: Int

    /// Takes the memory for one loaded program.
    ///
    /// - Parameters:
    ///   - contentID: the bundle's content id, 32 bytes.
    ///   - inputCount: the monitored inputs, the first ones of the program.
    ///   - outputCount: the monitored outputs, the first ones of the program. Both together are
    ///     cut to `ReportLimits.tensorCountMax`.
    ///   - classCount: the classes of the first output; cut to `ReportLimits.classCountMax`.
    ///   - startMilliseconds: the beginning of the interval on the monotonic clock.
    public init(
        contentID: [UInt8],
        inputCount: Int,
        outputCount: Int,
        classCount: Int,
        startMilliseconds: UInt64
    ) {
        report = Report()
        report.contentID = contentID
        report.startMilliseconds = startMilliseconds
        let inputs = min(inputCount, ReportLimits.tensorCountMax)
        let outputs = min(outputCount, ReportLimits.tensorCountMax - inputs)
        self.inputCount = inputs
        for index in 0..<inputs + outputs {
            report.tensors.append(
                TensorReport(
                    isOutput: index >= inputs,
                    index: UInt16(index >= inputs ? index - inputs : index),
                    histogram: CodeHistogram()
                )
            )
        }
        report.classCounts = [UInt32](
            repeating: 0,
            count: min(classCount, ReportLimits.classCountMax)
        )
    }

    /// The number of monitored tensors.
    public var tensorCount: Int { report.tensors.count }

    /// What was counted since the last report.
    public var current: Report { report }

    /// Counts one inference and its time.
    public mutating func recordInference(microseconds: UInt64) {
        report.outcomes.succeeded += 1
        report.latency.record(microseconds)
    }

    /// Counts the stored values of an input; inputs beyond the monitored ones are left out.
    public mutating func recordInput(_ index: Int, _ bytes: UnsafeRawBufferPointer) {
        guard index < inputCount else { return }
        // Safe: the buffer is only passed on.
        unsafe report.tensors[index].histogram.record(bytes)
    }

    /// Counts the stored values of an output; outputs beyond the monitored ones are left out.
    public mutating func recordOutput(_ index: Int, _ bytes: UnsafeRawBufferPointer) {
        guard inputCount + index < report.tensors.count else { return }
        // Safe: the buffer is only passed on.
        unsafe report.tensors[inputCount + index].histogram.record(bytes)
    }

    /// Counts a predicted class; classes beyond the counted ones are left out.
    public mutating func recordClass(_ index: Int) {
        guard report.classCounts.indices.contains(index) else { return }
        report.classCounts[index].addSaturating(1)
    }

    /// Counts a request whose payload has the wrong size.
    public mutating func recordBadInput() { report.outcomes.badInput += 1 }
    /// Counts a request that broke the protocol.
    public mutating func recordBadRequest() { report.outcomes.badRequest += 1 }
    /// Counts a refused connection.
    public mutating func recordRefused() { report.outcomes.refused += 1 }

    /// Closes the interval and begins the next.
    ///
    /// - Parameters:
    ///   - endMilliseconds: now, on the monotonic clock.
    ///   - wallMilliseconds: now, in Unix milliseconds.
    ///   - quality: how far the wall clock can be believed.
    ///   - isComplete: false when the interval was cut short.
    ///   - life: the agent's run.
    /// - Returns: The report of the interval that ended.
    public mutating func close(
        endMilliseconds: UInt64,
        wallMilliseconds: UInt64,
        quality: ClockQuality,
        isComplete: Bool,
        life: Report.Life
    ) -> Report {
        var closed = report
        closed.endMilliseconds = max(endMilliseconds, report.startMilliseconds)
        closed.wallMilliseconds = wallMilliseconds
        closed.clockQuality = quality
        closed.isComplete = isComplete
        closed.life = life
        closed.saturationCount = report.tensors.reduce(0) { $0 + $1.histogram.edgeCount }
        report.startMilliseconds = closed.endMilliseconds
        report.outcomes = Report.Outcomes()
        report.latency.clear()
        for index in report.tensors.indices { report.tensors[index].histogram.clear() }
        for index in report.classCounts.indices { report.classCounts[index] = 0 }
        return closed
    }
}
