import Foundation
import HTTPTypes
import Telemetry
import Testing

@testable import martlet_collector

@Suite("API")
struct APITests {
    /// Follows a list from page to page and gives one value of each entry.
    private func collect(
        _ client: HTTPClient,
        _ path: String,
        _ value: ([String: Any]) -> String
    ) async throws -> (values: [String], pageCount: Int) {
        var values: [String] = []
        var cursor: String?
        var pageCount = 0
        repeat {
            let next = cursor.map { "&cursor=\($0)" } ?? ""
            let page = try await client.get(path + next).json()
            let items = try #require(page["items"] as? [[String: Any]])
            values += items.map(value)
            cursor = page["nextCursor"] as? String
            pageCount += 1
        } while cursor != nil && pageCount < 100
        return (values, pageCount)
    }

    @Test(
        "devices are listed by name, each once, whatever the page's size",
        arguments: [1, 2, 3, 50]
    )
    func devicePages(limit: Int) async throws {
        let test = try TestCollector()
        defer { test.remove() }
        for name in ["b", "", "ä%&=", "b", "c"] { _ = try await test.enrolled(name: name) }
        let (names, pageCount) = try await test.serve { client in
            try await collect(client, "/api/v1/devices?limit=\(limit)") { "\($0["name"] ?? "")" }
        }
        #expect(names == ["", "b", "b", "c", "ä%&="])
        #expect(pageCount == (5 + limit - 1) / limit)
    }

    @Test("reports are listed in order from either end, of one device or of all")
    func reportPages() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let devices = [try await test.enrolled(), try await test.enrolled()]
        let batches = devices.map { device in device.batch((1...5).map { device.frame($0) }) }
        let id = hexText(devices[0].id)
        let (oldest, newest, all) = try await test.serve { client in
            for batch in batches { #expect(try await client.send(batch).status == 200) }
            let path = "/api/v1/reports?limit=2"
            return (
                try await collect(client, "\(path)&device=\(id)") { "\($0["sequence"] ?? "")" },
                try await collect(client, "\(path)&device=\(id)&order=newest") {
                    "\($0["sequence"] ?? "")"
                },
                try await collect(client, path) { "\($0["device"] ?? "").\($0["sequence"] ?? "")" }
            )
        }
        #expect(oldest.values == ["1", "2", "3", "4", "5"])
        #expect(newest.values == ["5", "4", "3", "2", "1"])
        #expect(all.values.count == 10)
        #expect(all.values == all.values.sorted())
        #expect(oldest.pageCount == 3)
    }

    @Test("a report is given with its counters, and with histograms when asked for")
    func reportContent() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled()
        var codes = [UInt32](repeating: 0, count: 256)
        codes[0] = 3
        codes[138] = 1
        let report = SimulatedDevice.report { report in
            report.outcomes.badInput = 4
            report.life.previousStop = .unknown
            report.tensors = [
                TensorReport(
                    isOutput: true,
                    index: 0,
                    histogram: CodeHistogram(counts: codes) ?? CodeHistogram()
                )
            ]
        }
        let batch = device.batch([device.frame(1, report: report)])
        let (short, full) = try await test.serve { client in
            _ = try await client.send(batch)
            let items = { (path: String) async throws -> [String: Any] in
                let page = try await client.get(path).json()
                return (page["items"] as? [[String: Any]])?.first ?? [:]
            }
            let short = try JSONSerialization.data(
                withJSONObject: try await items("/api/v1/reports")
            )
            let full = try JSONSerialization.data(
                withJSONObject: try await items("/api/v1/reports?histograms=true")
            )
            let decoder = JSONDecoder()
            return (
                try decoder.decode(ReportJSON.self, from: short),
                try decoder.decode(ReportJSON.self, from: full)
            )
        }
        #expect(short.outcomes.succeeded == 10 && short.outcomes.badInput == 4)
        #expect(short.contentId == String(repeating: "c1", count: 32))
        // 1,000 µs lie in the bin 960...1023.
        #expect(short.latency.p50Microseconds == 1_023 && short.latency.count == 10)
        #expect(short.classCounts == [7, 3])
        #expect(short.life.previousStop == "unknown")
        let tensor = try #require(short.tensors.first)
        #expect(tensor.kind == "output" && tensor.values == 4 && tensor.atEdges == 3)
        #expect(tensor.minimum == -128 && tensor.maximum == 10 && tensor.mean == -93.5)
        #expect(short.latency.counts == nil && tensor.counts == nil)
        #expect(full.tensors.first?.counts == codes)
        #expect(full.latency.counts?.count == 208)
    }

    @Test("a device is given with its gaps and unplanned stops")
    func deviceDetail() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled(name: "gate")
        let crash = SimulatedDevice.report { report in
            report.life.previousStop = .crash
            report.life.crashSignal = 11
            report.life.crashProgramCounter = 0x1A2B
            report.life.starts = 7
        }
        let first = device.frame(1, report: crash)
        device.skipNumber()
        let batch = device.batch([first, device.frame(3, report: crash)])
        let id = hexText(device.id)
        let answer = try await test.serve { client in
            _ = try await client.send(batch)
            return try await client.get("/api/v1/devices/\(id)")
        }
        let detail = try JSONDecoder().decode(DeviceDetailJSON.self, from: Data(answer.body))
        #expect(detail.device.name == "gate" && detail.device.state == .crashed)
        #expect(detail.device.reports == 2 && detail.device.missingReports == 1)
        #expect(detail.gaps == [NumberGap(first: 2, last: 2)])
        let stop = try #require(detail.stops.first)
        #expect(detail.stops.count == 1)
        #expect(stop.reason == "crash" && stop.signal == 11 && stop.programCounter == 0x1A2B)
        #expect(stop.starts == 7)
    }

    @Test(
        "a query that cannot be used is refused",
        arguments: [
            "devices?limit=0", "devices?limit=201", "devices?limit=x", "devices?limit=",
            "devices?cursor=zz", "devices?cursor=00", "reports?device=00", "reports?order=up",
            "reports?histograms=1", "reports?cursor=a.b.c", "reports?cursor=1.2",
            "reports?limit=99999999999999999999",
        ]
    )
    func badQueries(query: String) async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let answer = try await test.serve { try await $0.get("/api/v1/\(query)") }
        #expect(answer.status == 400)
        #expect(answer.code == "query-malformed")
    }
}

