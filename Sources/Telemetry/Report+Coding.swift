// A report is a map with the keys 1...11 in order (CDDL in Telemetry.docc/Reports.md).

extension Report {
    static let schemaVersion: UInt64 = 1

    /// The report's bytes, the only ones that decode to it.
    public func encoded() -> [UInt8] {
        precondition(contentID.count == 32)
        var writer = CBORWriter()
        writer.map(count: 11)
        writer.field(1, [Report.schemaVersion])
        writer.unsigned(2)
        writer.byteString(contentID)
        writer.field(
            3,
            [startMilliseconds, endMilliseconds, wallMilliseconds, clockQuality.rawValue]
        )
        writer.field(4, [isComplete ? 1 : 0])
        writer.field(
            5,
            [outcomes.succeeded, outcomes.badInput, outcomes.badRequest, outcomes.refused]
        )
        writer.unsigned(6)
        writer.byteString(CountCoding.encode(latency.counts))
        writer.unsigned(7)
        writer.array(count: tensors.count)
        for tensor in tensors {
            writer.array(count: 3)
            writer.unsigned(tensor.isOutput ? 1 : 0)
            writer.unsigned(UInt64(tensor.index))
            writer.byteString(CountCoding.encode(tensor.histogram.counts))
        }
        writer.field(8, [UInt64(classCounts.count)])
        writer.unsigned(9)
        writer.byteString(CountCoding.encode(classCounts))
        writer.field(10, [saturationCount])
        writer.field(11, life.fields)
        return writer.bytes
    }

    /// Reads a report.
    ///
    /// - Throws: `ReportError` with the offset of the first value that breaks a rule.
    public init(decoding bytes: [UInt8]) throws(ReportError) {
        guard bytes.count <= ReportLimits.sizeMax else {
            throw .outOfRange(offsetBytes: ReportLimits.sizeMax)
        }
        self.init()
        var reader = CBORReader(bytes)
        _ = try reader.map(counts: 11...11)
        let version = try reader.field(1, count: 1)[0]
        guard version == Report.schemaVersion else { throw .versionUnknown(version) }
        try decodeHead(from: &reader)
        try decodeCounts(from: &reader)
        saturationCount = try reader.field(10, count: 1)[0]
        life = try Life(decoding: &reader)
        try reader.end()
    }

    private mutating func decodeHead(from reader: inout CBORReader) throws(ReportError) {
        try reader.key(2)
        contentID = try reader.byteString(sizes: 32...32)
        let start = reader.offset
        let times = try reader.field(3, count: 4)
        guard let quality = ClockQuality(rawValue: times[3]), times[0] <= times[1] else {
            throw .outOfRange(offsetBytes: start)
        }
        startMilliseconds = times[0]
        endMilliseconds = times[1]
        wallMilliseconds = times[2]
        clockQuality = quality
        let flag = try reader.field(4, count: 1)[0]
        guard flag <= 1 else { throw .outOfRange(offsetBytes: start) }
        isComplete = flag == 1
        let counts = try reader.field(5, count: 4)
        outcomes.succeeded = counts[0]
        outcomes.badInput = counts[1]
        outcomes.badRequest = counts[2]
        outcomes.refused = counts[3]
    }

    private mutating func decodeCounts(from reader: inout CBORReader) throws(ReportError) {
        try reader.key(6)
        let bins = try reader.counts(LatencyHistogram.binCount)
        latency = LatencyHistogram(counts: bins) ?? latency
        try reader.key(7)
        let tensorCount = try reader.array(counts: 0...ReportLimits.tensorCountMax)
        for _ in 0..<tensorCount {
            _ = try reader.array(counts: 3...3)
            let isOutput = try reader.unsigned(max: 1) == 1
            let index = UInt16(try reader.unsigned(max: UInt64(UInt16.max)))
            let codes = try reader.counts(CodeHistogram.binCount)
            guard let histogram = CodeHistogram(counts: codes) else { continue }
            tensors.append(TensorReport(isOutput: isOutput, index: index, histogram: histogram))
        }
        let start = reader.offset
        let classCount = try reader.field(8, count: 1)[0]
        guard classCount <= UInt64(ReportLimits.classCountMax) else {
            throw .outOfRange(offsetBytes: start)
        }
        try reader.key(9)
        classCounts = try reader.counts(Int(classCount))
    }
}

extension Report.Life {
    fileprivate var fields: [UInt64] {
        [
            starts, previousStop.rawValue, crashSignal, crashProgramCounter, spoolDropped,
            spoolLost,
            uptimeMilliseconds, residentKibibytes,
        ]
    }

    fileprivate init(decoding reader: inout CBORReader) throws(ReportError) {
        let start = reader.offset
        let fields = try reader.field(11, count: 8)
        guard let stop = StopReason(rawValue: fields[1]) else {
            throw .outOfRange(offsetBytes: start)
        }
        starts = fields[0]
        previousStop = stop
        crashSignal = fields[2]
        crashProgramCounter = fields[3]
        spoolDropped = fields[4]
        spoolLost = fields[5]
        uptimeMilliseconds = fields[6]
        residentKibibytes = fields[7]
    }
}

extension CBORWriter {
    /// A key and a number, or a key and an array of more than one number.
    fileprivate mutating func field(_ key: UInt64, _ values: [UInt64]) {
        unsigned(key)
        if values.count != 1 { array(count: values.count) }
        for value in values { unsigned(value) }
    }
}

extension CBORReader {
    fileprivate mutating func field(
        _ expected: UInt64,
        count: Int
    ) throws(ReportError) -> [UInt64] {
        try key(expected)
        if count != 1 { _ = try array(counts: count...count) }
        var values: [UInt64] = []
        for _ in 0..<count { values.append(try unsigned()) }
        return values
    }

    fileprivate mutating func counts(_ count: Int) throws(ReportError) -> [UInt32] {
        let start = offset
        let coded = try byteString(sizes: 0...max(5 * count, 8))
        guard let counts = CountCoding.decode(coded, count: count) else {
            throw .outOfRange(offsetBytes: start)
        }
        return counts
    }
}
