import Foundation
import InferenceRuntime
import Testing

@Suite("ONNX models on the command line")
struct ONNXTests {
    /// `y = x + w` with `x [batch, width]` open and `w [2]` in the file `weights`.
    private static let model: [UInt8] = {
        func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
            // Contents of less than 16384 bytes: one or two bytes of length.
            let length = [UInt8(content.count & 0x7F | (content.count > 127 ? 0x80 : 0))]
            let more = content.count > 127 ? [UInt8(content.count >> 7)] : []
            return [number << 3 | 2] + length + more + content
        }
        func text(_ number: UInt8, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }
        func value(_ name: String) -> [UInt8] {
            let open = field(1, text(2, "batch")) + field(1, text(2, "width"))
            return text(1, name) + field(2, field(1, [0x08, 1] + field(2, open)))
        }
        let place =
            field(13, text(1, "location") + text(2, "weights"))
            + field(13, text(1, "length") + text(2, "8"))
        let weights = [0x08, 2, 0x10, 1] + text(8, "w") + place + [0x70, 1]
        let node = text(1, "x") + text(1, "w") + text(2, "y") + text(4, "Add")
        let graph =
            field(1, node) + field(5, weights) + field(11, value("x")) + field(12, value("y"))
        return [0x08, 8] + field(7, graph) + field(8, [0x10, 17])
    }()

    private func reals(_ path: String) throws -> [Float] {
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
        let file = try NumpyFile(validating: bytes)
        return bytes[file.dataRange].withUnsafeBytes { raw in
            (0..<raw.count / 4).map {
                let bits = raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)
                return Float(bitPattern: UInt32(littleEndian: bits))
            }
        }
    }

    @Test("inspect shows a float model's operators, and no arena")
    func inspect() throws {
        let result = try Martlet.run(["inspect", Martlet.digits("digits_float.onnx")])
        #expect(result.status == 0)
        #expect(result.output.contains("DepthwiseConvolution2D"))
        #expect(result.output.contains("float:") && !result.output.contains("arena"))
    }

    @Test("the digits model gives the probabilities of its TFLite twin")
    func reference() throws {
        let workshop = try Workshop()
        let result = try Martlet.run([
            "infer", Martlet.digits("digits_float.onnx"), "--reference", "--input",
            Martlet.digits("test_float.npy"), "--output-dir", workshop.path("out"),
        ])
        #expect(result.status == 0)
        let values = try reals(result.output.trimmingCharacters(in: .newlines))
        let golden = try reals(Martlet.digits("golden_float.npy"))
        #expect(values.count == golden.count)
        #expect(zip(values, golden).allSatisfy { abs($0 - $1) < 1e-5 })
    }

    @Test("open dimensions are set with --shape, constants read from the model's folder")
    func shapes() throws {
        let workshop = try Workshop()
        let path = try workshop.write("sum.onnx", Self.model)
        let closed = try Martlet.run(["inspect", path])
        #expect(closed.status == 5)
        #expect(closed.errors.contains("--shape 'x=1xN'"))
        let missing = try Martlet.run(["inspect", path, "--shape", "x=1x2"])
        #expect(missing.status == 5)
        #expect(missing.errors.contains("'weights' cannot be read"))
        // 1 and 2 in float32.
        _ = try workshop.write("weights", [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40])
        let open = try Martlet.run(["inspect", path, "--shape", "x=3x2"])
        #expect(open.status == 0)
        #expect(open.output.contains("input 'x': float32 [3, 2]"))
    }

    @Test(
        "a shape that does not fit is refused",
        arguments: [
            ("x", 2), ("x=", 2), ("x=0x2", 2), ("x=1xa", 2), ("=1x2", 2), ("z=1x2", 5),
            ("x=1x2x3", 5),
        ]
    )
    func wrongShapes(shape: String, status: Int32) throws {
        let workshop = try Workshop()
        let path = try workshop.write("sum.onnx", Self.model)
        let result = try Martlet.run(["inspect", path, "--shape", shape])
        #expect(result.status == status)
    }
}
