import Foundation
import Testing

@testable import martlet_collector

@Suite("Documentation")
struct DocumentationTests {
    private func page(_ name: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let path = "Sources/martlet-collector/martlet-collector.docc/\(name)"
        return try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    @Test("every setting is in the configuration's page", arguments: Settings.Key.allCases)
    func settings(key: Settings.Key) throws {
        let variable = key.rawValue.map { $0.isUppercase ? "_\($0)" : "\($0)" }.joined()
            .replacing(".", with: "_").uppercased()
        let page = try page("Configuration.md")
        let row = page.split(separator: "\n").first { $0.hasPrefix("| `\(key.rawValue)` |") }
        #expect(row?.contains("`MARTLET_COLLECTOR_\(variable)`") == true)
    }

    @Test("every problem is in the API's page under its status", arguments: ProblemCode.allCases)
    func problems(code: ProblemCode) throws {
        #expect(try page("API.md").contains("| \(code.status) | `\(code.rawValue)` |"))
    }

    @Test("every metric is in the API's page")
    func metrics() throws {
        let page = try page("API.md")
        for metric in CollectorMetrics.catalog { #expect(page.contains("`\(metric.name)`")) }
    }
}
