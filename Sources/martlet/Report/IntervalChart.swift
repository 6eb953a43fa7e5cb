import Quantizer

/// The interval of what integers lose, against its budget.
struct IntervalChart {
    private let value, lower, upper: Double
    private let metric: QualityReport.Evaluation.Metric
    private let gate: QualityReport.Gate?

    /// Makes a chart of a loss that has an interval.
    init?(
        _ loss: QualityReport.Estimate,
        of metric: QualityReport.Evaluation.Metric,
        gate: QualityReport.Gate?
    ) {
        guard let lower = loss.lower, let upper = loss.upper else { return nil }
        (value, self.lower, self.upper) = (loss.value, lower, upper)
        self.metric = metric
        self.gate = gate
    }

    private var limit: Double? { gate?.limit }

    /// The drop on the left and right edge, with room around everything that is shown.
    private var axis: (low: Double, high: Double) {
        let values = [0, lower, upper, limit ?? 0]
        let low = values.min() ?? 0
        let high = values.max() ?? 0
        let margin = max(high - low, .leastNormalMagnitude) * 0.14
        return (low - margin, high + margin)
    }

    private func place(_ value: Double) -> Double {
        (value - axis.low) / (axis.high - axis.low) * 100
    }

    var markup: Markup {
        let (low, high) = (place(lower), place(upper))
        let budget: Markup =
            limit.map {
                """
                <i class="limit" style="left:\(at: place($0))%"></i>\
                <span class="above" style="left:\(at: place($0))%">\
                budget \(metric.loss($0))</span>
                """
            } ?? .empty
        let isNear = limit.map { abs(place($0) - place(0)) < 22 } ?? false
        let nought: Markup =
            isNear ? .empty : "<span class=\"above nil\" style=\"left:\(at: place(0))%\">0</span>"
        return """
            <figure class="interval \(gate?.verdict.rawValue ?? "plain")">
            <div class="track">\
            <i class="zero" style="left:\(at: place(0))%"></i>\
            <i class="span" style="left:\(at: low)%;width:\(at: high - low)%"></i>\
            <i class="estimate" style="left:\(at: place(value))%"></i>\
            \(budget)\(nought)\
            <span class="below" style="left:\(at: low)%">\(metric.loss(lower))</span>\
            <span class="below" style="left:\(at: high)%">\(metric.loss(upper))</span>
            </div>
            <figcaption>\(metric.lossName), integers against float, with the 95 % interval of \
            the pairs; negative where the integers gain</figcaption>
            </figure>
            """
    }
}
