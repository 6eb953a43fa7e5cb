import HTTPTypes
import Hummingbird

/// The pages for people: server-rendered, without scripts and without anything from elsewhere.
struct PageRoutes: Sendable {
    let store: TelemetryStore
    let silentMilliseconds: Int64

    /// Devices on one page of the fleet.
    static let fleetPageSize = 50
    /// Reports whose histograms a fleet row merges: an hour at one report in five minutes.
    static let fleetReportCount = 12
    /// Points of a fleet row's line.
    static let sparkCount = 32
    /// Reports whose histograms a device's page merges: four hours at one in five minutes.
    static let deviceReportCount = 48
    /// Gaps and ends of runs on a device's page.
    static let detailCountMax = 20

    var routes: [Route] {
        [
            Route(.get, "/", respond: fleet),
            Route(.get, "/devices/{id}", respond: device),
            Route(.get, "/assets/style.css") { _ in
                var response = Answer.body(
                    PackageResources.style_css,
                    contentType: "text/css; charset=utf-8"
                )
                response.headers[.cacheControl] = "max-age=300"
                return response
            },
        ]
    }

    @Sendable private func fleet(_ call: Route.Call) async throws -> Response {
        let cursor = try call.query("cursor").map { text in
            guard let cursor = DeviceCursor(text: text) else {
                throw Problem(.queryMalformed, "cursor")
            }
            return cursor
        }
        let page = try await store.devices(after: cursor, limit: Self.fleetPageSize)
        var rows: [FleetPage.Row] = []
        for device in page.entries { rows.append(try await row(device)) }
        let fleet = FleetPage(
            totals: try await store.totals(),
            rows: rows,
            next: page.next,
            isFirst: cursor == nil,
            now: ServerTime.now(),
            silentMilliseconds: silentMilliseconds
        )
        return PageLayout.response(fleet.html)
    }

    private func row(_ device: DeviceRecord) async throws -> FleetPage.Row {
        let recent = try await store.reports(
            of: device.id,
            after: nil,
            newestFirst: true,
            limit: Self.fleetReportCount
        )
        return FleetPage.Row(
            device: device,
            latency: RecentSummary(recent.entries).latency,
            inferences: try await store.recentInferences(of: device.id, limit: Self.sparkCount)
        )
    }

    @Sendable private func device(_ call: Route.Call) async throws -> Response {
        let device = try await call.device(in: store)
        let recent = try await store.reports(
            of: device.id,
            after: nil,
            newestFirst: true,
            limit: Self.deviceReportCount
        )
        let page = DevicePage(
            device: device,
            reports: recent.entries,
            gaps: try await store.gaps(of: device.id, limit: Self.detailCountMax),
            stops: try await store.stops(of: device.id, limit: Self.detailCountMax),
            now: ServerTime.now(),
            silentMilliseconds: silentMilliseconds
        )
        return PageLayout.response(page.html)
    }
}
