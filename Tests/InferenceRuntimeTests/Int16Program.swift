@testable import InferenceRuntime

/// A program of one operator of int16, written by hand, that a test changes before it is written.
struct Int16Program {
    var tensors: [TensorRecord]
    var record: OperatorRecord
    var parameters: OperatorParameters
    var weights: [UInt8] = []
    var scales: [Int32] = []
    var constants: [UInt8] = []
    var arenaSizeBytes: UInt32 = 128

    static func tensor(
        _ shape: [UInt32],
        _ offset: UInt32,
        _ type: ElementType = .int16
    ) -> TensorRecord {
        TensorRecord(
            type: type,
            place: .arena,
            offset: offset,
            sizeBytes: shape.reduce(1, *) * UInt32(type.sizeBytes),
            scaleBits: Float(0.5).bitPattern,
            zeroPoint: 0,
            shape: TensorShape(shape)
        )
    }

    /// A pixel of 3 channels to one of 2, by a convolution, or by a dense product.
    static func product(isDense: Bool = false, rounding: Rounding? = nil) -> Int16Program {
        let image = ImageShape(batches: 1, height: 1, width: 1, channels: 3)
        var output = image
        output.channels = 2
        let clamp = Clamp(low: -32768, high: 32767)
        let geometry = WindowGeometry(
            kernel: (1, 1),
            stride: (1, 1),
            dilation: (1, 1),
            padding: (0, 0, 0, 0)
        )
        return Int16Program(
            tensors: [tensor([1, 1, 1, 3], 0), tensor([1, 1, 1, 2], 64)],
            record: OperatorRecord(
                opcode: (isDense ? Opcode.fullyConnectedInt16 : .convolution2DInt16).rawValue,
                inputA: 0,
                output: 1,
                weights: Block(sizeBytes: 6),
                scales: Block(sizeBytes: 16),
                constants: Block(sizeBytes: 16)
            ),
            parameters: isDense
                ? .dense(
                    rows: 1,
                    inputs: 3,
                    outputs: 2,
                    ZeroPoints(),
                    clamp,
                    rounding ?? .halfAway
                )
                : .window(
                    input: image,
                    output: output,
                    geometry,
                    groups: 1,
                    depthMultiplier: 1,
                    ZeroPoints(),
                    clamp,
                    rounding ?? .narrow
                ),
            weights: [1, 2, 3, 4, 5, 6],
            scales: [1 << 30, 1, 1 << 30, 0],
            constants: [UInt8](repeating: 0, count: 16)
        )
    }

    /// 4 elements by an operator of one input with a table of `constants` bytes.
    static func function(
        _ opcode: Opcode,
        _ parameters: OperatorParameters,
        constants: Int = 0,
        to type: ElementType = .int16
    ) -> Int16Program {
        Int16Program(
            tensors: [tensor([4], 0), tensor([4], 64, type)],
            record: OperatorRecord(
                opcode: opcode.rawValue,
                inputA: 0,
                output: 1,
                constants: Block(sizeBytes: UInt32(constants))
            ),
            parameters: parameters,
            constants: [UInt8](repeating: 0, count: constants)
        )
    }

    static func rescale(
        inputSize: Int32 = 2,
        outputSize: Int32 = 1,
        zero: Int32 = 0,
        exponent: Int32 = 0,
        high: Int32 = 127
    ) -> Int16Program {
        let factor = ScaleFactor(multiplier: 1 << 30, exponent: exponent)
        let parameters = OperatorParameters.rescale(
            count: 4,
            inputSize: inputSize,
            outputSize: outputSize,
            inputZero: zero,
            outputZero: 0,
            factor,
            negative: factor,
            Clamp(low: -128, high: high)
        )
        return function(.rescale, parameters, to: .int8)
    }

    /// Why the program is refused, or nil.
    func fault() -> OperatorRule? {
        do throws(ProgramError) {
            _ = try ProgramMemory(sections).validated()
            return nil
        } catch {
            guard case .operatorInvalid(_, _, let rule, _) = error else { return .opcodeKnown }
            return rule
        }
    }

    private var sections: SmallProgram {
        var small = SmallProgram()
        small.weights = weights
        small.scales = []
        for word in scales { small.scales.append(word: UInt32(bitPattern: word)) }
        small.constants = constants
        var writer = ProgramWriter(
            tier: .scalar,
            arenaSizeBytes: arenaSizeBytes,
            arenaLowerBoundBytes: 64,
            weightsSizeBytes: UInt32(weights.count),
            scalesSizeBytes: UInt32(4 * scales.count),
            constantsSizeBytes: UInt32(constants.count)
        )
        writer.tensors = tensors
        writer.operators = [(record, parameters)]
        writer.inputs = [PortRecord(tensor: 0, externalType: .int16, name: [])]
        writer.outputs = [PortRecord(tensor: 1, externalType: tensors[1].type, name: [])]
        small.program = writer.bytes()
        return small
    }
}
