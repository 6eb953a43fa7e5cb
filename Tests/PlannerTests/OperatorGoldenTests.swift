import Foundation
import InferenceRuntime
import ModelImport
import Planner
import Testing

@Suite("Operators against the reference kernels")
struct OperatorGoldenTests {
    @Test("an operator gives the reference's bytes", arguments: try OperatorVectors.all())
    func golden(_ item: OperatorVectors.Case) throws {
        let bytes = try OperatorVectors.model(item.name)
        let model = try LoadedModel(try importModel(bytes, name: item.name))
        let inputs = try item.inputs.map { try OperatorVectors.rows($0) }
        let outputs = try item.outputs.map { try OperatorVectors.rows($0) }
        #expect(model.program.inputCount == inputs.count)
        #expect(model.program.outputCount == outputs.count)
        // The reference ran all samples in order, and kept what the model keeps.
        let stored = (0..<item.samples).map { sample in
            inputs.enumerated().map { port, rows in
                quantized(rows[sample], item.inputs[port].dtype, model.program.input(port))
            }
        }
        for (sample, computed) in try model.inferSequence(stored).enumerated() {
            for (port, rows) in outputs.enumerated() {
                let dtype = item.outputs[port].dtype
                let given = dequantized(computed[port], dtype, model.program.output(port))
                #expect(given == rows[sample], "sample \(sample), output \(port)")
            }
        }
    }

    @Test("the digits model gives the reference's bytes on all test images")
    func digits() throws {
        let directory = OperatorVectors.vectors.appending(path: "digits")
        let bytes = try Data(contentsOf: directory.appending(path: "digits_int8.tflite"))
        let model = try LoadedModel(try importModel([UInt8](bytes), name: "digits"))
        let inputs = try numpyRows(directory.appending(path: "test_int8.npy"))
        let outputs = try numpyRows(directory.appending(path: "golden_int8.npy"))
        #expect(inputs.count == 540 && outputs.count == 540)
        for (index, (input, output)) in zip(inputs, outputs).enumerated() {
            let computed = try model.infer([input])[0]
            #expect(computed == output, "image \(index)")
        }
    }

    /// What a caller does where the model takes floats: round half away from zero in `Float`.
    private func quantized(_ bytes: [UInt8], _ dtype: String, _ port: PortInfo) -> [UInt8] {
        guard dtype == "float32" else { return bytes }
        #expect(port.externalType == .float32)
        return floats(bytes).map { real in
            let steps = (real / port.scale).rounded(.toNearestOrAwayFromZero)
            let stored = min(max(steps + Float(port.zeroPoint), -128), 127)
            return UInt8(bitPattern: Int8(stored))
        }
    }

    private func dequantized(_ bytes: [UInt8], _ dtype: String, _ port: PortInfo) -> [UInt8] {
        guard dtype == "float32" else { return bytes }
        #expect(port.externalType == .float32)
        return bytes.flatMap { byte in
            let real = port.scale * Float(Int32(Int8(bitPattern: byte)) - port.zeroPoint)
            return withUnsafeBytes(of: real.bitPattern.littleEndian, Array.init)
        }
    }

    private func floats(_ bytes: [UInt8]) -> [Float] {
        bytes.withUnsafeBytes { raw in
            (0..<bytes.count / 4).map {
                Float(
                    bitPattern: UInt32(
                        littleEndian: raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)
                    )
                )
            }
        }
    }
}
