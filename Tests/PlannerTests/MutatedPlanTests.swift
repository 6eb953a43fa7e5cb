import InferenceRuntime
import ModelGraph
import ModelImport
import Planner
import Testing

@Suite("Mutated plans")
struct MutatedPlanTests {
    /// One model for each opcode, some for two.
    static let models = [
        "conv_2d_same", "depthwise_conv_2d_multiplier", "fully_connected", "average_pool_2d",
        "max_pool_2d", "add_broadcast_both", "sub", "mul_broadcast_channel", "maximum", "mean",
        "softmax", "logistic", "transpose", "pad", "concatenation", "split", "strided_slice",
        "resize_bilinear", "resize_nearest_neighbor", "arg_max",
        "transpose_conv_3_by_2_same", "prelu_channel", "squared_difference", "div", "select_v2",
        "batch_matmul_broadcast_both", "reduce_min_1_and_3", "gather_computed", "log_softmax_10",
        "lstm_batch_3", "variable_swapped",
    ]

    static let int16Models = [
        "conv_2d_same", "conv_2d_groups_2", "depthwise_conv_2d_multiplier_3", "fully_connected",
        "average_pool_2d_same", "max_pool_2d_2x2", "add_broadcast_both", "sub", "mul", "maximum",
        "mean_height_width", "softmax_rows", "logistic_0", "tanh_4", "leaky_relu_0_1",
        "quantize_int8_to_int16_0", "quantize_int16_to_int8_1", "transpose", "padv2_image",
        "concatenation_3", "resize_bilinear_odd", "resize_nearest_neighbor_odd", "mixed",
    ]

    static func cases(_ models: [String], in folder: String) throws -> [OperatorVectors.Case] {
        let all = try OperatorVectors.all(in: folder)
        return try models.map { model in
            try #require(all.first { $0.name.hasPrefix(model) }, "no vector for \(model)")
        }
    }

    @Test(
        "a mutated plan is refused or stays inside its arena",
        arguments: try cases(models, in: "operators")
    )
    func mutations(_ item: OperatorVectors.Case) throws {
        try mutate(item, in: "operators")
    }

    @Test(
        "a mutated plan of int16 is refused or stays inside its arena",
        arguments: try cases(int16Models, in: "operators_int16")
    )
    func mutationsOfInt16(_ item: OperatorVectors.Case) throws {
        try mutate(item, in: "operators_int16")
    }

    private func mutate(_ item: OperatorVectors.Case, in folder: String) throws {
        let bytes = try OperatorVectors.model(item.name, in: folder)
        let graph = try importModel(bytes, name: item.name)
        let planned = try plan(QuantizedGraph(proving: graph), for: .test)
        let seed: UInt64 = 0x4D4C_5450
        var random = Random(state: seed)
        for round in 0..<400 {
            var changed = planned
            for _ in 0...random.below(3) { mutate(&changed, &random) }
            // Validation refuses it here, or inference checks the guards around the arena.
            let size = changed.program[24..<28].reversed().reduce(0) { $0 << 8 | Int($1) }
            guard size <= 1 << 20, let model = try? LoadedModel(planned: changed) else { continue }
            let inputs = (0..<model.program.inputCount).map { port in
                (0..<model.program.input(port).sizeBytes).map { _ in
                    UInt8(truncatingIfNeeded: random.next())
                }
            }
            let outputs = try model.infer(inputs)
            #expect(outputs.count == model.program.outputCount, "seed \(seed), round \(round)")
        }
    }

    @Test(
        "a mutated file of a model with state is refused, or its plan stays inside its arena",
        arguments: ["lstm_time_major", "lstm_cell_clip", "variable_swapped", "variable_window"]
    )
    func mutatedFiles(name: String) throws {
        let bytes = try OperatorVectors.model(name)
        let seed: UInt64 = 0x4D4C_5451
        var random = Random(state: seed)
        var survivors = 0
        for _ in 0..<1500 {
            var changed = bytes
            for _ in 0...random.below(3) {
                changed[random.below(changed.count)] = UInt8(truncatingIfNeeded: random.next())
            }
            guard let graph = try? QuantizedGraph(proving: importModel(changed, name: name)),
                let planned = try? plan(graph, for: .test),
                planned.arenaPlan.sizeBytes <= 1 << 20
            else { continue }
            let model = try LoadedModel(planned: planned)
            let inputs = (0..<model.program.inputCount).map { port in
                [UInt8](repeating: 77, count: model.program.input(port).sizeBytes)
            }
            _ = try model.inferSequence([inputs, inputs])
            survivors += 1
        }
        #expect(survivors > 100, "seed \(seed)")
    }

    /// Puts a word that borders on a limit, or flips a bit, in one of the sections.
    private func mutate(_ planned: inout PlannedProgram, _ random: inout Random) {
        let borders: [UInt32] = [
            0, 1, 2, 0x80, 0xFF, 0x1001, 0x1_0001, 0x4000_0000, 0x7FFF_FFFF, 0xFFFF_FF80, .max,
        ]
        let word = borders[random.below(borders.count)]
        let isWord = random.below(2) == 0
        func change(_ bytes: inout [UInt8]) {
            guard bytes.count >= 4 else { return }
            let place = random.below(bytes.count / 4) * 4
            if isWord {
                for byte in 0..<4 {
                    bytes[place + byte] = UInt8(truncatingIfNeeded: word >> UInt32(8 * byte))
                }
            } else {
                bytes[place + random.below(4)] ^= 1 << UInt8(random.below(8))
            }
        }
        switch random.below(8) {
        case 0: change(&planned.scales)
        case 1: change(&planned.constants)
        default: change(&planned.program)
        }
    }
}
