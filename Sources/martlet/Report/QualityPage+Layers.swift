import Quantizer

extension QualityPage {
    /// Above this signal to noise nothing is visible in any task that was measured.
    private static let decibelsMax = 60.0

    /// How the signal fares from the input to the output.
    var journey: Markup {
        let layers = report.layers
        let known = layers.enumerated().filter { $0.element.signalToNoise != nil }
        guard known.count > 1 else { return .empty }
        func left(_ index: Int) -> Double {
            (Double(index) + 0.5) / Double(layers.count) * 100
        }
        func bottom(_ decibels: Double) -> Double {
            max(0, min(1, decibels / Self.decibelsMax)) * 100
        }
        var line: Markup = .empty
        var dots: Markup = .empty
        for (index, layer) in layers.enumerated() {
            if let decibels = layer.signalToNoise {
                let command: Markup = line.text.isEmpty ? "M" : "L"
                line += "\(command)\(at: left(index)) \(at: 100 - bottom(decibels))"
                let rank = report.suggestions.firstIndex { $0.tensor == layer.tensor }
                let mark: Markup = rank.map { "<b>\($0 + 1)</b>" } ?? .empty
                dots += """
                    <i class="dot\(rank == nil ? "" : " marked")" \
                    style="left:\(at: left(index))%;bottom:\(at: bottom(decibels))%" \
                    title="\(layer.node): \(Wording.decibels(decibels))">\(mark)</i>
                    """
            }
            if let decibels = layer.weightSignalToNoise {
                dots += """
                    <i class="dot weight" style="left:\(at: left(index))%;\
                    bottom:\(at: bottom(decibels))%" \
                    title="weights of \(layer.node): \(Wording.decibels(decibels))"></i>
                    """
            }
        }
        let rules = stride(from: 0.0, through: Self.decibelsMax, by: 20).map { decibels -> Markup in
            let last: Markup = decibels == Self.decibelsMax ? " dB" : .empty
            return """
                <span class="rule" style="bottom:\(at: bottom(decibels))%">\
                <em>\(Int(decibels))\(last)</em></span>
                """
        }
        return section(
            "journey",
            "Signal to noise along the network",
            """
            From the input on the left to the output on the right, all errors so far included. \
            Numbers mark the layers named above; <i class="dot weight key"></i> is the weights \
            of a layer alone.
            """,
            """
            <figure class="chart journey"><div class="plot">\(rules)\
            <svg viewBox="0 0 100 100" preserveAspectRatio="none">\
            <path class="line" d="\(line)"/></svg>\(dots)</div></figure>
            """
        )
    }

    /// Every layer with its range, its noise and its cost.
    var layers: Markup {
        let total = report.layers.reduce(0.0) { $0 + Double($1.multiplyAccumulates) }
        let rows = report.layers.enumerated().map { row($0.offset, $0.element, total: total) }
        return section(
            "layers",
            "Layer by layer",
            """
            Values as seen in calibration, heights logarithmic; the tinted band is what the \
            integers reach, and <span class="outside">what lies outside is clipped</span>. Bits \
            are those of activations and weights.
            """,
            """
            <table class="layers"><thead><tr><th>Layer</th><th>Values and range</th>\
            <th>Signal to noise</th><th>Clipped</th><th>Work</th></tr></thead><tbody>
            \(rows)</tbody></table>
            """
        )
    }

