import ModelGraph
import Planner
import Testing

@Suite("What the planner refuses of int16")
struct Int16FaultTests {
    /// A node of one int16 tensor into another.
    private func unary(
        _ operation: Operator,
        _ input: [Int],
        _ output: [Int],
        from: Float = 0.001,
        to: Float = 0.001,
        _ types: (DataType, DataType) = (.int16, .int16)
    ) throws -> PlanFault? {
        var wide = Int16Graph()
        let x = wide.tensor(input, scale: from, type: types.0)
        let y = wide.tensor(output, scale: to, type: types.1)
        if types.1 == .int32 { wide.graph[y].quantization = nil }
        wide.node(operation, [x], y)
        wide.inputs([x])
        return try wide.fault()
    }

    private func dense(
        inputs: Int = 4,
        scales: (Float, Float, Float) = (0.001, 0.001, 0.001),
        bias: Int64 = 0
    ) throws -> PlanFault? {
        var wide = Int16Graph()
        let x = wide.tensor([1, inputs], scale: scales.0)
        let weights = [UInt8](repeating: 1, count: inputs)
        let w = wide.tensor([1, inputs], scale: scales.1, type: .int8, constant: weights)
        let y = wide.tensor([1, 1], scale: scales.2)
        wide.node(.fullyConnected(.none), [x, w, wide.bias([bias])], y)
        wide.inputs([x])
        return try wide.fault()
    }

    @Test("an operator without a kernel of int16 says so")
    func noKernel() throws {
        #expect(try unary(.argMax(axis: 0), [3], [], (.int16, .int32)) == .noKernel)
        let sum = Operator.reduce(.sum, axes: [0], keepsDimensions: false)
        #expect(try unary(sum, [3], []) == .noKernel)
    }

    @Test("uint8 meets int16 through int8 only")
    func unsigned() throws {
        let fault = try unary(.requantize, [3], [3], (.uint8, .int16))
        guard case .quantizationMismatch? = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
    }

    @Test("softmax needs an output scale of 2^-15")
    func softmax() throws {
        let wanted = "softmax of int16 needs an output scale of 2^-15"
        #expect(try unary(.softmax(beta: 1), [3], [3]) == .quantizationMismatch(wanted))
        #expect(try unary(.softmax(beta: 1), [3], [3], to: 0x1p-15) == nil)
        guard
            case .parameterOutOfRange(_, 32769, 32768)? = try unary(
                .softmax(beta: 1),
                [32769],
                [32769],
                to: 0x1p-15
            )
        else {
            Issue.record("a row of 32,769 classes is planned")
            return
        }
    }

    @Test("a bias of 2^46 is planned, a larger one is not", arguments: [1, -1] as [Int64])
    func bias(sign: Int64) throws {
        #expect(try dense(bias: sign << 46) == nil)
        let fault = try dense(bias: (sign << 46) + sign)
        guard case .accumulatorMayOverflow(channel: 0, _, limit: 1 << 47)? = fault else {
            Issue.record("\(String(describing: fault))")
            return
        }
    }

    @Test("a ratio of scales of 2^7 or more is refused")
    func ratio() throws {
        #expect(try dense(scales: (1, 1, 0.01)) == nil)
        guard case .ratioOutOfRange? = try dense(scales: (1, 1, 0.005)) else {
            Issue.record("a ratio of 200 is planned")
            return
        }
    }

    @Test("a mean and a pool of more than 2^15 elements are refused")
    func counts() throws {
        let mean = Operator.reduce(.mean, axes: [0], keepsDimensions: false)
        #expect(try unary(mean, [32768], []) == nil)
        #expect(
            try unary(mean, [32769], [])
                == .parameterOutOfRange(
                    "the number of reduced elements",
                    value: 32769,
                    limit: 32768
                )
        )
    }
}
