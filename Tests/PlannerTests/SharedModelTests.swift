import ModelImport
import Planner
import Testing

@Suite("Trained models")
struct SharedModelTests {
    @Test("shared models are listed, present or not")
    func listing() {
        print("shared models found: \(SharedModels.present.count) in \(SharedModels.root)")
    }

    @Test("a trained model gives the reference's bytes", arguments: SharedModels.present)
    func golden(_ item: SharedModels.Case) throws {
        let bytes = try #require(SharedModels.load("models/\(item.model).tflite"))
        let model = try LoadedModel(try importModel(bytes, name: item.model))
        let plan = model.planned.arenaPlan
        print("\(item.model): arena \(plan.sizeBytes), lower bound \(plan.lowerBoundBytes)")
        if let arenaBytes = item.arenaBytes {
            #expect(plan.sizeBytes == arenaBytes)
            #expect(plan.lowerBoundBytes == arenaBytes)
        }
        let inputs = try SharedModels.rows(item.inputs)
        let outputs = try SharedModels.rows(item.outputs)
        #expect(outputs.count <= inputs.count && !outputs.isEmpty)
        var different = 0
        for (input, expected) in zip(inputs, outputs) {
            let computed = try model.infer([input])[0]
            different += zip(computed, expected).count { $0 != $1 }
            #expect(computed.count == expected.count)
        }
        print("\(item.model): \(outputs.count) samples, \(different) different bytes")
        #expect(different == 0)
    }

    @Test(
        "recurrent and streaming models are refused with reasons",
        arguments: ["mnist_lstm_int8", "okay_nabu_streaming_int8"]
            .filter { SharedModels.load("models/\($0).tflite") != nil }
    )
    func refused(model: String) throws {
        let bytes = try #require(SharedModels.load("models/\(model).tflite"))
        let error = #expect(throws: ImportError.self) { try importModel(bytes, name: model) }
        print("\(model): \(String(describing: error))")
    }
}
