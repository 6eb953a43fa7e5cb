@testable import InferenceRuntime

extension SmallProgram {
    /// A long short-term memory of two units over two steps, with its hidden values and its cell as
    /// states: tensors 0 sequence, 1 output, 2 hidden values, 3 cell.
    static func memory() -> SmallProgram {
        var small = SmallProgram()
        small.weights = (0..<32).map { UInt8(bitPattern: Int8(($0 * 37) % 127 - 60)) }
        small.scales = []
        small.constants = []
        for bias: Int32 in [100, -200, 300, 50, -70, 20, 900, -900] {
            small.constants.append(word: UInt32(bitPattern: bias))
        }
        small.constants.padToRecord(of: 64, from: 0)
        small.constants += [40, 216]
        small.program = memoryWriter(constantsSize: UInt32(small.constants.count)).bytes()
        return small
    }

    /// Offsets in the program section of `memory()`.
    enum MemoryOffset {
        static let tensor = 64
        static let operation = tensor + 4 * 64
        static let parameters = operation + 64
        static let state = operation + 256 + 2 * 64
    }

    private static func memoryWriter(constantsSize: UInt32) -> ProgramWriter {
        var writer = ProgramWriter(
            tier: .scalar,
            arenaSizeBytes: 256,
            arenaLowerBoundBytes: 256,
            weightsSizeBytes: 32,
            scalesSizeBytes: 0,
            constantsSizeBytes: constantsSize
        )
        writer.tensors = [
            memoryTensor(.int8, [1, 2, 2], 0, zeroPoint: 3),
            memoryTensor(.int8, [1, 2, 2], 64, zeroPoint: -4),
            memoryTensor(.int8, [1, 2], 128, zeroPoint: -4),
            memoryTensor(.int16, [1, 2], 192, zeroPoint: 0),
        ]
        writer.operators = [(memoryRecord, .longShortTermMemory(memoryParameters))]
        writer.inputs = [PortRecord(tensor: 0, externalType: .int8, name: Array("in".utf8))]
        writer.outputs = [PortRecord(tensor: 1, externalType: .int8, name: Array("out".utf8))]
        writer.states = [
            StateRecord(
                tensor: 2,
                initial: .constant(Block(offset: 64, sizeBytes: 2)),
                name: Array("hidden".utf8)
            ),
            StateRecord(tensor: 3, initial: .fill(0), name: Array("cell".utf8)),
        ]
        return writer
    }

    private static func memoryTensor(
        _ type: ElementType,
        _ shape: [UInt32],
        _ offset: UInt32,
        zeroPoint: Int32
    ) -> TensorRecord {
        TensorRecord(
            type: type,
            place: .arena,
            offset: offset,
            sizeBytes: shape.reduce(UInt32(type.sizeBytes), *),
            scaleBits: Float(0.5).bitPattern,
            zeroPoint: zeroPoint,
            shape: TensorShape(shape)
        )
    }

    private static var memoryRecord: OperatorRecord {
        OperatorRecord(
            opcode: Opcode.longShortTermMemory.rawValue,
            inputA: 0,
            output: 1,
            weights: Block(sizeBytes: 32),
            constants: Block(sizeBytes: 32)
        )
    }

    private static var memoryParameters: MemoryParameters {
        let gate = ScaleFactor(multiplier: 1 << 30, exponent: -1)
        var parameters = MemoryParameters(
            extents: (batches: 1, steps: 2, inputs: 2, units: 2),
            isTimeMajor: false,
            zeros: ZeroPoints(input: 3, output: -4),
            inputScales: [gate, gate, gate, gate],
            recurrentScales: [gate, gate, gate, gate],
            hiddenScale: ScaleFactor(multiplier: 1 << 30, exponent: -21),
            cellExponent: -11,
            cellClip: 0
        )
        parameters.hiddenTensor = 2
        parameters.cellTensor = 3
        return parameters
    }
}
