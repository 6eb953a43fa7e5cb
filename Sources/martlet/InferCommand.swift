import ArgumentParser
import Foundation
import InferenceRuntime
import ModelGraph
import Quantizer
import Terminal

/// When a model that keeps state starts from its initial values again.
enum StateReset: String, ExpressibleByArgument, CaseIterable {
    /// Before every sample.
    case each
    /// Only before the first sample.
    case never
}

/// Runs a model on arrays.
struct InferCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "infer",
        abstract: "Run the device's own executor on the host.",
        discussion: """
            Inputs hold any number of samples along their first axis. Outputs are the stored \
            integers of the model, bit for bit those of every device, unless --dequantize.

            A model that keeps state between inferences runs the samples in order and keeps it, \
            from its initial values at the first; --reset-state each starts every sample so.

            With --reference a model, which may be a float model, runs in floating point instead: \
            what it means before integers round it. --output-dir gets one .npy file an output.
            """
    )

    @Argument(help: "A bundle, or a model: int8, or any with --reference.")
    var model: String

    @Option(
        name: .customLong("input"),
        help: "An array for each input, in order, or NAME=FILE (.npy, .npz, FILE.npz:NAME)."
    )
    var inputs: [String]

    @Option(name: .customLong("output"), help: "A .npy file for each output, in order.")
    var outputs: [String] = []

    @Option(help: "A folder for the outputs, each in a file of its name.")
    var outputDir: String?

    @Flag(help: "Run in floating point, in double precision sums.")
    var reference = false

    @Flag(help: "Print the written files as JSON.")
    var json = false

    @Option(help: "The kernels to run with.")
    var tier: Tier = .scalar

    @OptionGroup(title: "Raw data of a float model") var preprocessing: PreprocessingOptions

    @Flag(help: "Write real numbers instead of stored integers.")
    var dequantize = false

    @Option(help: "Whether states start anew: at each sample, or never after the first.")
    var resetState: StateReset = .never

    @OptionGroup var options: ModelOptions
    @OptionGroup var trust: TrustOptions

    /// The kernel tiers of this build.
    enum Tier: String, ExpressibleByArgument, CaseIterable {
        case scalar
    }

    func validate() throws {
        guard reference || outputDir == nil else {
            throw ValidationError("--output-dir goes with --reference")
        }
        guard !reference || (outputDir != nil && outputs.isEmpty && !dequantize) else {
            throw ValidationError("--reference needs --output-dir, and no other output options")
        }
    }

    mutating func run() throws {
        guard let outputDir else { return try runOnExecutor() }
        let bytes = try InputFile.read(model, limitBytes: HostBundle.sizeMax)
        guard !HostBundle.isBundle(bytes) else {
            throw Failure(
                .usage,
                "a bundle holds no float model",
                place: model,
                help: "give the model that the bundle was built from"
            )
        }
        let graph = try ModelFile.graph(path: model, bytes: bytes, options: options)
        let float = try preprocessing.prepend(to: graph)
        let run = try ReferenceRun(float.graph, paths: inputs, raw: float.inputs)
        try show(try run.write(to: outputDir, resets: resetState))
    }

    /// Names the written files on standard output.
    private func show(_ files: [String]) throws {
        if json {
            try Console.printJSON(["outputs": files])
        } else {
            for file in files { Console.printLine(file) }
        }
    }

    private func runOnExecutor() throws {
        let runnable = try RunnableModel(path: model, options: options, trust: trust)
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
            if resetState == .each { runnable.model.resetState() }
            for (output, bytes) in runnable.model.infer(samples[index]).enumerated() {
                results[output] += bytes
            }
            progress.update(index + 1)
        }
        try samples.check()
        for (index, port) in ports.enumerated() {
            try write(results[index], port: port, count: samples.count, to: outputs[index])
        }
        Console.note("wrote \(samples.count) sample(s)")
        if json { try show(outputs) }
    }

    private func write(_ bytes: [UInt8], port: PortInfo, count: Int, to path: String) throws {
        let shape = [count] + port.shape.dropFirst()
        var type: NumpyType =
            switch port.type {
            case .uint8: .uint8
            case .int16: .int16
            case .int32: .int32
            case .int64: .int64
            default: .int8
            }
        var content = bytes
        if dequantize, [.int8, .uint8, .int16].contains(port.type) {
            type = .float32
            content = LittleEndian.bytes(port.reals(bytes[...]))
        }
        try OutputFile.write(NumpyFile.header(type: type, shape: shape) + content, to: path)
    }
}
