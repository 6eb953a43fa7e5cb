import ArgumentParser
import Foundation
import InferenceRuntime
import ModelGraph
import Terminal

/// Measures latency on the host.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure latency, throughput, arena and load time on this machine."
    )

    @Argument(help: "A bundle, or a model that is already int8.")
    var model: String

    @Option(help: "How many inferences to time.")
    var iterations = 200

    @Flag(help: "Print the result as JSON.")
    var json = false

    @OptionGroup var options: ModelOptions
    @OptionGroup var trust: TrustOptions

    private struct Result: Encodable {
        let model: String
        let iterations: Int
        let p50Microseconds: Double
        let p90Microseconds: Double
        let p99Microseconds: Double
        let multiplyAccumulatesPerSecond: Double?
        let arenaBytes: Int
        let arenaLowerBoundBytes: Int
        let loadMicroseconds: Double
    }

    func validate() throws {
        guard (1...1_000_000).contains(iterations) else {
            throw ValidationError("--iterations takes a number from 1 to 1000000")
        }
    }

    mutating func run() throws {
        let clock = ContinuousClock()
        let loadStart = clock.now
        let runnable = try RunnableModel(path: model, options: options, trust: trust)
        let load = clock.now - loadStart
        let inputs = runnable.model.inputs.map { port in
            [UInt8](repeating: 0, count: port.sizeBytes)[...]
        }
        for _ in 0..<min(iterations, 10) { _ = runnable.model.infer(inputs) }
        var times: [Double] = []
        var progress = ProgressBar("bench", total: iterations)
        for index in 0..<iterations {
            let start = clock.now
            _ = runnable.model.infer(inputs)
            times.append((clock.now - start).microseconds)
            progress.update(index + 1)
        }
        times.sort()
        let median = times[times.count / 2]
        let result = Result(
            model: runnable.name,
            iterations: iterations,
            p50Microseconds: median,
            p90Microseconds: times[times.count * 9 / 10],
            p99Microseconds: times[times.count * 99 / 100],
            multiplyAccumulatesPerSecond: runnable.graph.map {
                Double($0.graph.multiplyAccumulateCount) / median * 1e6
            },
            arenaBytes: runnable.model.program.arenaSizeBytes,
            arenaLowerBoundBytes: runnable.model.program.arenaLowerBoundBytes,
            loadMicroseconds: load.microseconds
        )
        json ? try Console.printJSON(result) : show(result)
    }

    private func show(_ result: Result) {
        let micro = { (value: Double) in String(format: "%.1f µs", value) }
        Console.printTable(
            [
                ["model", result.model],
                ["latency p50", micro(result.p50Microseconds)],
                ["latency p90", micro(result.p90Microseconds)],
                ["latency p99", micro(result.p99Microseconds)],
                [
                    "arena",
                    "\(result.arenaBytes) bytes (lower bound \(result.arenaLowerBoundBytes))",
                ],
                ["load", micro(result.loadMicroseconds)],
            ]
                + (result.multiplyAccumulatesPerSecond.map {
                    [["throughput", String(format: "%.2f GMAC/s", $0 / 1e9)]]
                } ?? [])
        )
    }
}

extension Duration {
    /// The duration in microseconds.
    var microseconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) * 1e6 + Double(attoseconds) / 1e12
    }
}
