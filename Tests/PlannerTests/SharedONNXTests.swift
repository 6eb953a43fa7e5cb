import ModelGraph
import ModelImport
import Testing

/// Exports of the same integer model as TFLite and as ONNX with QuantizeLinear and
/// DequantizeLinear, beside the project, where a machine has them.
@Suite("Published QDQ models")
struct SharedONNXTests {
    static let present = ["ad_autoencoder", "ic_resnet8", "kws_dscnn", "vww_mobilenetv1"].filter {
        SharedModels.load("models/\($0)_int8_qdq.onnx") != nil
    }

    @Test("a QDQ export gives the bytes of the TFLite original's reference", arguments: present)
    func golden(name: String) throws {
        let bytes = try #require(SharedModels.load("models/\(name)_int8_qdq.onnx"))
        let model = try LoadedModel(try importModel(bytes, name: name))
        let inputs = try SharedModels.rows("data/golden/\(name)_int8/input0.npy")
        let outputs = try SharedModels.rows("data/golden/\(name)_int8/output0.npy")
        #expect(inputs.count == outputs.count)
        for (index, (input, output)) in zip(inputs, outputs).enumerated() {
            #expect(try model.infer([input])[0] == output, "sample \(index)")
        }
    }
}
