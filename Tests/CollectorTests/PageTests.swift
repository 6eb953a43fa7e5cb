import Telemetry
import Testing

@testable import martlet_collector

@Suite("Pages")
struct PageTests {
    @Test("a hostile name is shown as text on both pages and in both titles")
    func hostileName() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled(name: "<script>alert(\"1\")</script>'&")
        let batch = device.batch([device.frame(1)])
        let id = hexText(device.id)
        let pages = try await test.serve { client in
            _ = try await client.send(batch)
            return [try await client.get("/").text, try await client.get("/devices/\(id)").text]
        }
        for page in pages {
            #expect(!page.contains("<script"))
            #expect(page.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;"))
        }
    }

    @Test("what is interpolated into markup is escaped, and markup is not")
    func escaping() {
        let outside = "<a href='x'>&\u{0}\u{1B}"
        let inner: HTML = "<b>\(outside)</b>"
        let outer: HTML = "<p title=\"\(outside)\">\(inner) \(7)</p>"
        let escaped = "&lt;a href=&#39;x&#39;&gt;&amp;\u{FFFD}\u{FFFD}"
        #expect(outer.text == "<p title=\"\(escaped)\"><b>\(escaped)</b> 7</p>")
    }

    @Test("coordinates are written without a locale, a trap or an exponent")
    func coordinates() {
        let values: [(Double, String)] = [
            (1.25, "1.3"), (0, "0.0"), (1e300, "922337203685477580.7"), (-2.5, "-2.5"),
        ]
        for (value, text) in values {
            let html: HTML = "\(at: value)"
            #expect(html.text == text)
        }
    }

    @Test(
        "a device's state is the most urgent one",
        arguments: [
            (DeviceState.ok, 0), (.new, 1), (.silent, 2), (.crashed, 3), (.forked, 4),
            (.revoked, 5),
        ]
    )
    func states(expected: DeviceState, index: Int) {
        let now: Int64 = 1_000_000_000
        let hour: Int64 = 3_600_000
        let device = DeviceRecord(
            id: [UInt8](repeating: 0, count: 16),
            name: "",
            enrolledAt: now - 1,
            revokedAt: index == 5 ? 1 : nil,
            forkedAt: index >= 4 ? 1 : nil,
            forkReason: nil,
            seenAt: index == 1 ? nil : index == 2 ? now - hour : now - hour + 1,
            contentID: nil,
            reportCount: 0,
            inferenceCount: 0,
            numberMax: 0,
            droppedCount: 0,
            lostCount: 0,
            crashedAt: index >= 3 ? now - 1 : now - 86_400_000
        )
        #expect(device.state(now: now, silentMilliseconds: hour) == expected)
    }

    @Test("a device's page draws its histograms and names its gaps and stops")
    func devicePage() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let device = try await test.enrolled()
        let report = SimulatedDevice.report { report in
            report.life.previousStop = .crash
            report.life.crashSignal = 11
            report.life.crashProgramCounter = 0xBEEF
        }
        let first = device.frame(1, report: report)
        device.skipNumber()
        let batch = device.batch([first, device.frame(3, report: report)])
        let id = hexText(device.id)
        let page = try await test.serve { client in
            _ = try await client.send(batch)
            return try await client.get("/devices/\(id)").text
        }
        #expect(page.contains("<title>Latency, logarithmic</title>"))
        #expect(page.contains("<title>Inferences by class</title>"))
        #expect(page.contains("crash, signal 11") && page.contains("0xbeef"))
        #expect(page.contains("Numbers of reports that were made and never arrived."))
    }

    @Test("numbers and times are worded for people")
    func wording() {
        #expect(Wording.count(1_234_567) == "1\u{202F}234\u{202F}567")
        #expect(Wording.count(-1_234) == "-1\u{202F}234")
        #expect(Wording.count(UInt64.max).hasPrefix("18\u{202F}446"))
        #expect(Wording.microseconds(999) == "999 µs")
        #expect(Wording.microseconds(12_300) == "12.3 ms")
        #expect(Wording.microseconds(nil) == "–")
        #expect(ServerTime.text(0) == "1970-01-01T00:00:00Z")
        #expect(ServerTime.text(.max) == "9999-12-31T23:59:59Z")
        #expect(ServerTime.relativeText(0, now: 119_999) == "119 s ago")
        #expect(ServerTime.relativeText(10, now: 0) == "now")
    }
}
