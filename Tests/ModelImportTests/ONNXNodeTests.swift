import Foundation
import Testing

@testable import ModelImport

/// The node tests of the `onnx` wheel, which `tools/onnx/node-tests --fetch` puts beside the build:
/// one folder a case, with a model of one operator, inputs and outputs.
@Suite("ONNX node tests", .enabled(if: NodeCases.arePresent))
struct ONNXNodeTests {
    @Test("an operator that imports gives what the wheel expects; the rest say why not")
    func conformance() throws {
        let folder = NodeCases.folder
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path()).sorted()
        var tallies: [String: NodeTally] = [:]
        var tiers = [NodeTally](repeating: NodeTally(), count: 4)
        for name in names where !NodeCases.misprints.contains(name) {
            guard let item = try? NodeCase(folder.appending(path: name)) else { continue }
            let verdict = item.verdict()
            tallies[item.operatorName, default: NodeTally()].add(verdict, name: name)
            tiers[item.tier].add(verdict, name: name)
        }
        print(NodeCases.report(tallies, tiers))
        let refused = tiers.reduce(into: [:]) { all, tier in
            all.merge(tier.refused) { first, _ in first }
        }
        if ProcessInfo.processInfo.environment["MARTLET_ONNX_LIST"] != nil {
            try NodeCases.list(refused).write(
                to: NodeCases.listFile,
                atomically: true,
                encoding: .utf8
            )
        }
        #expect(tiers.allSatisfy { $0.wrong.isEmpty })
        #expect(tiers[1].share >= 0.95)
        #expect(tiers[2].share >= 0.8)
        // The list is complete: it names every refused case with its reason, and no other.
        let listed = try NodeCases.listedRefusals()
        for name in Set(refused.keys).union(listed.keys).sorted()
        where refused[name] != listed[name] {
            let (was, became) = (listed[name] ?? "passing", refused[name] ?? "passing")
            Issue.record("\(name) is listed as '\(was)', but is '\(became)'")
        }
    }
}

/// What became of a case.
enum NodeVerdict {
    case pass
    case refused(String)
    case wrong(String)
}

/// What became of the cases of an operator or a tier.
struct NodeTally {
    var passed = 0
    /// The reason for each refused case.
    var refused: [String: String] = [:]
    var wrong: [String] = []

    mutating func add(_ verdict: NodeVerdict, name: String) {
        switch verdict {
        case .pass: passed += 1
        case .refused(let reason): refused[name] = reason
        case .wrong(let reason): wrong.append("\(name): \(reason)")
        }
    }

    var total: Int { passed + refused.count + wrong.count }
    var share: Double { Double(passed) / Double(max(total, 1)) }
}

enum NodeCases {
    static let folder = ModelFiles.root.appending(path: ".build/onnx-node-tests")
    static let listFile = ModelFiles.root.appending(path: "Tests/Vectors/onnx/refused.txt")
    static let arePresent = FileManager.default.fileExists(atPath: folder.path())

    static let firstTier = [
        "Conv", "Gemm", "MatMul", "Add", "Sub", "Mul", "Relu", "Clip", "Sigmoid", "Tanh",
        "HardSigmoid", "HardSwish", "LeakyRelu", "PRelu", "Softmax", "MaxPool", "AveragePool",
        "GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "Concat", "Pad", "Reshape", "Flatten",
        "Squeeze", "Unsqueeze", "Transpose", "Slice", "Split", "Resize", "QuantizeLinear",
        "DequantizeLinear", "QLinearConv", "QLinearMatMul", "BatchNormalization", "Constant",
        "Identity", "Dropout", "Shape", "Gather", "Cast", "ConstantOfShape", "If", "Equal", "Not",
        "Size", "Expand",
    ]
    static let secondTier = [
        "ConvTranspose", "ArgMax", "Max", "Min", "ReduceMax", "ReduceSum", "Pow", "Sqrt", "Exp",
        "Log", "Erf", "Gelu", "Elu", "Softplus", "Neg", "Abs", "LayerNormalization",
        "InstanceNormalization", "Where", "Tile", "DepthToSpace", "SpaceToDepth", "LogSoftmax",
        "LSTM", "GRU", "CumSum", "TopK",
    ]

    /// Cases whose expected outputs wrap around where the operator's definition saturates.
    static let misprints = [
        "test_qlinearmatmul_2D_int8_float16", "test_qlinearmatmul_2D_int8_float32",
        "test_qlinearmatmul_3D_int8_float16", "test_qlinearmatmul_3D_int8_float32",
    ]

    static func report(_ tallies: [String: NodeTally], _ tiers: [NodeTally]) -> String {
        var lines = ["operator pass refused wrong"]
        for (name, tally) in tallies.sorted(by: { $0.key < $1.key }) {
            lines.append("\(name) \(tally.passed) \(tally.refused.count) \(tally.wrong.count)")
        }
        for (tier, tally) in tiers.enumerated() {
            lines += tally.wrong.map { "wrong in tier \(tier): \($0)" }
            lines.append(
                "tier \(tier): pass \(tally.passed), refused \(tally.refused.count), "
                    + "wrong \(tally.wrong.count), share \(tally.share)"
            )
        }
        return lines.joined(separator: "\n")
    }

    // MARK: The list

    /// The refused cases by reason: a line with the reason, below it the names, indented.
    static func list(_ refused: [String: String]) -> String {
        var lines: [String] = []
        let reasons = Dictionary(grouping: refused.keys) { refused[$0] ?? "" }
        for (reason, names) in reasons.sorted(by: { $0.key < $1.key }) {
            lines.append(reason)
            lines += names.sorted().map { "    " + $0 }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The reason for each listed case.
    static func listedRefusals() throws -> [String: String] {
        var reasons: [String: String] = [:]
        var reason = ""
        for line in try String(contentsOf: listFile, encoding: .utf8).split(separator: "\n") {
            if line.hasPrefix("    ") {
                reasons[String(line.dropFirst(4))] = reason
            } else {
                reason = String(line)
            }
        }
        return reasons
    }
}
