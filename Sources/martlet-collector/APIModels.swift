import Telemetry

// The JSON of the API (API.md, openapi.json). Ids and hashes are lower-case hexadecimal text, times
// of the server RFC 3339 text in UTC, and names end in their unit.

/// A device in a list.
struct DeviceJSON: Codable, Equatable {
    let id: String
    let name: String
    let state: DeviceState
    let enrolledAt: String
    let lastSeenAt: String?
    let revokedAt: String?
    let forkedAt: String?
    let forkReason: String?
    let contentId: String?
    let reports: Int64
    let inferences: Int64
    let missingReports: Int64
    let droppedReports: Int64
    let lostReports: Int64

    init(_ device: DeviceRecord, now: Int64, silentMilliseconds: Int64) {
        id = device.idText
        name = device.name
        state = device.state(now: now, silentMilliseconds: silentMilliseconds)
        enrolledAt = ServerTime.text(device.enrolledAt)
        lastSeenAt = device.seenAt.map(ServerTime.text)
        revokedAt = device.revokedAt.map(ServerTime.text)
        forkedAt = device.forkedAt.map(ServerTime.text)
        forkReason = device.forkReason
        contentId = device.contentID.map(hexText)
        reports = device.reportCount
        inferences = device.inferenceCount
        missingReports = device.missingCount
        droppedReports = device.droppedCount
        lostReports = device.lostCount
    }
}

/// A device with its gaps and the ends of its runs.
struct DeviceDetailJSON: Codable, Equatable {
    let device: DeviceJSON
    let gaps: [NumberGap]
    let stops: [StopJSON]
}

/// The end of a run that was not asked for.
struct StopJSON: Codable, Equatable {
    let epoch: Int64
    let starts: Int64
    let reason: String
    let signal: Int64
    let programCounter: Int64
    let reportedAt: String

    init(_ stop: StopRecord) {
        epoch = stop.epoch
        starts = stop.starts
        reason = stop.reason == .crash ? "crash" : "unknown"
        signal = stop.signal
        programCounter = stop.programCounter
        reportedAt = ServerTime.text(stop.reportedAt)
    }
}

/// A page of a list.
struct PageJSON<Item: Codable & Equatable>: Codable, Equatable {
    let items: [Item]
    /// Where the next page begins; missing at the end.
    let nextCursor: String?
}

/// How long inferences took.
struct LatencyJSON: Codable, Equatable {
    let count: UInt64
    let p50Microseconds: UInt64?
    let p90Microseconds: UInt64?
    let p99Microseconds: UInt64?
    let counts: [UInt32]?

    init(_ histogram: LatencyHistogram, isFull: Bool) {
        count = histogram.total
        p50Microseconds = histogram.quantile(permille: 500)
        p90Microseconds = histogram.quantile(permille: 900)
        p99Microseconds = histogram.quantile(permille: 990)
        counts = isFull ? histogram.counts : nil
    }
}

/// What a tensor held, in stored values.
struct TensorJSON: Codable, Equatable {
    let kind: String
    let index: UInt16
    let values: UInt64
    let minimum: Int?
    let maximum: Int?
    let mean: Double?
    let atEdges: UInt64
    let counts: [UInt32]?

    init(_ tensor: TensorReport, isFull: Bool) {
        let summary = CodeSummary(tensor.histogram)
        kind = tensor.isOutput ? "output" : "input"
        index = tensor.index
        values = summary.count
        minimum = summary.minimum
        maximum = summary.maximum
        mean = summary.mean
        atEdges = tensor.histogram.edgeCount
        counts = isFull ? tensor.histogram.counts : nil
    }
}

/// Count, ends and mean of stored values.
struct CodeSummary: Equatable {
    let count: UInt64
    let minimum: Int?
    let maximum: Int?
    let mean: Double?

    init(_ histogram: CodeHistogram) {
        let counts = histogram.counts
        // 256 counts of 32 bits do not overflow 64.
        let count = counts.reduce(0) { $0 + UInt64($1) }
        self.count = count
        minimum = counts.firstIndex { $0 > 0 }.map { $0 - 128 }
        maximum = counts.lastIndex { $0 > 0 }.map { $0 - 128 }
        let sum = counts.enumerated().reduce(0.0) {
            $0 + Double($1.offset - 128) * Double($1.element)
        }
        mean = count > 0 ? sum / Double(count) : nil
    }
}
