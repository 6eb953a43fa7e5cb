import Quantizer

extension QualityPage {
    /// Whether it may ship, and how sure that is.
    var verdict: Markup {
        guard let deployment = report.deployment else { return .empty }
        let (kind, headline) = headline(deployment)
        let lines = deployment.gates.map {
            "<li>\(line(of: $0, deployment.accuracy))</li>\n" as Markup
        }
        let refusal: Markup =
            deployment.refusal.map { "<p class=\"refusal\">\(sentence($0)).</p>" as Markup }
            ?? .empty
        let interval = deployment.accuracy.flatMap { accuracy in
            accuracy.drop.map {
                IntervalChart(
                    share: $0,
                    gate: deployment.gates.first { $0.measure == .accuracyDrop }
                ).markup
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
        guard deployment.refusal == nil else { return ("fail", "Refused") }
        guard let drop = deployment.gates.first(where: { $0.measure == .accuracyDrop }) else {
            return ("plain", "Built; no accuracy budget was asked for")
        }
        switch drop.verdict {
        case .pass: return ("pass", "Passed")
        case .fail: return ("fail", "Over the accuracy budget")
        case .inconclusive: return ("open", "Built; the samples leave the budget open")
        }
    }

    private func line(
        of gate: QualityReport.Gate,
        _ accuracy: QualityReport.Accuracy?
    ) -> Markup {
        switch gate.measure {
        case .accuracyDrop:
            var text: Markup = """
                <b>Accuracy drop</b> \(Wording.points(gate.value)) points, budget \
                \(Wording.points(gate.limit)) \(word(gate.verdict))
                """
            if let drop = accuracy?.drop, let count = accuracy?.sampleCount {
                text += """
                    <br/>95 % interval on \(Wording.count(count)) samples: \
                    \(Wording.points(drop.lower)) to \(Wording.points(drop.upper))
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
        let accuracy = report.deployment?.accuracy
        tiles.append(Tile(accuracy: accuracy?.integer, "Accuracy, integers"))
        tiles.append(Tile(accuracy: accuracy?.float, "Accuracy, float"))
        if let agreement = accuracy?.agreement, let lost = accuracy?.lostCount,
            let won = accuracy?.wonCount
        {
            let detail = "same class as float; \(lost) lost, \(won) won"
            tiles.append(Tile("Agreement", Wording.percent(agreement), detail))
        } else {
            let detail = "same largest output, \(Wording.count(report.evidenceCount)) samples"
            tiles.append(Tile("Agreement", Wording.percent(report.agreement), detail))
        }
        let decibels = report.outputSignalToNoise
        tiles.append(
            Tile(
                "Output SQNR",
                decibels.isFinite ? Wording.decibels(decibels) : "no error",
                report.outputs.count > 1
                    ? "the lowest of \(report.outputs.count) outputs" : "signal over noise"
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

    init(accuracy: QualityReport.Share?, _ label: String) {
        let detail = accuracy.map {
            "95 %: \(Wording.percent($0.lower, digits: 1)) to "
                + Wording.percent($0.upper, digits: 1)
        }
        self.init(label, accuracy.map { Wording.percent($0.value) }, detail ?? "not measured")
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
