import Foundation
import Glibc
import InferenceRuntime
import Testing

@testable import AgentProtocol

/// An agent whose model keeps state: a recurrent layer, with what LiteRT answered to four samples
/// in order (`Tests/Vectors/operators`).
@Suite("Models that keep state")
struct ModelStateTests {
    private static let operators = DigitsBundle.vectors.appending(path: "../operators")
        .standardizedFileURL

    private static func rows(_ name: String) throws -> [[UInt8]] {
        let bytes = try [UInt8](Data(contentsOf: operators.appending(path: name)))
        let array = try NumpyFile(validating: bytes)
        let size = array.dataRange.count / array.shape[0]
        return (0..<array.shape[0]).map { row in
            let start = array.dataRange.lowerBound + row * size
            return [UInt8](bytes[start..<start + size])
        }
    }

    /// A bundle whose golden vectors are the first sample, twice: from reset state both times.
    private static func bundle() throws -> [UInt8] {
        let (input, output) = (try rows("lstm.in0.npy")[0], try rows("lstm.out0.npy")[0])
        return try DigitsBundle.make(model: operators.appending(path: "lstm.tflite")) { golden in
            golden = [(input, output), (input, output)]
        }
    }

    @Test("inferences of all clients follow each other in the state, until it is reset")
    func serving() throws {
        let stand = try Stand(bundle: try Self.bundle())
        let agent = try stand.start()
        let (inputs, outputs) = (try Self.rows("lstm.in0.npy"), try Self.rows("lstm.out0.npy"))
        let clients = try (0..<2).map { _ in try stand.client() }
        for (index, input) in inputs.enumerated() {
            #expect(try clients[index % 2].infer(input) == outputs[index], "sample \(index)")
        }
        #expect(try clients[0].infer(inputs[0]) != outputs[0])
        try clients[1].send(AgentClient.request(4, id: 9))
        let answer = try clients[1].answer()
        #expect(answer == .init(kind: 4, status: .ok, id: 9, payload: []))
        for (input, output) in zip(inputs, outputs) {
            #expect(try clients[0].infer(input) == output)
        }
        #expect(agent.endingNow == nil)
    }

    @Test("a model without state takes the request to reset it")
    func withoutState() throws {
        let stand = try Stand()
        let agent = try stand.start()
        let client = try stand.client()
        try client.send(AgentClient.request(4, id: 1))
        #expect(try client.answer() == .init(kind: 4, status: .ok, id: 1, payload: []))
        let inputs = try #require(DigitsBundle.inputs)
        #expect(try client.infer(inputs[0]) == DigitsBundle.outputs?[0])
        #expect(agent.endingNow == nil)
    }

    @Test("the infer verb keeps state over the samples of a file, or starts each anew")
    func inferVerb() throws {
        let stand = try Stand(bundle: try Self.bundle())
        let outputs = try Self.rows("lstm.out0.npy")
        func infer(_ more: [String]) throws -> [UInt8] {
            let run = try stand.spawn(
                [
                    "infer", "--bundle", stand.path("b.eib"), "--trust", stand.path("k.pub"),
                    "--input", Self.operators.appending(path: "lstm.in0.npy").path(),
                    "--output", stand.path("y.npy"),
                ] + more
            )
            #expect(run.wait() == .exit(0), "\(run.errors)")
            let found = try stand.read("y.npy")
            return try [UInt8](found[NumpyFile(validating: found).dataRange])
        }
        #expect(try infer([]) == outputs.flatMap { $0 })
        #expect(try infer(["--reset-state", "never"]) == outputs.flatMap { $0 })
        let each = try infer(["--reset-state", "each"])
        #expect(Array(each.prefix(outputs[0].count)) == outputs[0])
        #expect(each != outputs.flatMap { $0 })
        let wrong = try stand.spawn(["infer", "--reset-state", "daily"])
        #expect(wrong.wait() == .exit(2))
    }

    @Test("the Python client resets the state")
    func pythonClient() throws {
        let stand = try Stand(bundle: try Self.bundle())
        let agent = try stand.start()
        let (inputs, outputs) = (try Self.rows("lstm.in0.npy"), try Self.rows("lstm.out0.npy"))
        let client = try stand.client()
        _ = try client.infer(inputs[0])
        let script = Stand.root.appending(path: "tools/clients/martlet_client.py").path()
        let log = stand.folder.appending(path: "python")
        let run = try ChildProcess(
            ["/usr/bin/env", "python3", script, stand.path("s"), "reset-state"],
            log: log
        )
        #expect(run.wait() == .exit(0), "\(run.errors)")
        #expect(try client.infer(inputs[0]) == outputs[0])
        #expect(agent.endingNow == nil)
    }
}
