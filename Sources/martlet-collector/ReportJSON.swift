import Telemetry

/// A report as the API gives it.
struct ReportJSON: Codable, Equatable {
    struct Outcomes: Codable, Equatable {
        let succeeded: UInt64
        let badInput: UInt64
        let badRequest: UInt64
        let refused: UInt64
    }

    struct Clock: Codable, Equatable {
        /// The device's clock, which may be wrong.
        let wallMilliseconds: UInt64
        let quality: String
        let startMilliseconds: UInt64
        let endMilliseconds: UInt64
    }

    struct Life: Codable, Equatable {
        let starts: UInt64
        let previousStop: String
        let crashSignal: UInt64
        let crashProgramCounter: UInt64
        let spoolDropped: UInt64
        let spoolLost: UInt64
        let uptimeMilliseconds: UInt64
        let residentKibibytes: UInt64
    }

    let device: String
    let epoch: Int64
    let sequence: Int64
    let number: Int64
    let receivedAt: String
    let frameHash: String
    let contentId: String
    let clock: Clock
    let isComplete: Bool
    let outcomes: Outcomes
    let latency: LatencyJSON
    let classCounts: [UInt32]
    let tensors: [TensorJSON]
    let saturations: UInt64
    let life: Life

    /// - Parameters:
    ///   - stored: the report.
    ///   - isFull: whether histograms are given whole.
    init(_ stored: StoredReport, isFull: Bool) {
        let report = stored.report
        device = hexText(stored.deviceID)
        epoch = stored.epoch
        sequence = stored.sequence
        number = stored.number
        receivedAt = ServerTime.text(stored.receivedAt)
        frameHash = hexText(stored.frameHash)
        contentId = hexText(report.contentID)
        clock = Clock(report)
        isComplete = report.isComplete
        outcomes = Outcomes(report.outcomes)
        latency = LatencyJSON(report.latency, isFull: isFull)
        classCounts = report.classCounts
        tensors = report.tensors.map { TensorJSON($0, isFull: isFull) }
        saturations = report.saturationCount
        life = Life(report.life)
    }
}

extension ReportJSON.Outcomes {
    init(_ outcomes: Report.Outcomes) {
        succeeded = outcomes.succeeded
        badInput = outcomes.badInput
        badRequest = outcomes.badRequest
        refused = outcomes.refused
    }
}

extension ReportJSON.Clock {
    init(_ report: Report) {
        wallMilliseconds = report.wallMilliseconds
        quality =
            switch report.clockQuality {
            case .none: "none"
            case .stale: "stale"
            case .synchronized: "synchronized"
            }
        startMilliseconds = report.startMilliseconds
        endMilliseconds = report.endMilliseconds
    }
}

extension ReportJSON.Life {
    init(_ life: Report.Life) {
        starts = life.starts
        previousStop =
            switch life.previousStop {
            case .orderly: "orderly"
            case .unknown: "unknown"
            case .crash: "crash"
            }
        crashSignal = life.crashSignal
        crashProgramCounter = life.crashProgramCounter
        spoolDropped = life.spoolDropped
        spoolLost = life.spoolLost
        uptimeMilliseconds = life.uptimeMilliseconds
        residentKibibytes = life.residentKibibytes
    }
}
