import Quantizer

extension QualityPage {
    /// The arena over time.
    var arena: Markup {
        guard let arena = report.deployment?.arena, !arena.blocks.isEmpty else { return .empty }
        return section(
            "arena",
            "Arena over time",
            """
            Each block holds its bytes from the step that first writes it to the step that last \
            reads it; the strip below is what is in use at each step. No plan of these blocks \
            fits below \(Wording.bytes(arena.lowerBoundBytes)), the most that is in use at once.
            """,
            ArenaChart(arena: arena).markup
        )
    }

    /// What the quantizer did, runs of the same act together.
    var decisions: Markup {
        guard !report.decisions.isEmpty else { return .empty }
        var runs: [(decision: Decision, places: [String])] = []
        for decision in report.decisions {
            if let last = runs.last?.decision, last.kind == decision.kind,
                last.reason == decision.reason
            {
                runs[runs.count - 1].places.append(decision.place)
            } else {
                runs.append((decision, [decision.place]))
            }
        }
        let rows = runs.map { run -> Markup in
            let places = run.places.map { "<span>\(Markup(name: $0))</span>" as Markup }
            return """
                <tr><td><span class="tag \(run.decision.kind.rawValue)">\
                \(run.decision.kind.rawValue)</span></td><td class="places">\(places)</td>\
                <td>\(run.decision.reason)</td></tr>

                """
        }
        return section(
            "decisions",
            "Decisions",
            "\(report.decisions.count) in the order in which they were taken.",
            """
            <table class="decisions"><thead><tr><th>What</th><th>Where</th>\
            <th>Why</th></tr></thead><tbody>
            \(rows)</tbody></table>
            """
        )
    }

    /// Which classes are taken for which.
    var confusion: Markup {
        guard let accuracy = report.deployment?.accuracy else { return .empty }
        guard let table = accuracy.table else {
            return section(
                "confusion",
                "Confusion",
                "The most frequent of \(accuracy.classCount) classes, in integers.",
                accuracy.confusions.isEmpty
                    ? "<p>Every sample is classified right.</p>" : list(accuracy.confusions)
            )
        }
        return section(
            "confusion",
            "Confusion",
            """
            Rows are true classes, columns predictions of the integers; shades are shares of the \
            row.
            """,
            grid(table)
        )
    }

    private func list(_ confusions: [QualityReport.Accuracy.Confusion]) -> Markup {
        let rows = confusions.map { confusion -> Markup in
            """
            <tr><td class="number">\(confusion.count)</td><td>class \(confusion.label)</td>\
            <td>taken for \(confusion.prediction)</td></tr>

            """
        }
        return """
            <table class="confusions"><thead><tr><th>Samples</th><th>Truth</th>\
            <th>Prediction</th></tr></thead><tbody>
            \(rows)</tbody></table>
            """
    }

    private func grid(_ table: [[Int]]) -> Markup {
        let head = table.indices.map { "<th>\($0)</th>" as Markup }
        let rows = table.enumerated().map { label, row -> Markup in
            let sum = row.reduce(0, +)
            let cells = row.enumerated().map { prediction, count -> Markup in
                guard count > 0 else { return "<td></td>" }
                let share = Double(count) / Double(max(sum, 1))
                let kind = label == prediction ? "right" : "wrong"
                // A single mistake among many is to be seen, too.
                let shade = label == prediction ? share * 85 : 12 + share * 80
                let strong = shade > 55 ? " strong" : ""
                return """
                    <td class="\(kind)\(strong)" style="--shade:\(at: shade)%">\(count)</td>
                    """
            }
            let right = sum > 0 ? Wording.percent(Double(row[label]) / Double(sum), digits: 1) : "—"
            return "<tr><th>\(label)</th>\(cells)<td class=\"sum\">\(right)</td></tr>\n"
        }
        return """
            <div class="scroll"><table class="confusion"><thead><tr><th></th>\(head)<th>right</th>\
            </tr></thead><tbody>
            \(rows)</tbody></table></div>
            """
    }
}
