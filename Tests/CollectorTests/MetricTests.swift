import CoreMetrics
import Foundation
import Testing

@testable import martlet_collector

/// The checker of Prometheus, where it is installed.
private let promtoolPath = ["/usr/bin/promtool", "/usr/local/bin/promtool"].first {
    FileManager.default.isExecutableFile(atPath: $0)
}

@Suite("Metrics")
struct MetricTests {
    private static let catalog = [
        MetricDescription("requests_total", .counter, "Requests."),
        MetricDescription("level", .gauge, "Level."),
        MetricDescription("seconds", .histogram([0.1, 1]), "Durations."),
    ]

    @Test("counters, gauges and histograms are written in the text format")
    func text() {
        let registry = MetricRegistry(catalog: Self.catalog)
        Counter(
            label: "requests_total",
            dimensions: [("b", "x\"\\\n"), ("a", "1")],
            factory: registry
        )
        .increment(by: 2)
        Gauge(label: "level", factory: registry).record(1.5)
        let timer = CoreMetrics.Timer(label: "seconds", factory: registry)
        timer.recordNanoseconds(100_000_000)
        timer.recordNanoseconds(500_000_000)
        timer.recordNanoseconds(2_000_000_000)
        let expected = """
            # HELP requests_total Requests.
            # TYPE requests_total counter
            requests_total{a="1",b="x\\"\\\\\\n"} 2
            # HELP level Level.
            # TYPE level gauge
            level 1.5
            # HELP seconds Durations.
            # TYPE seconds histogram
            seconds_bucket{le="0.1"} 1
            seconds_bucket{le="1"} 2
            seconds_bucket{le="+Inf"} 3
            seconds_sum 2.6
            seconds_count 3

            """
        #expect(registry.text() == expected)
    }

    @Test("labels cannot use up memory, and what is not described is not kept")
    func bounded() {
        let registry = MetricRegistry(catalog: Self.catalog)
        for index in 0..<2_000 {
            Counter(label: "requests_total", dimensions: [("a", "\(index)")], factory: registry)
                .increment()
            Counter(label: "other_\(index)", factory: registry).increment()
        }
        let series = registry.text().split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(series.count == MetricRegistry.seriesCountMax)
    }

    @Test(
        "the live metrics pass promtool",
        .enabled(if: promtoolPath != nil, "promtool is not installed")
    )
    func promtool() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled()
        let batch = device.batch([device.frame(1)])
        let text = try await test.serve { client in
            _ = try await client.send(batch)
            _ = try await client.get("/nothing")
            return try await client.get("/metrics").text
        }
        let file = test.folder + "/metrics.txt"
        try Data(text.utf8).write(to: URL(filePath: file))
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        let promtool = try #require(promtoolPath)
        process.arguments = ["-c", "exec \(promtool) check metrics < \(file)"]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(text.contains("martlet_collector_devices 1\n"))
    }
}
