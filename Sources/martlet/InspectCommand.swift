import ArgumentParser
import BundleFormat
import Foundation
import InferenceRuntime
import ModelGraph
import Planner
import Terminal

/// Shows what is in a model or a bundle.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show a model's operators and arena, or a bundle's manifest, signers and image.",
        discussion: """
            A bundle is verified first, so a trusted key is needed. A float model has no arena: \
            that follows when it is built.
            """
    )

    @Argument(help: "A model or a bundle.")
    var file: String

    @Flag(help: "Print the result as JSON.")
    var json = false

    @OptionGroup var options: ModelOptions
    @OptionGroup var trust: TrustOptions

    mutating func run() throws {
        let bytes = try InputFile.read(file, limitBytes: HostBundle.sizeMax)
        if HostBundle.isBundle(bytes) {
            try BundleSummary(HostBundle(bytes: bytes, path: file, trust: trust)).show(asJSON: json)
        } else {
            let graph = try ModelFile.graph(path: file, bytes: bytes, options: options)
            let isFloat = graph.inputs.contains { graph[$0.tensor].type == .float32 }
            let target = TargetProfile(name: "host", sdk: "x86_64", memoryBytes: .max)
            let planned = isFloat ? nil : try plan(QuantizedGraph(proving: graph), for: target)
            try ModelSummary(graph, planned).show(asJSON: json)
        }
    }
}

/// A model as `inspect` shows it.
private struct ModelSummary: Encodable {
    struct Port: Encodable {
        let name: String
        let shape: [Int]
        let type: String
        let externalType: String
        let scale: Float?
        let zeroPoint: Int32?
    }

    struct State: Encodable {
        let name: String
        let shape: [Int]
        let type: String
        let sizeBytes: Int
    }

    struct Operation: Encodable {
        let name: String
        let `operator`: String
        let inputs: [[Int]]
        let output: [Int]
        let multiplyAccumulates: Int
    }

    struct Block: Encodable {
        let tensors: [String]
        let offsetBytes: Int
        let sizeBytes: Int
        let firstStep: Int
        let lastStep: Int
    }

    let name: String
    let inputs: [Port]
    let outputs: [Port]
    let states: [State]
    let operations: [Operation]
    let multiplyAccumulates: Int
    let weightBytes: Int
    let arenaBytes: Int?
    let arenaLowerBoundBytes: Int?
    let arena: [Block]?

    /// - Parameters:
    ///   - graph: the model.
    ///   - planned: its program; `nil` when it computes in floating point.
    init(_ graph: Graph, _ planned: PlannedProgram?) {
        func port(_ port: ModelGraph.Port) -> Port {
            let tensor = graph[port.tensor]
            return Port(
                name: port.name,
                shape: tensor.shape,
                type: tensor.type.rawValue,
                externalType: port.externalType.rawValue,
                scale: tensor.quantization?.scales.first,
                zeroPoint: tensor.quantization?.zeroPoints.first
            )
        }
        name = graph.name
        inputs = graph.inputs.map(port)
        outputs = graph.outputs.map(port)
        states = graph.states.map { state in
            let tensor = graph[state.tensor]
            return State(
                name: state.name,
                shape: tensor.shape,
                type: tensor.type.rawValue,
                sizeBytes: tensor.sizeBytes
            )
        }
        operations = graph.nodes.map { node in
            Operation(
                name: node.name,
                operator: node.operator.name,
                inputs: node.inputs.compactMap { $0.map { graph[$0].shape } },
                output: graph[node.outputs[0]].shape,
                multiplyAccumulates: graph.multiplyAccumulateCount(of: node)
            )
        }
        multiplyAccumulates = graph.multiplyAccumulateCount
        let constantBytes = graph.tensors.reduce(0) { $0 + ($1.constant?.count ?? 0) }
        weightBytes = planned?.weights.count ?? constantBytes
        arenaBytes = planned?.arenaPlan.sizeBytes
        arenaLowerBoundBytes = planned?.arenaPlan.lowerBoundBytes
        arena = planned?.arenaPlan.blocks.map {
            Block(
                tensors: $0.tensors,
                offsetBytes: $0.offset,
                sizeBytes: $0.sizeBytes,
                firstStep: $0.firstStep,
                lastStep: $0.lastStep
            )
        }
    }

