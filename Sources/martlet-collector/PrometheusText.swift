/// Writes metrics in the Prometheus text format 0.0.4.
struct PrometheusText {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var content = ""

    /// Label pairs in braces, sorted; empty for none.
    static func labels(_ dimensions: [(String, String)]) -> String {
        guard !dimensions.isEmpty else { return "" }
        let pairs = dimensions.sorted { $0.0 < $1.0 }.map { "\($0.0)=\"\(escaped($0.1))\"" }
        return "{" + pairs.joined(separator: ",") + "}"
    }

    /// Begins a metric with its help and type.
    mutating func begin(_ description: MetricDescription) {
        let type =
            switch description.kind {
            case .counter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        content += "# HELP \(description.name) \(description.help)\n"
        content += "# TYPE \(description.name) \(type)\n"
    }

    /// Writes one series of the metric.
    mutating func append(
        _ description: MetricDescription,
        labels: String,
        _ snapshot: MetricSeries.Snapshot
    ) {
        guard case .histogram(let bounds) = description.kind else {
            content += "\(description.name)\(labels) \(Self.number(snapshot.value))\n"
            return
        }
        var count: UInt64 = 0
        let names = bounds.map(Self.number) + ["+Inf"]
        for (bound, bucketCount) in zip(names, snapshot.bucketCounts) {
            count += bucketCount
            let pairs = Self.adding("le=\"\(bound)\"", to: labels)
            content += "\(description.name)_bucket\(pairs) \(count)\n"
        }
        content += "\(description.name)_sum\(labels) \(Self.number(snapshot.value))\n"
        content += "\(description.name)_count\(labels) \(snapshot.count)\n"
    }

    private static func adding(_ pair: String, to labels: String) -> String {
        labels.isEmpty ? "{\(pair)}" : labels.dropLast() + ",\(pair)}"
    }

    private static func number(_ value: Double) -> String {
        guard let whole = Int64(exactly: value) else { return "\(value)" }
        return "\(whole)"
    }

    private static func escaped(_ value: String) -> String {
        value.map { character in
            switch character {
            case "\\": "\\\\"
            case "\"": "\\\""
            case "\n": "\\n"
            default: String(character)
            }
        }.joined()
    }
}