@Suite("OpenAPI document")
struct OpenAPITests {
    private func document() throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: Data(PackageResources.openapi_json))
        return try #require(object as? [String: Any])
    }

    @Test("it has the routes of the server, and no others")
    func routes() throws {
        let test = try TestCollector()
        defer { test.remove() }
        let routes = test.collector.operatorRoutes + test.collector.deviceRoutes
        let served = Set(routes.map { "\($0.method.rawValue) \($0.template)" })
        let paths = try #require(try document()["paths"] as? [String: [String: Any]])
        let documented = Set(
            paths.flatMap { path, methods in methods.keys.map { "\($0.uppercased()) \(path)" } }
        )
        #expect(documented == served)
    }

    @Test("every documented GET answers with a documented status and type")
    func answers() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let id = hexText(try await test.enrolled().id)
        let paths = try #require(try document()["paths"] as? [String: [String: [String: Any]]])
        var types: [String: [String]] = [:]
        for (path, methods) in paths {
            guard let responses = methods["get"]?["responses"] as? [String: [String: Any]] else {
                continue
            }
            types[path] = (responses["200"]?["content"] as? [String: Any])?.keys.sorted()
        }
        #expect(types.count == paths.count - 2)
        let documented = types
        try await test.serve { client in
            for (path, types) in documented {
                let answer = try await client.get(path.replacing("{id}", with: id))
                #expect(answer.status == 200, "\(path)")
                let type = answer.headers["content-type"]?.split(separator: ";").first
                #expect(types == [String(type ?? "")], "\(path)")
            }
        }
    }

    @Test("it names every code of a problem, each under its status")
    func codes() throws {
        let document = try document()
        let text = String(decoding: PackageResources.openapi_json, as: UTF8.self)
        let components = document["components"] as? [String: [String: [String: Any]]]
        let properties = components?["schemas"]?["Problem"]?["properties"] as? [String: Any]
        let listed = (properties?["code"] as? [String: Any])?["enum"] as? [String]
        #expect(Set(listed ?? []) == Set(ProblemCode.allCases.map(\.rawValue)))
        let paths = try #require(document["paths"] as? [String: [String: [String: Any]]])
        var found: Set<String> = []
        for (_, methods) in paths {
            for (_, operation) in methods {
                let responses = operation["responses"] as? [String: [String: Any]] ?? [:]
                for (status, response) in responses {
                    let description = response["description"] as? String ?? ""
                    guard description.hasPrefix("Refused: ") else { continue }
                    let names = description.dropFirst(9).dropLast().components(separatedBy: ", ")
                    for name in names {
                        #expect(ProblemCode(rawValue: name)?.status == Int(status), "\(name)")
                        found.insert(name)
                    }
                }
            }
        }
        #expect(found == Set(ProblemCode.allCases.map(\.rawValue)))
        #expect(text.contains("\"openapi\": \"3.1.0\""))
    }
}
