import Telemetry

/// Small drawings as inline SVG, each with a title and a description for those who do not see it.
enum Chart {
    /// A line of a few values, as high as its largest.
    static func sparkline(_ values: [Int64], title: String) -> HTML {
        guard let largest = values.max(), values.count > 1 else {
            return "<span class=\"muted\">–</span>"
        }
        let width = 120.0
        let height = 28.0
        let scale = Double(max(largest, 1))
        let points = values.enumerated().map { index, value -> HTML in
            let x = 2 + (width - 4) * Double(index) / Double(values.count - 1)
            let y = height - 3 - (height - 6) * Double(max(value, 0)) / scale
            return "\(at: x),\(at: y) "
        }
        return """
            <svg class="spark" viewBox="0 0 120 28" width="120" height="28" role="img">\
            <title>\(title)</title>\
            <desc>\(values.count) values from \(values.first ?? 0) to \(values.last ?? 0), at \
            most \(largest)</desc><polyline points="\(points)"/></svg>
            """
    }

    /// Bars beside each other, one a bin.
    ///
    /// - Parameters:
    ///   - counts: the bins' counts.
    ///   - title: what the drawing shows.
    ///   - ticks: the bins that are labelled, with their labels.
    /// - Returns: The drawing.
    static func histogram(_ counts: [UInt64], title: String, ticks: [(Int, String)]) -> HTML {
        let largest = counts.max() ?? 0
        guard largest > 0 else { return "<p class=\"muted\">No data.</p>" }
        let total = counts.reduce(0, addingSaturating)
        let width = 640.0
        let base = 150.0
        let step = width / Double(counts.count)
        let bars = counts.enumerated().map { index, count -> HTML in
            guard count > 0 else { return .empty }
            // The smallest count is still seen.
            let height = max(1.5, 140 * Double(count) / Double(largest))
            return """
                M\(at: step * Double(index)) 150V\(at: base - height)\
                h\(at: max(0.8, step - 0.6))V150z
                """
        }
        let labels = ticks.map { bin, label -> HTML in
            let x = step * (Double(bin) + 0.5)
            let anchor: HTML =
                x < 40 ? "start" : x > width - 40 ? "end" : "middle"
            return """
                <line x1="\(at: x)" x2="\(at: x)" y1="150" y2="155"/>\
                <text x="\(at: x)" y="169" text-anchor="\(anchor)">\(label)</text>
                """
        }
        return """
            <svg class="chart" viewBox="0 0 640 176" role="img"><title>\(title)</title>\
            <desc>\(Wording.count(total)) values in \(counts.count) bins, at most \
            \(Wording.count(largest)) in one</desc><path d="\(bars)"/>\
            <line x1="0" x2="640" y1="150" y2="150"/>\(labels)</svg>
            """
    }

    /// Bars below each other, each with its name and its count.
    static func bars(_ rows: [(name: String, count: UInt64)], title: String) -> HTML {
        let largest = rows.map(\.count).max() ?? 0
        guard largest > 0 else { return "<p class=\"muted\">No data.</p>" }
        let pieces = rows.enumerated().map { index, row -> HTML in
            let y = Double(index) * 22
            let width = 440 * Double(row.count) / Double(largest)
            return """
                <text x="72" y="\(at: y + 15)" text-anchor="end">\(row.name)</text>\
                <rect x="80" y="\(at: y + 3)" width="\(at: width)" height="16"/>\
                <text x="\(at: 88 + width)" y="\(at: y + 15)">\(Wording.count(row.count))</text>
                """
        }
        return """
            <svg class="chart" viewBox="0 0 640 \(rows.count * 22)" role="img">\
            <title>\(title)</title><desc>\(rows.count) rows, at most \(Wording.count(largest))\
            </desc>\(pieces)</svg>
            """
    }

    /// A sum that stops at the largest number.
    static func addingSaturating(_ first: UInt64, _ second: UInt64) -> UInt64 {
        let (sum, overflow) = first.addingReportingOverflow(second)
        return overflow ? .max : sum
    }
}
