import AgentProtocol
import CPlatform
import InferenceRuntime

/// `martletd infer`: runs a bundle on arrays in files.
struct InferCommand {
    private var bundle: Path?
    private var trust: [Path] = []
    private var inputs: [Path] = []
    private var outputs: [Path] = []
    private var resetsEach = false

    init(_ arguments: inout ArgumentReader) throws(AgentError) {
        while true {
            if arguments.take("--bundle") {
                bundle = try arguments.path(of: "--bundle")
            } else if arguments.take("--trust") {
                trust.append(try arguments.path(of: "--trust"))
            } else if arguments.take("--input") {
                inputs.append(try arguments.path(of: "--input"))
            } else if arguments.take("--output") {
                outputs.append(try arguments.path(of: "--output"))
            } else if arguments.take("--reset-state") {
                resetsEach = try InferCommand.resetsEach(arguments.value(of: "--reset-state"))
            } else {
                break
            }
        }
        try arguments.finish()
    }

    private static func resetsEach(_ word: [UInt8]) throws(AgentError) -> Bool {
        let isEach = word == TextLine("each").bytes
        guard isEach || word == TextLine("never").bytes else {
            throw .usage("--reset-state takes each or never", argument: word)
        }
        return isEach
    }

    func run() throws(AgentError) -> ExitStatus {
        guard let bundle else { throw .usage("--bundle is missing", argument: []) }
        guard !trust.isEmpty else { throw .usage("--trust is missing", argument: []) }
        let loader = BundleLoader(trusted: try ReleaseKeyFile.trusted(trust))
        var engine = try InferenceEngine(try loader.load(bundle))
        _ = try SelfTest.run(&engine)
        guard inputs.count == engine.program.inputCount else {
            throw .inputCountMismatch(given: inputs.count, needed: engine.program.inputCount)
        }
        guard outputs.count == engine.program.outputCount else {
            throw .outputCountMismatch(given: outputs.count, needed: engine.program.outputCount)
        }
        try infer(&engine)
        return .success
    }

    private func infer(_ engine: inout InferenceEngine) throws(AgentError) {
        var samples = SampleInputs()
        for (index, path) in inputs.enumerated() {
            try samples.add(path, as: engine.program.input(index))
        }
        var writers: [SampleOutput] = []
        for (index, path) in outputs.enumerated() {
            let port = engine.program.output(index)
            writers.append(try SampleOutput(path, port: port, count: samples.count))
        }
        var input = [UInt8](repeating: 0, count: engine.inputSizeBytes)
        var output = [UInt8](repeating: 0, count: engine.outputSizeBytes)
        for index in 0..<samples.count {
            samples.copy(index, into: &input)
            if resetsEach { engine.resetState() }
            // Safe: both arrays have the sizes that the engine asks for.
            unsafe input.withUnsafeBytes { input in
                unsafe output.withUnsafeMutableBytes { output in
                    _ = unsafe engine.infer(input, into: output)
                }
            }
            var rest = output[...]
            for writer in writers {
                try writer.append(rest.prefix(writer.sampleSizeBytes))
                rest = rest.dropFirst(writer.sampleSizeBytes)
            }
        }
        for writer in writers { try writer.finish() }
    }
}