    func show(asJSON: Bool) throws {
        if asJSON { return try Console.printJSON(self) }
        for (title, ports) in [("input", inputs), ("output", outputs)] {
            for port in ports {
                let scale = port.scale.map { ", scale \($0), zero point \(port.zeroPoint ?? 0)" }
                Console.printLine(
                    "\(title) '\(port.name)': \(port.type) \(port.shape)\(scale ?? "")"
                )
            }
        }
        for state in states {
            Console.printLine("state '\(state.name)': \(state.type) \(state.shape)")
        }
        Console.printLine("")
        let header = ["#", "operator", "inputs", "output", "MAC"]
        Console.printTable(
            [header]
                + operations.enumerated().map { index, operation in
                    [
                        String(index), operation.operator,
                        operation.inputs.map(String.init(describing:)).joined(separator: " "),
                        String(describing: operation.output), String(operation.multiplyAccumulates),
                    ]
                }
        )
        Console.printLine("\n\(multiplyAccumulates) MAC, \(weightBytes) weight bytes")
        guard let arena, let arenaBytes, let arenaLowerBoundBytes else {
            return Console.printLine("float: 'martlet build' makes it integer")
        }
        Console.printLine("arena \(arenaBytes) bytes (lower bound \(arenaLowerBoundBytes))")
        Console.printTable(
            [["offset", "bytes", "steps", "tensors"]]
                + arena.map { block in
                    [
                        String(block.offsetBytes), String(block.sizeBytes),
                        "\(block.firstStep)-\(block.lastStep)",
                        block.tensors.joined(separator: ", "),
                    ]
                }
        )
    }
}

/// A bundle as `inspect` shows it.
private struct BundleSummary: Encodable {
    struct Section: Encodable {
        let kind: String
        let offsetBytes: Int
        let sizeBytes: Int
    }

    let manifest: [String]
    let signers: [String]
    let bundleBytes: Int
    let sections: [Section]
    let goldenVectors: Int
    let baselineSamples: UInt64
    let arenaBytes: Int
    let arenaLowerBoundBytes: Int
    let operatorCount: Int
    let states: [String]

    init(_ host: HostBundle) throws {
        let text = String(decoding: host.verified.manifest.encoded(), as: UTF8.self)
        manifest = text.split(separator: "\n").map(String.init)
        signers = host.verified.signers.map { SignatureSlot.keyID(of: $0).hexadecimal }
        bundleBytes = host.bytes.count
        let image = host.image
        (sections, goldenVectors, baselineSamples) = try image.withUnsafeBytes { image in
            let table = try InstalledImage(validating: image)
            let golden = try GoldenVectors(validating: table.section(.golden, of: image))
            let baseline = try DriftBaseline(
                decoding: [UInt8](table.section(.baseline, of: image))
            )
            let sections = table.sections.map {
                Section(kind: "\($0.kind)", offsetBytes: $0.offsetBytes, sizeBytes: $0.sizeBytes)
            }
            return (sections, golden.count, baseline.sampleCount)
        }
        let model = try HostModel(image: image)
        arenaBytes = model.program.arenaSizeBytes
        arenaLowerBoundBytes = model.program.arenaLowerBoundBytes
        operatorCount = model.program.operatorCount
        states = (0..<model.program.stateCount).map(model.program.stateName)
    }

    func show(asJSON: Bool) throws {
        if asJSON { return try Console.printJSON(self) }
        for line in manifest { Console.printLine(line) }
        Console.printLine("\nsigned by \(signers.joined(separator: ", ")); \(bundleBytes) bytes")
        Console.printTable(
            [["section", "offset", "bytes"]]
                + sections.map {
                    [$0.kind, String($0.offsetBytes), String($0.sizeBytes)]
                }
        )
        Console.printLine("\(operatorCount) operators")
        if !states.isEmpty {
            Console.printLine("keeps state between inferences: \(states.joined(separator: ", "))")
        }
        Console.printLine("arena \(arenaBytes) bytes (lower bound \(arenaLowerBoundBytes))")
        Console.printLine("\(goldenVectors) golden vectors, baseline of \(baselineSamples) samples")
    }
}
