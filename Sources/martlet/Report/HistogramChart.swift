import Foundation
import Quantizer

/// The values of one tensor and the range that its integers reach.
///
/// Heights are logarithmic, so that the few values outside the range are seen at all.
struct HistogramChart {
    let layer: QualityReport.Layer

    private static let width = 200.0
    private static let height = 40.0

    var markup: Markup {
        guard let histogram = layer.histogram, layer.chosenMinimum < layer.chosenMaximum else {
            return "<span class=\"quiet\">—</span>"
        }
        let scale = Scale(
            low: min(histogram.lowest, layer.chosenMinimum),
            high: max(histogram.highest, layer.chosenMaximum),
            width: Self.width
        )
        let (left, right) = (scale.place(layer.chosenMinimum), scale.place(layer.chosenMaximum))
        let zero = scale.place(0)
        return """
            <svg class="histogram" viewBox="0 0 200 40" preserveAspectRatio="none" role="img">\
            <title>\(summary)</title>\
            <rect class="range" x="\(at: left)" y="0" width="\(at: right - left)" height="40"/>\
            <path class="zero" d="M\(at: zero) 0V40"/>\
            <path class="inside" d="\(bars(histogram, scale) { isInside($0) })"/>\
            <path class="outside" d="\(bars(histogram, scale) { !isInside($0) })"/>\
            <path class="edge" d="M\(at: left) 0V40M\(at: right) 0V40"/>\
            </svg>
            """
    }

    private var summary: String {
        "values seen, and the range from \(Wording.real(layer.chosenMinimum)) to "
            + "\(Wording.real(layer.chosenMaximum)) that \(layer.activationBits) bits reach"
    }

    /// By the middle of a bin, as saturation is counted; half a step rounds back into the range.
    private func isInside(_ middle: Double) -> Bool {
        middle >= layer.chosenMinimum && middle <= layer.chosenMaximum
    }

    /// The bars of the bins whose middle fulfils a condition, as one path.
    private func bars(
        _ histogram: QualityReport.Histogram,
        _ scale: Scale,
        where condition: (Double) -> Bool
    ) -> Markup {
        let most = log(1 + Double(histogram.counts.max() ?? 1))
        var path: Markup = .empty
        for (index, count) in histogram.counts.enumerated() where count > 0 {
            let left = histogram.lowest + Double(index) * histogram.binWidth
            guard condition(left + histogram.binWidth / 2) else { continue }
            let height = max(1, log(1 + Double(count)) / most * (Self.height - 2))
            let from = scale.place(left)
            // A sliver of air between bars, except where they are slivers themselves.
            let to = max(from + 0.4, scale.place(left + histogram.binWidth) - 0.3)
            path += "M\(at: from) 40V\(at: Self.height - height)H\(at: to)V40z"
        }
        return path
    }

    private struct Scale {
        let low: Double
        let high: Double
        let width: Double

        func place(_ value: Double) -> Double {
            let share = (value - low) / max(high - low, .leastNormalMagnitude)
            return 1 + share * (width - 2)
        }
    }
}
