import Quantizer

extension QualityPage {
    /// Whether it may ship, and how sure that is.
    var verdict: Markup {
        guard let deployment = report.deployment else { return .empty }
        let (kind, headline) = headline(deployment)
        let lines = deployment.gates.map {
            "<li>\(line(of: $0, deployment.evaluation))</li>\n" as Markup
        }
        let refusal: Markup =
            deployment.refusal.map { "<p class=\"refusal\">\(sentence($0)).</p>" as Markup }
            ?? .empty
        let interval = deployment.evaluation.flatMap { evaluation in
            evaluation.drop.flatMap {
                IntervalChart(
                    $0,
                    of: evaluation.metric,
                    gate: deployment.gates.first { $0.measure == .drop }
                )?.markup
            }
        }
        return """
            <section class="verdict \(kind)">
            <div><p class="stamp">\(headline)</p>
            \(refusal)
            <ul>
            \(lines)</ul></div>
            \(interval ?? .empty)
            </section>
            """
    }

    private func headline(_ deployment: QualityReport.Deployment) -> (Markup, String) {
        let drop = deployment.gates.first { $0.measure == .drop }
        if deployment.refusal != nil {
            let isOnlyOpen =
                drop?.verdict == .inconclusive
                && !deployment.gates.contains { $0.verdict == .fail }
            return isOnlyOpen
                ? ("open", "Refused: the samples leave the budget open") : ("fail", "Refused")
        }
        guard let drop else { return ("plain", "Built; no budget was asked for") }
        switch drop.verdict {
        case .pass: return ("pass", "Passed")
        case .fail: return ("fail", "Built over the budget")
        case .inconclusive: return ("open", "Built; the samples leave the budget open")
        }
    }

    private func line(
        of gate: QualityReport.Gate,
        _ evaluation: QualityReport.Evaluation?
    ) -> Markup {
        switch gate.measure {
        case .drop:
            let metric = evaluation?.metric ?? .accuracy
            var text: Markup = """
                <b>\(metric.lossName)</b> \(metric.loss(gate.value)), budget \
                \(metric.loss(gate.limit)) \(word(gate.verdict))
                """
            if let drop = evaluation?.drop, let low = drop.lower, let high = drop.upper,
                let count = evaluation?.sampleCount
            {
                text += """
                    <br/>95 % interval on \(Wording.count(count)) samples: \
                    \(metric.loss(low)) to \(metric.loss(high))
                    """
            }
            guard gate.verdict == .inconclusive else { return text }
            if let needed = gate.neededSampleCount {
                text += "; about \(Wording.count(needed)) samples at these rates would decide"
            } else {
                text += "; the estimate is too near the budget for any number of samples"
            }
            return text
        case .accuracy:
            return """
                <b>Accuracy</b> \(Wording.percent(gate.value)), at least \
                \(Wording.percent(gate.limit)) \(word(gate.verdict))
                """
        case .memoryBytes:
            return """
                <b>Memory</b> \(Wording.bytes(Int(gate.value))) for arena and weights, the target \
                has \(Wording.bytes(Int(clamping: gate.limit))) \(word(gate.verdict))
                """
        }
    }

    private func word(_ verdict: QualityReport.Gate.Verdict) -> Markup {
        "<span class=\"word \(verdict.rawValue)\">\(verdict.rawValue)</span>"
    }

    /// The numbers that people ask for first.
    var tiles: Markup {
        var tiles: [Tile] = []
        let evaluation = report.deployment?.evaluation
        let metric = evaluation?.metric ?? .accuracy
        tiles.append(Tile(evaluation?.integer, of: metric, "integers"))
        tiles.append(Tile(evaluation?.float, of: metric, "float"))
        if let agreement = evaluation?.agreement, let lost = evaluation?.lostCount,
            let won = evaluation?.wonCount
        {
            let detail = "same class as float; \(lost) lost, \(won) won"
            tiles.append(Tile("Agreement", Wording.percent(agreement), detail))
        } else {
            let detail = "same largest output, \(Wording.count(report.evidenceCount)) samples"
            tiles.append(Tile("Agreement", Wording.percent(report.agreement), detail))
        }
        let decibels = report.outputSignalToNoise
        let scores =
            report.scoreSignalToNoise.map { "\(Wording.decibels($0)) of the scores behind it" }
            ?? "signal over noise"
        tiles.append(
            Tile(
                "Output SQNR",
                decibels.isFinite ? Wording.decibels(decibels) : "no error",
                scores
            )
        )
        if let deployment = report.deployment { tiles += self.tiles(deployment) }
        let body = tiles.map(\.markup)
        return "<section class=\"tiles\">\n\(body)</section>"
    }

    private func tiles(_ deployment: QualityReport.Deployment) -> [Tile] {
        let (sizes, arena) = (deployment.sizes, deployment.arena)
        let ratio = Double(sizes.floatWeightBytes) / Double(max(sizes.weightBytes, 1))
        let excess = arena.sizeBytes - arena.lowerBoundBytes
        let latency = deployment.latency.map {
            Tile(
                "Latency",
                Wording.time(microseconds: $0.medianMicroseconds),
                "median of \($0.runCount), 90 % within "
                    + "\(Wording.time(microseconds: $0.percentile90Microseconds)): \($0.method)"
            )
        }
        return [
            Tile(
                "Weights",
                Wording.bytes(sizes.weightBytes),
                "of \(Wording.bytes(sizes.floatWeightBytes)) in float"
                    + (sizes.weightBytes > 0
                        ? ", \(Wording.real((ratio * 10).rounded() / 10))× less" : "")
            ),
            Tile(
                "Bundle",
                Wording.bytes(sizes.bundleBytes),
                (deployment.refusal == nil ? "signed" : "not written")
                    + "; image \(Wording.bytes(sizes.imageBytes)), float file "
                    + Wording.bytes(sizes.modelFileBytes)
            ),
            Tile(
                "Arena",
                Wording.bytes(arena.sizeBytes),
                excess == 0
                    ? "the exact lower bound"
                    : "\(Wording.bytes(excess)) above the bound of "
                        + Wording.bytes(arena.lowerBoundBytes)
            ),
            Tile("Work", Wording.short(sizes.multiplyAccumulates), "multiply-accumulates a run"),
            latency ?? Tile("Latency", nil, "not measured; --report-latency times this machine"),
        ]
    }
}

/// One number with what it is.
private struct Tile {
    let label: String
    let value: String?
    let detail: String

    init(_ label: String, _ value: String?, _ detail: String) {
        self.label = label
        self.value = value
        self.detail = detail
    }

    init(
        _ estimate: QualityReport.Estimate?,
        of metric: QualityReport.Evaluation.Metric,
        _ model: String
    ) {
        var detail = estimate == nil ? "not measured" : "without an interval"
        if let low = estimate?.lower, let high = estimate?.upper {
            detail = "95 %: \(metric.value(low)) to \(metric.value(high))"
        }
        self.init("\(metric.name), \(model)", estimate.map { metric.value($0.value) }, detail)
    }

    var markup: Markup {
        """
        <div class="tile"><p>\(label)</p><p class="number\(value == nil ? " none" : "")">\
        \(value ?? "—")</p><p>\(detail)</p></div>

        """
    }
}

extension Int {
    /// The nearest whole number; bounds stand for what is beyond them.
    init(clamping real: Double) {
        self = real >= 9e18 ? .max : real <= -9e18 || real.isNaN ? .min : Int(real)
    }
}
