import BundleFormat
import Foundation
import InferenceRuntime
import Telemetry
import Testing

@testable import AgentProtocol

@Suite("Serving")
struct ServingTests {
    @Test("over the socket all samples give the golden outputs, bit for bit")
    func golden() throws {
        let stand = try Stand()
        let agent = try stand.start()
        let inputs = try #require(DigitsBundle.inputs)
        let outputs = try #require(DigitsBundle.outputs)
        #expect(inputs.count == 540)
        let client = try stand.client()
        for (input, output) in zip(inputs, outputs) { #expect(try client.infer(input) == output) }
        let status = try client.status()
        #expect(status["inferences"] == 540)
        #expect(status["bad-inputs"] == 0)
        #expect(status["latency-p50-us"] >= 0)
        agent.signal(SIGTERM)
        #expect(agent.wait() == .exit(0))
        let report = try #require(try stand.reports().last)
        #expect(report.outcomes.succeeded == 540)
        #expect(report.latency.total == 540)
        #expect(report.classCounts.reduce(0, +) == 540)
        let counts = report.tensors.map { tensor in tensor.histogram.counts.reduce(0, +) }
        #expect(counts == [34_560, 5_400])
    }

    @Test("the infer verb writes an array equal to the golden one")
    func inferVerb() throws {
        let stand = try Stand()
        let vectors = DigitsBundle.vectors
        let run = try stand.spawn([
            "infer", "--bundle", stand.path("b.eib"), "--trust", stand.path("k.pub"), "--input",
            vectors.appending(path: "test_int8.npy").path(), "--output", stand.path("y.npy"),
        ])
        #expect(run.wait() == .exit(0), "\(run.errors)")
        let found = try stand.read("y.npy")
        let golden = try [UInt8](Data(contentsOf: vectors.appending(path: "golden_int8.npy")))
        let foundArray = try NumpyFile(validating: found)
        let goldenArray = try NumpyFile(validating: golden)
        #expect(foundArray.shape == goldenArray.shape)
        #expect(found[foundArray.dataRange] == golden[goldenArray.dataRange])
        let names = try FileManager.default.contentsOfDirectory(atPath: stand.folder.path())
        #expect(Stand.halfWritten(names).isEmpty)
    }

    @Test("the infer verb leaves nothing when its output cannot be written")
    func inferFullDisk() throws {
        let stand = try Stand()
        let script = "ulimit -f 2; exec \"$@\""
        let run = try stand.spawn(
            [
                "infer", "--bundle", stand.path("b.eib"), "--trust", stand.path("k.pub"),
                "--input", DigitsBundle.vectors.appending(path: "test_int8.npy").path(),
                "--output", stand.path("y.npy"),
            ],
            under: ["/bin/sh", "-c", script, "sh"]
        )
        #expect(run.wait() == .exit(8))
        #expect(run.errors.hasPrefix("error: cannot write: no space left, error 27"))
        let names = try FileManager.default.contentsOfDirectory(atPath: stand.folder.path())
        #expect(!names.contains { $0.hasPrefix("y.npy") })
    }

    @Test("status is text for people and JSON for programs")
    func statusVerb() throws {
        let stand = try Stand(["name": "pump"])
        let agent = try stand.start()
        let text = try stand.spawn(["status", "--socket", stand.path("s")])
        #expect(text.wait() == .exit(0))
        let lines = text.output.split(separator: "\n")
        #expect(lines.contains("bundle-name digits"))
        #expect(lines.contains("boot-epoch 1"))
        #expect(lines.contains("acknowledged-age-ms -"))
        let json = try stand.spawn(["status", "--socket", stand.path("s"), "--json"])
        #expect(json.wait() == .exit(0))
        let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8))
        let fields = try #require(object as? [String: Any])
        #expect(fields["bundle-version"] as? String == "1.0.0")
        #expect(fields["enrolled"] as? Bool == false)
        #expect(fields["acknowledged-age-ms"] is NSNull)
        let names = lines.map { line in String(line.prefix { $0 != " " }) }
        #expect(fields.keys.sorted() == names.sorted())
        #expect(agent.endingNow == nil)
    }

    @Test("status of an agent that is not there says so")
    func statusOfNobody() throws {
        let stand = try Stand()
        let run = try stand.spawn(["status", "--socket", stand.path("s")])
        #expect(run.wait() == .exit(7))
        #expect(run.errors.hasPrefix("error: cannot connect to: there is no such file, error 2"))
    }

    @Test("describe tells type, shape, scale and zero point of every tensor")
    func describe() throws {
        let stand = try Stand()
        let agent = try stand.start()
        let client = try stand.client()
        try client.send(AgentClient.request(3))
        let answer = try client.answer()
        #expect(answer.status == .ok)
        let reader = RecordBytes(bytes: answer.payload)
        #expect(answer.payload.count == 44 + 2 * 72)
        #expect(reader.number(0, size: 2) == 1)
        #expect(reader.number(2, size: 2) == 1)
        #expect(reader.number(4, size: 4) == 64)
        #expect(reader.number(8, size: 4) == 10)
        let input = RecordBytes(bytes: [UInt8](answer.payload[44..<116]))
        #expect(input.bytes[0] == 0)
        #expect(input.bytes[2] == 4)
        #expect(Int32(truncatingIfNeeded: input.number(4, size: 4)) == -128)
        let scale = Float(bitPattern: UInt32(input.number(8, size: 4)))
        #expect(scale == 0.062745101749897)
        #expect(input.number(12, size: 4) == 64)
        let inputExtents = (0..<6).map { input.number(16 + 4 * $0, size: 4) }
        #expect(inputExtents == [1, 8, 8, 1, 0, 0])
        let output = RecordBytes(bytes: [UInt8](answer.payload[116...]))
        #expect(output.bytes[2] == 2)
        #expect(Float(bitPattern: UInt32(output.number(8, size: 4))) == 0.00390625)
        let outputExtents = (0..<6).map { output.number(16 + 4 * $0, size: 4) }
        #expect(outputExtents == [1, 10, 0, 0, 0, 0])
        #expect(agent.endingNow == nil)
    }

    @Test("several clients at once get each its own answers")
    func severalClients() throws {
        let stand = try Stand()
        let agent = try stand.start()
        let inputs = try #require(DigitsBundle.inputs)
        let outputs = try #require(DigitsBundle.outputs)
        let clients = try (0..<8).map { _ in try stand.client() }
        for round in 0..<20 {
            for (index, client) in clients.enumerated() {
                try client.send(AgentClient.request(1, inputs[round * 8 + index]))
            }
            for (index, client) in clients.enumerated().reversed() {
                #expect(try client.answer().payload == outputs[round * 8 + index])
            }
        }
        #expect(agent.endingNow == nil)
    }

    @Test("requests that are sent without waiting are answered in their order")
    func pipeline() throws {
        let stand = try Stand()
        let agent = try stand.start()
        let inputs = try #require(DigitsBundle.inputs)
        let outputs = try #require(DigitsBundle.outputs)
        let client = try stand.client()
        var requests: [UInt8] = []
        for (index, input) in inputs.prefix(30).enumerated() {
            requests += AgentClient.request(1, id: UInt32(index), input)
        }
        try client.send(requests)
        for index in 0..<30 {
            let answer = try client.answer()
            #expect(answer.id == UInt32(index))
            #expect(answer.payload == outputs[index])
        }
        #expect(agent.endingNow == nil)
    }

    @Test("an uncompressed image is mapped from the bundle itself")
    func storedImage() throws {
        let stand = try Stand(bundle: DigitsBundle.make(codec: .none))
        let agent = try stand.start()
        let inputs = try #require(DigitsBundle.inputs)
        #expect(try stand.client().infer(inputs[0]) == DigitsBundle.outputs?[0])
        #expect(stand.stateFiles().filter { $0.hasPrefix("images/") }.isEmpty)
        #expect(agent.endingNow == nil)
    }

    @Test(
        "a slip on the command line is a usage error",
        arguments: [
            [], ["walk"], ["run"], ["run", "--config"], ["run", "--config", "/x", "y"],
            ["status"], ["status", "--socket"], ["state"], ["state", "check"],
            ["infer", "--bundle", "/x"], ["infer", "--trust", "/x"], ["infer", "--verbose"],
        ]
    )
    func usage(arguments: [String]) throws {
        let stand = try Stand()
        let run = try stand.spawn(arguments)
        #expect(run.wait() == .exit(2))
        #expect(run.errors.hasPrefix("error: "))
    }
}
