import Telemetry

/// The page of one device.
struct DevicePage {
    let device: DeviceRecord
    /// The newest reports, the newest first.
    let reports: [StoredReport]
    let gaps: [NumberGap]
    let stops: [StopRecord]
    let now: Int64
    let silentMilliseconds: Int64

    /// Reports in the table; the histograms are over more.
    private static let tableCountMax = 12

    /// The whole page.
    var html: HTML {
        let name = device.name.isEmpty ? "unnamed" : device.name
        let state = device.state(now: now, silentMilliseconds: silentMilliseconds)
        let charts = DeviceCharts(RecentSummary(reports))
        return PageLayout.page(
            title: name,
            now: now,
            """
            <p class="crumbs"><a href="/">Fleet</a></p>
            <h1>\(name) \(PageLayout.badge(state))</h1>
            \(facts)
            \(charts.html)
            <h2>Last reports</h2>
            \(reportTable)
            <h2>Gaps</h2>
            \(gapTable)
            <h2>Unplanned stops</h2>
            \(stopTable)
            """
        )
    }

    private var facts: HTML {
        let life = reports.first?.report.life
        let entries: [(HTML, HTML)] = [
            ("Id", "<code>\(device.idText)</code>"),
            ("Last seen", PageLayout.time(device.seenAt, now: now)),
            ("Enrolled", PageLayout.time(device.enrolledAt, now: now)),
            ("Model", "<code>\(device.contentID.map(hexText) ?? "–")</code>"),
            ("Reports stored", "\(Wording.count(device.reportCount))"),
            ("Inferences", "\(Wording.count(device.inferenceCount))"),
            ("Missing reports", "\(Wording.count(device.missingCount))"),
            (
                "Dropped or lost on the device",
                """
                \(Wording.count(device.droppedCount)) dropped, \
                \(Wording.count(device.lostCount)) lost
                """
            ),
            (
                "Agent runs for",
                "\(life.map { Wording.milliseconds($0.uptimeMilliseconds) } ?? "–")"
            ),
            (
                "Agent's memory",
                "\(life.map { Wording.count($0.residentKibibytes) + " KiB" } ?? "–")"
            ),
        ]
        let rows = (entries + alarms).map { name, value -> HTML in
            "<div><dt>\(name)</dt><dd>\(value)</dd></div>"
        }
        return "<dl class=\"facts\">\(rows)</dl>"
    }

    private var alarms: [(HTML, HTML)] {
        var alarms: [(HTML, HTML)] = []
        if let forkedAt = device.forkedAt {
            let reason = device.forkReason.flatMap(ForkReason.init)?.explanation ?? ""
            alarms.append(
                ("Forked", "\(PageLayout.time(forkedAt, now: now)) <span>\(reason)</span>")
            )
        }
        if let revokedAt = device.revokedAt {
            alarms.append(("Revoked", PageLayout.time(revokedAt, now: now)))
        }
        return alarms
    }

    private var reportTable: HTML {
        guard !reports.isEmpty else { return "<p class=\"muted\">No report is stored.</p>" }
        let rows = reports.prefix(Self.tableCountMax).map { stored -> HTML in
            let report = stored.report
            return """
                <tr><th scope="row">\(stored.epoch).\(stored.sequence)</th>\
                <td>\(PageLayout.time(stored.receivedAt, now: now))</td>\
                <td><code>\(Wording.prefix(report.contentID))</code></td>\
                <td class="number">\(Wording.count(report.outcomes.succeeded))</td>\
                <td class="number">\(Wording.count(report.outcomes.failureCount))</td>\
                <td class="number">\(Wording.microseconds(report.latency.quantile(permille: 500)))\
                </td><td class="number">\
                \(Wording.microseconds(report.latency.quantile(permille: 990)))</td>\
                <td class="number">\(Wording.count(report.saturationCount))</td></tr>

                """
        }
        return """
            <div class="scroll"><table><caption>Boot and sequence number name a report.</caption>
            <thead><tr><th scope="col">Report</th><th scope="col">Received</th>\
            <th scope="col">Model</th><th scope="col" class="number">Inferences</th>\
            <th scope="col" class="number">Refused</th><th scope="col" class="number">p50</th>\
            <th scope="col" class="number">p99</th>\
            <th scope="col" class="number">Values at ends</th></tr></thead>
            <tbody>\(rows)</tbody></table></div>
            """
    }

    private var gapTable: HTML {
        guard !gaps.isEmpty else { return "<p class=\"muted\">No report is missing.</p>" }
        let rows = gaps.map { gap -> HTML in
            """
            <tr><td class="number">\(gap.first)</td><td class="number">\(gap.last)</td>\
            <td class="number">\(Wording.count(gap.last - gap.first + 1))</td></tr>
            """
        }
        return """
            <table><caption>Numbers of reports that were made and never arrived.</caption>
            <thead><tr><th scope="col" class="number">From</th>\
            <th scope="col" class="number">To</th><th scope="col" class="number">Reports</th></tr>\
            </thead><tbody>\(rows)</tbody></table>
            """
    }

    private var stopTable: HTML {
        guard !stops.isEmpty else { return "<p class=\"muted\">None.</p>" }
        let rows = stops.map { stop -> HTML in
            let isCrash = stop.reason == .crash
            let reason: HTML =
                isCrash ? "crash, signal \(stop.signal)" : "without a word: power loss or kill"
            let place: HTML =
                isCrash ? "<code>0x\(String(stop.programCounter, radix: 16))</code>" : "–"
            return """
                <tr><td class="number">\(stop.epoch)</td><td class="number">\(stop.starts)</td>\
                <td>\(reason)</td><td>\(place)</td>\
                <td>\(PageLayout.time(stop.reportedAt, now: now))</td></tr>
                """
        }
        return """
            <div class="scroll"><table><caption>How runs ended, as the next run reported.</caption>
            <thead><tr><th scope="col" class="number">Boot</th>\
            <th scope="col" class="number">Start</th><th scope="col">Reason</th>\
            <th scope="col">Place</th><th scope="col">Reported</th></tr></thead>
            <tbody>\(rows)</tbody></table></div>
            """
    }
}

extension ForkReason {
    /// What it means, for people.
    var explanation: String {
        switch self {
        case .report: "another report was stored under the same position"
        case .boot: "another boot has the same number"
        case .chain: "a report does not follow the one before it"
        }
    }
}
