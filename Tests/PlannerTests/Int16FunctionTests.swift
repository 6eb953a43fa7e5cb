import InferenceRuntime
import ModelGraph
import Testing

@Suite("Functions of int16 against their definition")
struct Int16FunctionTests {
    /// What a function gives for every 7th stored integer at a step of 2^-12, within [-8, 8).
    private func outputs(_ function: UnaryOperator) throws -> [(x: Int, y: Int)] {
        let x = stride(from: -32768, through: 32767, by: 7).map { $0 }
        var wide = Int16Graph()
        let ids = [0x1p-12, 0x1p-12].map { wide.tensor([x.count], scale: $0) }
        wide.node(.unary(function), [ids[0]], ids[1])
        wide.inputs([ids[0]])
        let y = Stored.int16s(try LoadedModel(wide.graph).infer([Stored.bytes(x)])[0])
        return zip(x, y).map { ($0, $1) }
    }

    /// The samples lie 65535 / 512 apart, as the reference's do, and stand for arguments 128 apart:
    /// that moves an argument by up to a step.
    @Test(
        "an interpolated function is within 2.5 steps of its values",
        arguments: [
            .silu, .gelu(isApproximate: false), .gelu(isApproximate: true), .softplus,
            .logistic, .tanh, .errorFunction, .elu(alpha: 1), .hardSwish, .negate, .absolute,
        ] as [UnaryOperator]
    )
    func smooth(function: UnaryOperator) throws {
        for (x, y) in try outputs(function) {
            let exact = min(max(function.value(at: Double(x) / 4096) * 4096, -32768), 32767)
            #expect(abs(Double(y) - exact) <= 2.5, "at \(x)")
        }
    }

    @Test("bounds are exact, also where they cut between two entries of a table")
    func bounds() throws {
        for (x, y) in try outputs(.clamp(low: -1.2345, high: 6.789)) {
            #expect(y == min(max(x, -5057), 27808))
        }
        for (x, y) in try outputs(.relu6) { #expect(y == min(max(x, 0), 24576)) }
        for (x, y) in try outputs(.relu) { #expect(y == max(x, 0)) }
    }

    @Test("a negative slope is refused, a slope of 0 is not")
    func leakyRelu() throws {
        for (x, y) in try outputs(.leakyRelu(alpha: 0)) { #expect(y == max(x, 0)) }
        #expect(throws: (any Error).self) { try outputs(.leakyRelu(alpha: -1)) }
    }

    @Test("parts of other scales are rescaled before they are joined")
    func concatenation() throws {
        var wide = Int16Graph()
        let parts = [0.25, 0.5].map { wide.tensor([1, 3], scale: $0) }
        let whole = wide.tensor([1, 6], scale: 0.25)
        wide.node(.concatenation(axis: 1), parts, whole)
        wide.inputs(parts)
        let inputs = [[1, -2, 32767], [1, -20000, 20000]].map { Stored.bytes($0) }
        let computed = Stored.int16s(try LoadedModel(wide.graph).infer(inputs)[0])
        #expect(computed == [1, -2, 32767, 2, -32768, 32767])
    }

    @Test("the larger of two tensors of other scales is that of their real numbers")
    func maximum() throws {
        var wide = Int16Graph()
        let operands = [0.25, 0.5].map { wide.tensor([4], scale: $0) }
        let y = wide.tensor([4], scale: 0.5)
        wide.node(.binary(.maximum, .none), operands, y)
        wide.inputs(operands)
        let inputs = [[8, -8, 32767, 3], [1, -3, 20000, 1]].map { Stored.bytes($0) }
        let computed = Stored.int16s(try LoadedModel(wide.graph).infer(inputs)[0])
        // 3 / 2 rounds away from zero.
        #expect(computed == [4, -3, 20000, 2])
    }
}
