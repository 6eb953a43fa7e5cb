import BundleFormat
import Foundation
import Planner
import Quantizer
import Terminal

/// What a build says at its end, to people or to programs.
struct BuildResult {
    let command: BuildCommand
    let manifest: Manifest
    let sizeBytes: Int
    let file: ModelFile
    let measured: Measurement
    let evaluation: EvaluationReport?

    private struct Answer: Encodable {
        let bundle: String
        let contentID: String
        let bundleBytes: Int
        let imageBytes: UInt64
        let arenaBytes: Int
        let arenaLowerBoundBytes: Int
        let goldenVectors: UInt32
        let evaluation: EvaluationReport?
        let outputSignalToNoiseDecibels: Double?
        let data: [DataFinding]?
    }

    private var decibels: Double? {
        file.calibrated.map(\.report.outputSignalToNoise).flatMap { $0.isFinite ? $0 : nil }
    }

    /// Prints a table, or JSON when the command asks for it.
    ///
    /// - Throws: an encoding error for numbers that are not finite.
    func show() throws {
        guard command.json else { return showTable() }
        let plan = file.planned.arenaPlan
        try Console.printJSON(
            Answer(
                bundle: command.output,
                contentID: manifest.contentID.hexadecimal,
                bundleBytes: sizeBytes,
                imageBytes: manifest.imageSizeBytes,
                arenaBytes: plan.sizeBytes,
                arenaLowerBoundBytes: plan.lowerBoundBytes,
                goldenVectors: manifest.selfTestCount,
                evaluation: evaluation,
                outputSignalToNoiseDecibels: decibels,
                data: file.calibrated?.report.dataFindings
            )
        )
    }

    private func showTable() {
        let plan = file.planned.arenaPlan
        var rows = [
            ["bundle", "\(command.output), \(sizeBytes) bytes"],
            ["content id", manifest.contentID.hexadecimal],
            ["arena", "\(plan.sizeBytes) bytes (lower bound \(plan.lowerBoundBytes))"],
            ["golden vectors", "\(manifest.selfTestCount)"],
        ]
        if let evaluation { rows.append(["integers", evaluation.metrics.line]) }
        if let comparison = evaluation?.comparison {
            rows += comparison.lines.map { line in
                let words = line.split(separator: " ", maxSplits: 1).map(String.init)
                return [words[0].trimmingCharacters(in: [":"]), words.last ?? ""]
            }
        }
        if let decibels {
            rows.append(["signal to noise", String(format: "%.1f dB at the output", decibels)])
        }
        Console.printTable(rows)
    }
}
