import ArgumentParser
import Foundation
import InferenceRuntime
import Quantizer
import Terminal

/// Runs a model on arrays.
struct InferCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "infer",
        abstract: "Run the device's own executor on the host.",
        discussion: """
            Inputs hold any number of samples along their first axis. Outputs are the stored \
            integers of the model, bit for bit those of every device, unless --dequantize.
            """
    )

    @Argument(help: "A bundle, or a model that is already int8.")
    var model: String

    @Option(
        name: .customLong("input"),
        help: "An array for each input, in order, or NAME=FILE (.npy, .npz, FILE.npz:NAME)."
    )
    var inputs: [String]

    @Option(name: .customLong("output"), help: "A .npy file for each output, in order.")
    var outputs: [String]

    @Option(help: "The kernels to run with.")
    var tier: Tier = .scalar

    @Flag(help: "Write real numbers instead of stored integers.")
    var dequantize = false

    @OptionGroup var trust: TrustOptions

    /// The kernel tiers of this build.
    enum Tier: String, ExpressibleByArgument, CaseIterable {
        case scalar
    }

    mutating func run() throws {
        let runnable = try RunnableModel(path: model, trust: trust)
        let ports = runnable.model.outputs
        guard outputs.count == ports.count else {
            throw Failure(
                .usage,
                "the model has \(ports.count) output(s), but \(outputs.count) file(s) are given",
                help: "the outputs are: \(ports.map(\.name).joined(separator: ", "))"
            )
        }
        let samples = try ModelSamples(paths: inputs, model: runnable.model)
        var results = [[UInt8]](repeating: [], count: ports.count)
        var progress = ProgressBar("infer", total: samples.count)
        for index in 0..<samples.count {
            for (output, bytes) in runnable.model.infer(samples[index]).enumerated() {
                results[output] += bytes
            }
            progress.update(index + 1)
        }
        for (index, port) in ports.enumerated() {
            try write(results[index], port: port, count: samples.count, to: outputs[index])
        }
        Console.note("wrote \(samples.count) sample(s)")
    }

    private func write(_ bytes: [UInt8], port: PortInfo, count: Int, to path: String) throws {
        let shape = [count] + port.shape.dropFirst()
        var type: NumpyType =
            switch port.type {
            case .uint8: .uint8
            case .int32: .int32
            case .int64: .int64
            default: .int8
            }
        var content = bytes
        if dequantize, port.type == .int8 || port.type == .uint8 {
            type = .float32
            content = bytes.flatMap { byte in
                let stored = port.type == .int8 ? Int32(Int8(bitPattern: byte)) : Int32(byte)
                let real = EdgeQuantization.dequantize(
                    stored,
                    scale: port.scale,
                    zeroPoint: port.zeroPoint
                )
                return withUnsafeBytes(of: real.bitPattern.littleEndian) { [UInt8]($0) }
            }
        }
        try OutputFile.write(NumpyFile.header(type: type, shape: shape) + content, to: path)
    }
}
