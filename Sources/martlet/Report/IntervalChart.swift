import Quantizer

/// The interval of an accuracy drop against its budget.
struct IntervalChart {
    let share: QualityReport.Share
    let gate: QualityReport.Gate?

    private var limit: Double? { gate?.limit }

    /// The drop on the left and right edge, with room around everything that is shown.
    private var axis: (low: Double, high: Double) {
        let values = [0, share.lower, share.upper, limit ?? 0]
        let low = values.min() ?? 0
        let high = values.max() ?? 0
        let margin = max(high - low, 0.002) * 0.14
        return (low - margin, high + margin)
    }

    private func place(_ value: Double) -> Double {
        (value - axis.low) / (axis.high - axis.low) * 100
    }

    var markup: Markup {
        let (low, high) = (place(share.lower), place(share.upper))
        let budget: Markup =
            limit.map {
                """
                <i class="limit" style="left:\(at: place($0))%"></i>\
                <span class="above" style="left:\(at: place($0))%">\
                budget \(Wording.points($0))</span>
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
            <i class="estimate" style="left:\(at: place(share.value))%"></i>\
            \(budget)\(nought)\
            <span class="below" style="left:\(at: low)%">\(Wording.points(share.lower))</span>\
            <span class="below" style="left:\(at: high)%">\(Wording.points(share.upper))</span>
            </div>
            <figcaption>Accuracy lost to integers, in points, with its paired 95 % interval; \
            negative where the integers gain</figcaption>
            </figure>
            """
    }
}
