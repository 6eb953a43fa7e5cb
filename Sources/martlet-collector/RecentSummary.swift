import Telemetry

/// What the newest reports of one device say together, over the bundle that runs now.
struct RecentSummary: Sendable {
    /// Which tensor a histogram belongs to.
    struct Tensor: Hashable, Comparable {
        let isOutput: Bool
        let index: UInt16

        var name: String { (isOutput ? "Output " : "Input ") + "\(index)" }

        static func < (first: Tensor, second: Tensor) -> Bool {
            first.isOutput != second.isOutput ? second.isOutput : first.index < second.index
        }
    }

    private(set) var reportCount = 0
    private(set) var latency = LatencyHistogram()
    private(set) var classCounts: [UInt64] = []
    private(set) var tensors: [Tensor: CodeHistogram] = [:]

    /// Merges reports, the newest of which comes first.
    init(_ reports: [StoredReport]) {
        guard let contentID = reports.first?.report.contentID else { return }
        for stored in reports where stored.report.contentID == contentID { merge(stored.report) }
    }

    private mutating func merge(_ report: Report) {
        reportCount += 1
        latency.merge(report.latency)
        if classCounts.isEmpty {
            classCounts = report.classCounts.map(UInt64.init)
        } else {
            for (index, count) in report.classCounts.enumerated() where index < classCounts.count {
                classCounts[index] += UInt64(count)
            }
        }
        for tensor in report.tensors {
            let key = Tensor(isOutput: tensor.isOutput, index: tensor.index)
            tensors[key, default: CodeHistogram()].merge(tensor.histogram)
        }
    }
}
