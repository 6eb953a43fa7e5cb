import Telemetry

/// The page of all devices.
struct FleetPage {
    /// One device of the table.
    struct Row {
        let device: DeviceRecord
        let latency: LatencyHistogram
        /// Inferences of the newest reports, oldest first.
        let inferences: [Int64]
    }

    let totals: FleetTotals
    let rows: [Row]
    let next: String?
    let isFirst: Bool
    let now: Int64
    let silentMilliseconds: Int64

    /// The whole page.
    var html: HTML {
        PageLayout.page(
            title: "Fleet",
            now: now,
            """
            <h1>Fleet</h1>
            <dl class="tiles">
            \(tile("Devices", totals.deviceCount))\(tile("Reports stored", totals.reportCount))\
            \(tile("Inferences", totals.inferenceCount))
            </dl>
            \(rows.isEmpty ? empty : table)
            \(pager)
            """
        )
    }

    private func tile(_ name: HTML, _ count: Int64) -> HTML {
        "<div><dt>\(name)</dt><dd>\(Wording.count(count))</dd></div>"
    }

    private var empty: HTML {
        """
        <p>No device is enrolled yet. Make a token with
        <code>martlet-collector token create</code> and put it on a device.</p>
        """
    }

    private var table: HTML {
        """
        <div class="scroll"><table>
        <caption>Devices by name. Latency is over each device's last \
        \(PageRoutes.fleetReportCount) reports, the line over its last \
        \(PageRoutes.sparkCount).</caption>
        <thead><tr><th scope="col">Device</th><th scope="col">State</th>\
        <th scope="col">Last seen</th><th scope="col">Model</th>\
        <th scope="col" class="number">Reports</th><th scope="col" class="number">Missing</th>\
        <th scope="col" class="number">Inferences</th><th scope="col">Trend</th>\
        <th scope="col" class="number">p50</th><th scope="col" class="number">p99</th></tr></thead>
        <tbody>
        \(rows.map(html))
        </tbody></table></div>
        """
    }

    private func html(_ row: Row) -> HTML {
        let device = row.device
        let state = device.state(now: now, silentMilliseconds: silentMilliseconds)
        let line = Chart.sparkline(row.inferences, title: "Inferences a report")
        return """
            <tr><th scope="row"><a href="/devices/\(device.idText)">\
            \(device.name.isEmpty ? "unnamed" : device.name)</a>\
            <span class="id">\(Wording.prefix(device.id))</span></th>\
            <td>\(PageLayout.badge(state))</td>\
            <td>\(PageLayout.time(device.seenAt, now: now))</td>\
            <td><code>\(Wording.prefix(device.contentID))</code></td>\
            <td class="number">\(Wording.count(device.reportCount))</td>\
            <td class="number">\(missing(device))</td>\
            <td class="number">\(Wording.count(device.inferenceCount))</td>\
            <td>\(line)</td>\
            <td class="number">\(Wording.microseconds(row.latency.quantile(permille: 500)))</td>\
            <td class="number">\(Wording.microseconds(row.latency.quantile(permille: 990)))</td>\
            </tr>

            """
    }

    private func missing(_ device: DeviceRecord) -> HTML {
        guard device.missingCount > 0 else { return "<span class=\"muted\">0</span>" }
        return "<strong class=\"bad\">\(Wording.count(device.missingCount))</strong>"
    }

    private var pager: HTML {
        let first: HTML = isFirst ? "" : "<a href=\"/\">First page</a> "
        let following: HTML = next.map { "<a href=\"/?cursor=\($0)\">Next page</a>" } ?? ""
        return isFirst && next == nil
            ? .empty : "<nav class=\"pager\" aria-label=\"Pages\">\(first)\(following)</nav>"
    }
}
