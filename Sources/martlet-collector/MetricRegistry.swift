import CoreMetrics
import Synchronization

/// What a metric means, and how it is counted.
struct MetricDescription: Sendable {
    /// The kinds of the Prometheus text format.
    enum Kind: Sendable, Equatable {
        case counter, gauge
        /// A histogram with the upper bounds of its buckets, ascending, without infinity.
        case histogram([Double])
    }

    let name: String
    let kind: Kind
    let help: String

    init(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        self.kind = kind
        self.help = help
    }
}

/// A backend for swift-metrics that keeps the metrics of a catalog and writes them as text.
///
/// A metric outside the catalog, and a series beyond the limit, are counted nowhere: labels can
/// never use up memory.
final class MetricRegistry: MetricsFactory, Sendable {
    // A class, because swift-metrics' handles and the text share its series.
    /// Series of all metrics: the catalog needs about 150.
    static let seriesCountMax = 1_024

    private struct Key: Hashable {
        let name: String
        let labels: String
    }

    private let catalog: [MetricDescription]
    private let series = Mutex<[Key: MetricSeries]>([:])

    /// Makes a registry of described metrics.
    init(catalog: [MetricDescription]) { self.catalog = catalog }

    private func find(_ name: String, _ dimensions: [(String, String)]) -> MetricSeries? {
        guard let description = catalog.first(where: { $0.name == name }) else { return nil }
        let key = Key(name: name, labels: PrometheusText.labels(dimensions))
        return series.withLock { series in
            if let known = series[key] { return known }
            guard series.count < Self.seriesCountMax else { return nil }
            let new = MetricSeries(description.kind)
            series[key] = new
            return new
        }
    }

    /// All series in the Prometheus text format, sorted.
    func text() -> String {
        let all = series.withLock { $0 }
        var text = PrometheusText()
        for description in catalog {
            let own = all.filter { $0.key.name == description.name }
            guard !own.isEmpty else { continue }
            text.begin(description)
            for (key, series) in own.sorted(by: { $0.key.labels < $1.key.labels }) {
                text.append(description, labels: key.labels, series.snapshot())
            }
        }
        return text.content
    }

    // swift-metrics' side.

    func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        find(label, dimensions) ?? NOOPMetricsHandler.instance
    }

    func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        find(label, dimensions) ?? NOOPMetricsHandler.instance
    }

    func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        find(label, dimensions) ?? NOOPMetricsHandler.instance
    }

    func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        find(label, dimensions) ?? NOOPMetricsHandler.instance
    }

    // Handles live as long as the registry: the series are few.
    func destroyCounter(_: any CounterHandler) {}
    func destroyMeter(_: any MeterHandler) {}
    func destroyRecorder(_: any RecorderHandler) {}
    func destroyTimer(_: any TimerHandler) {}
}

/// The value of one series, whatever its kind.
final class MetricSeries: CounterHandler, MeterHandler, RecorderHandler, TimerHandler, Sendable {
    // A class, because swift-metrics asks for one.
    /// A value at one instant, with buckets that are not cumulative.
    struct Snapshot: Sendable {
        var value = 0.0
        var count: UInt64 = 0
        var bucketCounts: [UInt64] = []
    }

    private let bounds: [Double]?
    private let state: Mutex<Snapshot>

    init(_ kind: MetricDescription.Kind) {
        var snapshot = Snapshot()
        if case .histogram(let bounds) = kind {
            self.bounds = bounds
            snapshot.bucketCounts = [UInt64](repeating: 0, count: bounds.count + 1)
        } else {
            bounds = nil
        }
        state = Mutex(snapshot)
    }

    func snapshot() -> Snapshot { state.withLock { $0 } }

    func increment(by amount: Int64) { increment(by: Double(amount)) }
    func increment(by amount: Double) { state.withLock { $0.value += amount } }
    func decrement(by amount: Double) { state.withLock { $0.value -= amount } }
    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { state.withLock { $0.value = value } }
    func reset() { state.withLock { $0.value = 0 } }
    func record(_ value: Int64) { record(Double(value)) }
    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func record(_ value: Double) {
        guard let bounds else { return set(value) }
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { snapshot in
            snapshot.value += value
            snapshot.count += 1
            snapshot.bucketCounts[bucket] += 1
        }
    }
}