    private func row(_ index: Int, _ layer: QualityReport.Layer, total: Double) -> Markup {
        let rank = report.suggestions.firstIndex { $0.tensor == layer.tensor }
        let mark: Markup = rank.map { "<span class=\"rank\">\($0 + 1)</span>" } ?? .empty
        let bits: Markup =
            layer.weightBits.map { "\(layer.activationBits) / \($0) bit" as Markup }
            ?? "\(layer.activationBits) bit"
        let tensor: Markup =
            layer.tensor == layer.node
            ? .empty : "<p class=\"quiet tensor\">\(Markup(name: layer.tensor))</p>"
        return """
            <tr\(rank == nil ? "" : " class=\"worst\"" as Markup)><td class="name">\(mark)\
            <p><b>\(Markup(name: layer.node))</b></p>\(tensor)<p><span class="tag">\
            \(layer.operatorName)</span> <span class="tag bits\(layer.activationBits)">\(bits)\
            </span></p></td>\
            <td class="values" data-label="Values and range">\(HistogramChart(layer: layer).markup)\
            \(numbers(layer))</td>\
            <td data-label="Signal to noise">\(noise(layer))</td>\
            <td class="number" data-label="Clipped">\(clipped(layer))</td>\
            <td data-label="Work">\(work(layer, total: total))</td></tr>

            """
    }

    private func numbers(_ layer: QualityReport.Layer) -> Markup {
        var seen: Markup = .empty
        if let low = layer.seenMinimum, let high = layer.seenMaximum {
            let growing: Markup =
                layer.isRangeGrowing ? " <span class=\"warn\">still growing</span>" : .empty
            seen = """
                <dt>seen</dt><dd>\(Wording.real(Double(low))) … \(Wording.real(Double(high)))\
                \(growing)</dd>
                """
        }
        return """
            <dl>\(seen)<dt>range</dt><dd>\(Wording.real(layer.chosenMinimum)) … \
            \(Wording.real(layer.chosenMaximum))</dd><dt>scale</dt>\
            <dd>\(Wording.real(Double(layer.scale))), zero at \(Int(layer.zeroPoint))</dd></dl>
            """
    }

    private func noise(_ layer: QualityReport.Layer) -> Markup {
        let value: Markup = layer.signalToNoise.map { bar($0, "values") } ?? .empty
        let weights: Markup = layer.weightSignalToNoise.map { bar($0, "weights") } ?? .empty
        let isEmpty = layer.signalToNoise == nil && layer.weightSignalToNoise == nil
        return isEmpty ? "<span class=\"quiet\">no noise measured</span>" : value + weights
    }

    private func bar(_ decibels: Double, _ label: String) -> Markup {
        let level = decibels < 15 ? "low" : decibels < 25 ? "middle" : "high"
        let share = max(0, min(1, decibels / Self.decibelsMax)) * 100
        return """
            <div class="meter \(level)"><span>\(Wording.decibels(decibels)) \
            <small>\(label)</small></span>\(Self.meter(share))</div>
            """
    }

    private static func meter(_ share: Double) -> Markup {
        """
        <svg viewBox="0 0 100 4" preserveAspectRatio="none">\
        <rect class="rail" width="100" height="4"/>\
        <rect class="level" width="\(at: share)" height="4"/></svg>
        """
    }

    private func clipped(_ layer: QualityReport.Layer) -> Markup {
        let share = layer.saturation
        guard share > 0 else { return "<span class=\"quiet\">none</span>" }
        guard share >= 0.000_005 else { return "&lt; 0.001 %" }
        let text = Wording.percent(share, digits: share < 0.001 ? 3 : 2)
        return share >= 0.005 && layer.clipsBeyondStep
            ? "<span class=\"warn\">\(text)</span>" : "\(text)"
    }

    private func work(_ layer: QualityReport.Layer, total: Double) -> Markup {
        guard layer.multiplyAccumulates > 0, total > 0 else {
            return "<span class=\"quiet\">—</span>"
        }
        let share = Double(layer.multiplyAccumulates) / total
        let bytes: Markup =
            layer.weightBytes > 0
            ? "<p class=\"quiet\">\(Wording.bytes(layer.weightBytes)) of weights</p>" : .empty
        return """
            <div class="meter work"><span>\(Wording.short(layer.multiplyAccumulates)) MAC \
            <small>\(Wording.percent(share, digits: 1))</small></span>\
            \(Self.meter(share * 100))</div>\(bytes)
            """
    }
}
