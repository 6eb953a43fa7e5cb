import Hummingbird
import Telemetry

/// The read-only JSON API for programs.
struct APIRoutes: Sendable {
    let store: TelemetryStore
    let silentMilliseconds: Int64

    /// The longest list of gaps and of ends of runs.
    private static let detailCountMax = 100

    var routes: [Route] {
        [
            Route(.get, "/api/v1/devices", respond: devices),
            Route(.get, "/api/v1/devices/{id}", respond: device),
            Route(.get, "/api/v1/reports", respond: reports),
            Route(.get, "/openapi.json") { _ in
                Answer.body(PackageResources.openapi_json, contentType: "application/json")
            },
        ]
    }

    @Sendable private func devices(_ call: Route.Call) async throws -> Response {
        let cursor = try call.query("cursor").map { text in
            guard let cursor = DeviceCursor(text: text) else {
                throw Problem(.queryMalformed, "cursor")
            }
            return cursor
        }
        let page = try await store.devices(after: cursor, limit: try call.limit())
        let items = page.entries.map(json)
        return try Answer.json(PageJSON(items: items, nextCursor: page.next))
    }

    @Sendable private func device(_ call: Route.Call) async throws -> Response {
        let device = try await call.device(in: store)
        let detail = DeviceDetailJSON(
            device: json(device),
            gaps: try await store.gaps(of: device.id, limit: Self.detailCountMax),
            stops: try await store.stops(of: device.id, limit: Self.detailCountMax)
                .map(StopJSON.init)
        )
        return try Answer.json(detail)
    }

    @Sendable private func reports(_ call: Route.Call) async throws -> Response {
        let device = try call.query("device").map { text in
            guard let id = Route.Call.deviceID(text) else {
                throw Problem(.queryMalformed, "device")
            }
            return id
        }
        let cursor = try call.query("cursor").map { text in
            guard let cursor = ReportCursor(text: text) else {
                throw Problem(.queryMalformed, "cursor")
            }
            return cursor
        }
        let isFull = try call.choice("histograms", of: ["false", "true"]) == "true"
        let order = try call.choice("order", of: ["oldest", "newest"])
        let page = try await store.reports(
            of: device,
            after: cursor,
            newestFirst: order == "newest",
            limit: try call.limit()
        )
        let items = page.entries.map { ReportJSON($0, isFull: isFull) }
        return try Answer.json(PageJSON(items: items, nextCursor: page.next))
    }

    private func json(_ device: DeviceRecord) -> DeviceJSON {
        DeviceJSON(device, now: ServerTime.now(), silentMilliseconds: silentMilliseconds)
    }
}

extension Route.Call {
    /// The bytes of a device's id in hexadecimal digits.
    static func deviceID(_ text: String) -> [UInt8]? {
        guard let id = Hexadecimal.decode([UInt8](text.utf8)[...]),
            id.count == Wire.deviceIDSizeBytes
        else { return nil }
        return id
    }

    /// The device that the path names.
    ///
    /// - Throws: `Problem` when there is none.
    func device(in store: TelemetryStore) async throws -> DeviceRecord {
        guard let id = parameters["id"].flatMap(Self.deviceID),
            let device = try await store.device(id)
        else { throw Problem(.notFound, "device") }
        return device
    }

    /// How many entries a page should have.
    func limit() throws(Problem) -> Int {
        guard let text = query("limit") else { return Limits.pageSizeDefault }
        guard let limit = Int(text), (1...Limits.pageSizeMax).contains(limit) else {
            throw Problem(.queryMalformed, "limit is from 1 to \(Limits.pageSizeMax)")
        }
        return limit
    }

    /// A query parameter that has one of a few values; the first one is its default.
    func choice(_ name: String, of values: [String]) throws(Problem) -> String {
        guard let text = query(name) else { return values[0] }
        guard values.contains(text) else {
            throw Problem(.queryMalformed, "\(name) is \(values.joined(separator: " or "))")
        }
        return text
    }
}
