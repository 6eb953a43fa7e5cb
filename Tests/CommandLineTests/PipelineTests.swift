import Foundation
import Testing

@Suite("From a model to a bundle and back")
struct PipelineTests {
    @Test("the digits bundle gives LiteRT's outputs, byte for byte")
    func goldenOutputs() throws {
        let workshop = try Workshop()
        let output = workshop.path("out.npy")
        let result = try Martlet.run([
            "infer", workshop.bundle, "--trust", workshop.trust, "--input",
            Martlet.digits("test_int8.npy"), "--output", output,
        ])
        #expect(result.status == 0, "\(result.errors)")
        #expect(try workshop.read(output) == workshop.read(Martlet.digits("golden_int8.npy")))
    }

    @Test("raw pixels are quantized as the model's converter did")
    func floatInputs() throws {
        let workshop = try Workshop()
        let output = workshop.path("out.npy")
        let result = try Martlet.run([
            "infer", workshop.bundle, "--trust", workshop.trust, "--input",
            Martlet.digits("test_float.npy"), "--output", output,
        ])
        #expect(result.status == 0, "\(result.errors)")
        #expect(try workshop.read(output) == workshop.read(Martlet.digits("golden_int8.npy")))
    }

    @Test("two builds give the same bytes")
    func reproducible() throws {
        let workshop = try Workshop()
        let second = workshop.path("second.eib")
        #expect(try workshop.build(to: second).status == 0)
        #expect(try workshop.read(second) == workshop.read(workshop.bundle))
    }

    @Test("a bundle that is stored plain infers the same")
    func plainCodec() throws {
        let workshop = try Workshop()
        let plain = workshop.path("plain.eib")
        #expect(try workshop.build(to: plain, with: ["--codec", "none"]).status == 0)
        let verified = try Martlet.run(["verify", plain, "--trust", workshop.trust])
        #expect(verified.status == 0, "\(verified.errors)")
    }

    @Test("evaluate gives accuracy, interval and confusion as JSON")
    func evaluate() throws {
        let workshop = try Workshop()
        let result = try Martlet.run([
            "evaluate", workshop.bundle, "--trust", workshop.trust, "--json", "--inputs",
            Martlet.digits("test_int8.npy"), "--labels", Martlet.digits("test_labels.npy"),
        ])
        struct Answer: Decodable {
            let accuracy: Double
            let samples: Int
            let confusion: [[Int]]
        }
        let answer = try JSONDecoder().decode(Answer.self, from: Data(result.output.utf8))
        // The golden outputs of LiteRT have this accuracy (Tests/Vectors/digits/README.md).
        #expect(answer.samples == 540)
        #expect(abs(answer.accuracy - 534.0 / 540) < 1e-12)
        #expect(answer.confusion.count == 10)
    }

    @Test("an accuracy is told before its confusion table")
    func evaluateForPeople() throws {
        let workshop = try Workshop()
        let result = try Martlet.run([
            "evaluate", workshop.bundle, "--trust", workshop.trust, "--inputs",
            Martlet.digits("test_int8.npy"), "--labels", Martlet.digits("test_labels.npy"),
        ])
        let lines = result.output.split(separator: "\n")
        #expect(lines.count == 13)
        #expect(lines[0] == "accuracy 98.89 % (534 of 540), 95 % interval 97.60 % to 99.49 %")
        #expect(lines[1].hasPrefix("confusion"))
    }

    @Test("target profiles are found beside the program, wherever it is called from")
    func targetsFromElsewhere() throws {
        let script = "cd / && PATH=$(dirname \"$0\"):$PATH && exec martlet \"$@\""
        let result = try Martlet.run(["target", "list"], under: ["sh", "-c", script])
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains("any"))
    }

    @Test("inspect and bench answer in JSON")
    func otherJSON() throws {
        let workshop = try Workshop()
        for arguments in [
            ["inspect", workshop.bundle, "--trust", workshop.trust, "--json"],
            ["inspect", Martlet.digits("digits_int8.tflite"), "--json"],
            ["bench", workshop.bundle, "--trust", workshop.trust, "--json", "--iterations", "5"],
            ["target", "list", "--json"],
            ["verify", workshop.bundle, "--trust", workshop.trust, "--json"],
        ] {
            let result = try Martlet.run(arguments)
            #expect(result.status == 0, "\(result.errors)")
            #expect(throws: Never.self) {
                try JSONSerialization.jsonObject(with: Data(result.output.utf8))
            }
        }
    }

    @Test("metadata names the model's digest and validates against its own form")
    func metadata() throws {
        let workshop = try Workshop()
        let listed = try Martlet.run(["inspect", workshop.bundle, "--trust", workshop.trust])
        for name in ["bom.cdx.json", "card.md", "metrics.json", "provenance.intoto.json"] {
            #expect(listed.output.contains("file \(name) "))
        }
    }
}
