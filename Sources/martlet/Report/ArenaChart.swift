import Quantizer

/// Which tensors hold which bytes of the arena at which step.
struct ArenaChart {
    let arena: QualityReport.Arena

    /// Blocks smaller than this, in percent of the chart, have no room for a name.
    private static let labelWidthMin = 9.0
    private static let labelHeightMin = 9.0
    private static let colourCount = 6

    var markup: Markup {
        """
        <figure class="chart arena">
        <div class="plot">\(rules)<svg viewBox="0 0 100 100" preserveAspectRatio="none" \
        role="img"><title>bytes of the arena over the steps of an inference</title>\
        \(blocks)</svg>\(labels)\(bound)</div>
        <div class="live"><svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img">\
        <title>bytes in use at each step</title><path d="\(liveBytes)"/></svg></div>
        <div class="axis"><span>inputs are written</span>\
        <span>\(max(0, arena.stepCount - 2)) steps</span><span>outputs are read</span></div>
        </figure>
        """
    }

    private var size: Double { Double(max(arena.sizeBytes, 1)) }

    private struct Place {
        let left, width, top, height: Double
    }

    private func place(_ block: QualityReport.Arena.Block) -> Place {
        let steps = Double(max(arena.stepCount, 1))
        let height = Double(block.sizeBytes) / size * 100
        return Place(
            left: Double(block.firstStep) / steps * 100,
            width: Double(block.lastStep - block.firstStep + 1) / steps * 100,
            top: 100 - Double(block.offset) / size * 100 - height,
            height: height
        )
    }

    private var blocks: [Markup] {
        arena.blocks.enumerated().map { index, block in
            let place = place(block)
            let names = block.tensors.prefix(8).joined(separator: ", ")
            return """
                <rect class="block\(index % Self.colourCount)" x="\(at: place.left)" \
                y="\(at: place.top)" width="\(at: place.width)" height="\(at: place.height)">\
                <title>\(names): \(Wording.count(block.sizeBytes)) bytes at \
                \(Wording.count(block.offset)), steps \(block.firstStep) to \(block.lastStep)\
                </title></rect>
                """
        }
    }

    private var labels: [Markup] {
        arena.blocks.compactMap { block in
            let place = place(block)
            guard place.width >= Self.labelWidthMin, place.height >= Self.labelHeightMin,
                let name = block.tensors.first
            else { return nil }
            return """
                <span class="label\(place.width < 30 ? " small" : "")" \
                style="left:\(at: place.left)%;width:\(at: place.width)%;\
                top:\(at: place.top)%;height:\(at: place.height)%">\
                <b>\(Markup(name: Self.end(of: name)))</b> \
                <small>\(Wording.bytes(block.sizeBytes))</small></span>
                """
        }
    }

    /// The last two parts of the path that names a tensor, of the first where there are several.
    private static func end(of name: String) -> String {
        let first = name.split(separator: ";", maxSplits: 1).first ?? ""
        return first.split(separator: "/").suffix(2).joined(separator: "/")
    }

    private var rules: [Markup] {
        [0.0, 0.25, 0.5, 0.75].map { share in
            """
            <span class="rule" style="bottom:\(at: share * 100)%">\
            <em>\(Wording.bytes(Int(size * share)))</em></span>
            """
        }
    }

    private var bound: Markup {
        let share = Double(arena.lowerBoundBytes) / size * 100
        let slack = arena.sizeBytes - arena.lowerBoundBytes
        let text = slack == 0 ? "arena = lower bound" : "lower bound"
        return """
            <span class="bound" style="bottom:\(at: share)%"><em>\(text) \
            \(Wording.bytes(arena.lowerBoundBytes))</em></span>
            """
    }

    /// Steps of bytes in use, as a filled path.
    private var liveBytes: Markup {
        let steps = Double(max(arena.stepCount, 1))
        var path: Markup = "M0 100"
        for (step, bytes) in arena.liveBytes.enumerated() {
            let top = 100 - Double(bytes) / size * 100
            let (left, right) = (Double(step) / steps * 100, Double(step + 1) / steps * 100)
            path += "L\(at: left) \(at: top)H\(at: right)"
        }
        return "\(path)V100z"
    }
}
