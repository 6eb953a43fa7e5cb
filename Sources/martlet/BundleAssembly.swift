import BundleFormat
import Foundation
import InferenceRuntime
import ModelGraph
import Packager
import Planner
import Quantizer
import Terminal

/// Puts together what a build has found: image, manifest and metadata.
struct BundleAssembly {
    let command: BuildCommand
    let file: ModelFile
    let target: TargetProfileFile
    let measured: Measurement
    /// What the labels of the validation samples say.
    let evaluation: EvaluationReport?

    /// The installed image.
    static func image(_ planned: PlannedProgram, measured: Measurement) -> [UInt8] {
        InstalledImage.encode([
            (.program, planned.program),
            (.weights, planned.weights),
            (.scales, planned.scales),
            (.constants, planned.constants),
            (.golden, GoldenVectors.encode(measured.golden)),
            (.baseline, measured.baseline.encoded()),
        ])
    }

    /// Identity and needs; the writer completes the rest.
    func manifest() -> Manifest {
        var manifest = Manifest()
        manifest.name = [UInt8](command.name.utf8)
        manifest.version = [UInt8](command.version.utf8)
        manifest.counter = command.counter
        manifest.floor = command.floor
        manifest.targets = target.architectures.sorted().map { architecture in
            BundleTarget(
                architecture: [UInt8](architecture.utf8),
                tier: [UInt8](target.kernelTierInUse.utf8)
            )
        }
        manifest.runtimeAbi = RuntimeAbi.version
        manifest.operators = operatorCounts.keys.sorted().map { [UInt8]($0.utf8) }
        let arena = UInt64(file.planned.arenaPlan.sizeBytes)
        manifest.arenaBytes = arena
        manifest.ramPeakBytes =
            file.planned.memoryBytes + target.budgets.residentOverheadBytes
        manifest.latencyBudgetMicroseconds = target.budgets.latencyMicroseconds ?? 0
        manifest.codec = command.codec == .zstd ? .zstd : .none
        manifest.selfTestCount = UInt32(measured.golden.count)
        manifest.selfTestHash = Sodium.blake2b(measured.golden.flatMap(\.outputs))
        return manifest
    }

    private var operatorCounts: [String: Int] {
        Dictionary(file.graph.graph.nodes.map { ($0.operator.name, 1) }, uniquingKeysWith: +)
    }

    /// The facts for the metadata files.
    func facts(contentID: [UInt8]) throws -> BundleFacts {
        var metrics: [String: Double] = [
            "arenaBytes": Double(file.planned.arenaPlan.sizeBytes),
            "multiplyAccumulates": Double(file.graph.graph.multiplyAccumulateCount),
        ]
        metrics.merge(evaluation?.named ?? [:]) { first, _ in first }
        if let decibels = file.calibrated?.report.outputSignalToNoise, decibels.isFinite {
            metrics["outputSignalToNoiseDecibels"] = decibels
        }
        return BundleFacts(
            name: command.name,
            version: command.version,
            contentID: contentID.hexadecimal,
            toolVersion: Version.text,
            options: [
                "target": target.name,
                "codec": command.codec.rawValue,
                "goldenVectors": String(command.goldenVectors),
                "counter": String(command.counter),
                "floor": String(command.floor),
            ].merging(command.quantization.record) { own, _ in own }
                .merging(PreprocessingRecord.options(file.calibrated?.rawInputs ?? [])) { own, _ in
                    own
                },
            materials: try materials(),
            operators: operatorCounts,
            metrics: metrics,
            licence: command.licence
        )
    }

    private func materials() throws -> [BundleFacts.Material] {
        func material(_ role: String, _ path: String, _ sha256: String) -> BundleFacts.Material {
            let name = URL(filePath: path).lastPathComponent
            return BundleFacts.Material(role: role, name: name, sha256: sha256)
        }
        var materials = [material("model", command.model, ContentDigest.sha256(file.bytes))]
        for given in command.validation {
            let path = given.split(separator: "=", maxSplits: 1).last.map(String.init) ?? given
            let digest = try SampleFile.sha256(ofArray: path)
            materials.append(material("validation-inputs", path, digest))
        }
        for path in file.calibrated?.calibrationFiles ?? [] {
            let digest = try SampleFile.sha256(ofArray: path)
            materials.append(material("calibration-inputs", path, digest))
        }
        if let labels = command.labels {
            let digest = try SampleFile.sha256(ofArray: labels)
            materials.append(material("validation-labels", labels, digest))
        }
        return materials
    }
}
