import Quantizer
import Terminal

/// The quality report as one page that needs nothing but itself: no script, no other file.
///
/// The same report gives the same bytes. The page is well-formed XML too.
struct QualityPage {
    let report: QualityReport

    init(_ report: QualityReport) { self.report = report }

    /// The whole page.
    var text: String {
        let page: Markup = """
            <!DOCTYPE html>
            <html xmlns="http://www.w3.org/1999/xhtml" lang="en">
            <head>
            <meta charset="utf-8"/>
            <meta name="viewport" content="width=device-width, initial-scale=1"/>
            <meta name="color-scheme" content="light dark"/>
            <title>\(title) · quality report</title>
            <style>
            \(PageStyle.sheet)
            </style>
            </head>
            <body>
            <main>
            \(masthead)
            \(verdict)
            \(tiles)
            \(suggestions)
            \(journey)
            \(layers)
            \(arena)
            \(confusion)
            \(calibration)
            \(decisions)
            \(footer)
            </main>
            </body>
            </html>

            """
        return page.text
    }

    private var title: String {
        report.deployment.map { "\($0.name) \($0.version)" } ?? "Integer model"
    }

    private var masthead: Markup {
        guard let deployment = report.deployment else {
            return "<header><p class=\"eyebrow\">Quality report</p><h1>\(title)</h1></header>"
        }
        return """
            <header>
            <p class="eyebrow">Martlet · quality report</p>
            <h1>\(Markup(name: deployment.name)) \
            <small>\(Markup(name: deployment.version))</small></h1>
            <p class="lede">\(Markup(name: deployment.model)) in integers for \
            <b>\(Markup(name: deployment.target))</b> (\(deployment.targetDescription)); image \
            <code>\(String(deployment.contentID.prefix(16)))</code></p>
            </header>
            """
    }

    /// A section with its heading, and what is to be seen in it.
    func section(_ id: String, _ heading: String, _ note: Markup, _ body: Markup) -> Markup {
        """
        <section id="\(id)">
        <h2>\(heading)</h2>
        <p class="note">\(note)</p>
        \(body)
        </section>
        """
    }

    private var suggestions: Markup {
        guard !report.suggestions.isEmpty else {
            return section("look", "What to look at", "No layer adds noise worth a look.", .empty)
        }
        var cards: [(cause: QualityReport.Suggestion, lines: [Markup])] = []
        for (index, suggestion) in report.suggestions.enumerated() {
            let line: Markup = """
                <p class="ranked"><span class="rank">\(index + 1)</span> \
                <b>\(Markup(name: suggestion.node))</b> <span class="quiet">adds \
                \(Wording.percent(suggestion.noiseShare, digits: 0)) of the noise</span></p>

                """
            let same = cards.firstIndex {
                ($0.cause.finding, $0.cause.remedy) == (suggestion.finding, suggestion.remedy)
            }
            if let same {
                cards[same].lines.append(line)
            } else {
                cards.append((suggestion, [line]))
            }
        }
        let items = cards.map { card -> Markup in
            """
            <li>\(card.lines)<p>\(sentence(card.cause.finding)).</p>
            <p class="try"><span class="tag">try</span> \(sentence(card.cause.remedy)).</p></li>

            """
        }
        return section(
            "look",
            "What to look at",
            "Layers by the noise that they add to what comes in, the worst first.",
            "<ul class=\"look\">\n\(items)</ul>"
        )
    }

    func sentence(_ text: String) -> String {
        text.prefix(1).uppercased() + text.dropFirst()
    }

    private var calibration: Markup {
        var items: [Markup] = [
            """
            <li>\(Wording.count(report.sampleCount)) samples set the ranges: \
            \(report.rangeMethod), at inputs \(report.inputRangeMethod). \
            \(report.correctsBiases ? "Biases are corrected." : "Biases are as they were.")</li>
            """,
            """
            <li>Noise was measured on \(Wording.count(report.evidenceCount)) of them; the largest \
            output stayed in its place on \(Wording.percent(report.agreement)).</li>
            """,
        ]
        // The ranges that grow are listed by name below.
        items += report.dataFindings.filter { $0.kind != .growingRange }.map { finding in
            let style = finding.severity == .note ? "note" : "warn"
            return "<li class=\"\(style)\">\(sentence("\(finding)")).</li>"
        }
        if !report.growingTensors.isEmpty {
            let names = report.growingTensors.prefix(12).map { name -> Markup in
                "<code>\(Markup(name: name))</code> "
            }
            let more = report.growingTensors.count > 12 ? "…" : ""
            items.append(
                """
                <li class="warn">\(report.growingTensors.count) range(s) rest on one sample each \
                and would likely widen with more: \(names)\(more)</li>
                """
            )
        } else {
            items.append("<li>No range rests on a single sample.</li>")
        }
        return section(
            "calibration",
            "Calibration",
            "What the ranges were chosen from, and what is suspicious about it.",
            "<ul class=\"facts\">\n\(items)\n</ul>"
        )
    }

    private var footer: Markup {
        """
        <footer><p>Made by martlet \(Version.text). SQNR is the ratio of signal to quantization \
        noise: 10 log₁₀(Σ x² / Σ (x − x′)²), 6 dB a bit. Intervals hold the true value in 95 of \
        100 repetitions. The same build gives the same page.</p></footer>
        """
    }
}
