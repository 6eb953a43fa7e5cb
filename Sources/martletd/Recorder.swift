import InferenceRuntime
import Telemetry

/// Counts what happens, for the next report and since the start.
struct Recorder {
    private var accumulator: ReportAccumulator
    private(set) var totals = Report.Outcomes()
    /// The byte-sized tensors: their sizes, and whether they are monitored.
    private let inputs: [Monitored], outputs: [Monitored]
    private let classCount: Int

    private struct Monitored {
        var sizeBytes: Int
        var isCounted: Bool
    }

    init(_ program: Program, contentID: [UInt8], startMilliseconds: UInt64) {
        var inputs: [Monitored] = []
        var outputs: [Monitored] = []
        for index in 0..<program.inputCount {
            inputs.append(Recorder.monitored(program.input(index)))
        }
        for index in 0..<program.outputCount {
            outputs.append(Recorder.monitored(program.output(index)))
        }
        self.inputs = inputs
        self.outputs = outputs
        classCount = Recorder.classCount(of: program.output(0))
        accumulator = ReportAccumulator(
            contentID: contentID,
            inputCount: inputs.count,
            outputCount: outputs.count,
            classCount: classCount,
            startMilliseconds: startMilliseconds
        )
    }

    /// Only int8 codes are counted: other types have no 256 values.
    private static func monitored(_ port: PortInfo) -> Monitored {
        Monitored(sizeBytes: port.sizeBytes, isCounted: port.type == .int8)
    }

    /// The classes of an output that is one score a class; 0 for any other.
    private static func classCount(of port: PortInfo) -> Int {
        guard port.type == .int8, port.rank >= 1 else { return 0 }
        let count = port.dimension(port.rank - 1)
        guard count == port.sizeBytes, (2...ReportLimits.classCountMax).contains(count) else {
            return 0
        }
        return count
    }

    /// Counts an inference.
    mutating func record(
        nanoseconds: Int64,
        input: UnsafeRawBufferPointer,
        output: UnsafeRawBufferPointer
    ) {
        accumulator.recordInference(microseconds: UInt64(max(0, nanoseconds)) / 1_000)
        totals.succeeded += 1
        var offset = 0
        for (index, tensor) in inputs.enumerated() {
            // Safe: the tensors' sizes add up to the buffer's count.
            let part = unsafe input[offset..<offset + tensor.sizeBytes]
            if tensor.isCounted {
                unsafe accumulator.recordInput(index, UnsafeRawBufferPointer(rebasing: part))
            }
            offset += tensor.sizeBytes
        }
        offset = 0
        for (index, tensor) in outputs.enumerated() {
            // Safe: the tensors' sizes add up to the buffer's count.
            let part = unsafe output[offset..<offset + tensor.sizeBytes]
            if tensor.isCounted {
                unsafe accumulator.recordOutput(index, UnsafeRawBufferPointer(rebasing: part))
            }
            offset += tensor.sizeBytes
        }
        guard classCount > 0 else { return }
        unsafe accumulator.recordClass(Recorder.firstLargest(output, count: classCount))
    }

    private static func firstLargest(_ scores: UnsafeRawBufferPointer, count: Int) -> Int {
        var best = 0
        for index in 1..<count {
            // Safe: the first output has `count` bytes.
            let score = unsafe Int8(bitPattern: scores[index])
            if unsafe score > Int8(bitPattern: scores[best]) { best = index }
        }
        return best
    }

    mutating func recordBadInput() {
        accumulator.recordBadInput()
        totals.badInput += 1
    }

    mutating func recordBadRequest() {
        accumulator.recordBadRequest()
        totals.badRequest += 1
    }

    mutating func recordRefused(_ count: Int) {
        for _ in 0..<count { accumulator.recordRefused() }
        totals.refused += UInt64(count)
    }

    /// The latency since the last report that a share of inferences does not exceed.
    func latency(permille: UInt64) -> UInt64? {
        accumulator.current.latency.quantile(permille: permille)
    }

    /// Closes the interval.
    mutating func close(isComplete: Bool, life: Report.Life) -> Report {
        accumulator.close(
            endMilliseconds: Clock.milliseconds,
            wallMilliseconds: Clock.wallMilliseconds,
            quality: Clock.quality,
            isComplete: isComplete,
            life: life
        )
    }
}
