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
    let comparison: FloatComparison?

    private struct Answer: Encodable {
        struct Reference: Encodable {
            let accuracy: Double
            let agreement: Double
            let drop: Double
            let lost: Int
            let won: Int
        }
        let bundle: String
        let contentID: String
        let bundleBytes: Int
        let imageBytes: UInt64
        let arenaBytes: Int
        let arenaLowerBoundBytes: Int
        let goldenVectors: UInt32
        let accuracy: AccuracyReport?
        let float: Reference?
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
                accuracy: measured.evaluation.map(AccuracyReport.init),
                float: comparison.map {
                    Answer.Reference(
                        accuracy: $0.float.accuracy,
                        agreement: $0.agreement,
                        drop: $0.drop,
                        lost: $0.lostCount,
                        won: $0.wonCount
                    )
                },
                outputSignalToNoiseDecibels: decibels,
                data: file.calibrated?.report.dataFindings
            )
        )
    }

    private func showTable() {
        let plan = file.planned.arenaPlan
        func percent(_ share: Double) -> String { String(format: "%.2f %%", share * 100) }
        var rows = [
            ["bundle", "\(command.output), \(sizeBytes) bytes"],
            ["content id", manifest.contentID.hexadecimal],
            ["arena", "\(plan.sizeBytes) bytes (lower bound \(plan.lowerBoundBytes))"],
            ["golden vectors", "\(manifest.selfTestCount)"],
        ]
        if let evaluation = measured.evaluation {
            rows.append(["accuracy", percent(evaluation.accuracy)])
        }
        if let comparison {
            let changes = "(\(comparison.lostCount) lost, \(comparison.wonCount) won)"
            rows += [
                ["float accuracy", percent(comparison.float.accuracy)],
                ["agreement", percent(comparison.agreement)],
                ["drop", "\(percent(comparison.drop)) \(changes)"],
            ]
        }
        if let decibels {
            rows.append(["signal to noise", String(format: "%.1f dB at the output", decibels)])
        }
        Console.printTable(rows)
    }
}
