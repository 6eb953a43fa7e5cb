import Telemetry

/// The drawings of a device's page.
struct DeviceCharts {
    private let summary: RecentSummary

    /// Classes that are drawn; with more, only the most frequent ones.
    private static let classCountMax = 20

    init(_ summary: RecentSummary) { self.summary = summary }

    var html: HTML {
        guard summary.reportCount > 0 else { return .empty }
        return """
            <h2>Over the last \(summary.reportCount) reports</h2>
            <div class="charts">
            \(figure("Time of an inference", latency))\(figure("Classes", classes))\(tensors)
            </div>
            """
    }

    private func figure(_ caption: HTML, _ drawing: HTML) -> HTML {
        "<figure><figcaption>\(caption)</figcaption>\(drawing)</figure>\n"
    }

    private var latency: HTML {
        let counts = summary.latency.counts
        guard let first = counts.firstIndex(where: { $0 > 0 }),
            let last = counts.lastIndex(where: { $0 > 0 })
        else { return "<p class=\"muted\">No data.</p>" }
        // One empty bin on either side, and enough bins that a single one is no wall.
        let low = max(0, first - 4)
        let high = min(counts.count - 1, max(last + 4, low + 15))
        let shown = counts[low...high].map(UInt64.init)
        let middle = (low + high) / 2
        let ticks = [low, middle, high].map { bin in
            (bin - low, Wording.microseconds(LatencyHistogram.lowerBound(ofBin: bin)))
        }
        return Chart.histogram(shown, title: "Latency, logarithmic", ticks: ticks)
    }

    private var classes: HTML {
        var rows = summary.classCounts.enumerated().map {
            (name: "\($0.offset)", count: $0.element)
        }
        if rows.count > Self.classCountMax {
            rows = Array(rows.sorted { $0.count > $1.count }.prefix(Self.classCountMax))
        }
        return Chart.bars(rows, title: "Inferences by class")
    }

    private var tensors: HTML {
        HTML(
            summary.tensors.sorted { $0.key < $1.key }.map { tensor, histogram in
                let codes = CodeSummary(histogram)
                let mean: HTML = codes.mean.map { "mean \(at: $0)" } ?? "no values"
                return figure(
                    """
                    \(tensor.name), stored values <span class="muted">\(mean), \
                    \(Wording.count(histogram.edgeCount)) at the ends</span>
                    """,
                    Chart.histogram(
                        histogram.counts.map(UInt64.init),
                        title: "\(tensor.name), stored values from -128 to 127",
                        ticks: [(0, "-128"), (64, "-64"), (128, "0"), (192, "64"), (255, "127")]
                    )
                )
            }
        )
    }
}
