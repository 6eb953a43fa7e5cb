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
        let samples = inputs.prefix(outputs.count).map { [$0] }
        let results =
            item.keepsState
            ? try model.inferSequence(samples) : try samples.map { try model.infer($0) }
        for (result, expected) in zip(results, outputs) {
            let computed = result[0]
            different += zip(computed, expected).count { $0 != $1 }
            #expect(computed.count == expected.count)
        }
        print("\(item.model): \(outputs.count) samples, \(different) different bytes")
        #expect(different == 0)
    }
}
