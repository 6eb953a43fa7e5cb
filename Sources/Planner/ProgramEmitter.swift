import InferenceRuntime
import ModelGraph

/// Writes the four sections of a planned program.
struct ProgramEmitter {
    private let layout: MemoryLayoutPlan
    private let ports: Graph
    private let lowered: LoweredProgram
    private let offsetOfRoot: [Int: Int]
    private var weights = SectionWriter()
    private var scales = SectionWriter()
    private var constants = SectionWriter()
    /// Records in the order of first use, and the record of each value.
    private var tensors: [TensorRecord] = []
    private var recordOfValue: [Int: UInt32] = [:]

    /// Prepares to write `layout`; `ports` gives the names of inputs and outputs.
    init(_ layout: MemoryLayoutPlan, ports: Graph) {
        self.layout = layout
        self.ports = ports
        lowered = layout.map.program
        var offsets: [Int: Int] = [:]
        for (block, offset) in zip(layout.map.blocks, layout.placement.offsets) {
            offsets[block.root] = offset
        }
        offsetOfRoot = offsets
    }

    /// Writes everything.
    mutating func emit(tier: KernelTier) throws(PlannerError) -> PlannedProgram {
        let inputs = zip(ports.inputs, lowered.inputs).map { port($0, $1) }
        let operators = lowered.steps.map { operatorRecord($0) }
        let outputs = zip(ports.outputs, lowered.outputs).map { port($0, $1) }
        let states = lowered.states.map { stateRecord($0) }
        weights.fillIfEmpty()
        scales.fillIfEmpty()
        constants.fillIfEmpty()
        let sections: [(ProgramSection, SectionWriter)] = [
            (.weights, weights), (.scales, scales), (.constants, constants),
        ]
        let limit = UInt64(ProgramFormat.sizeBytesMax)
        for (section, writer) in sections where UInt64(writer.bytes.count) > limit {
            throw .sectionTooLarge(
                section,
                sizeBytes: UInt64(writer.bytes.count),
                limitBytes: limit
            )
        }
        var writer = ProgramWriter(
            tier: tier,
            arenaSizeBytes: UInt32(layout.placement.sizeBytes),
            arenaLowerBoundBytes: UInt32(layout.lowerBoundBytes),
            weightsSizeBytes: UInt32(weights.bytes.count),
            scalesSizeBytes: UInt32(scales.bytes.count),
            constantsSizeBytes: UInt32(constants.bytes.count)
        )
        writer.tensors = tensors
        writer.operators = operators
        writer.inputs = inputs
        writer.outputs = outputs
        writer.states = states
        return PlannedProgram(
            program: writer.bytes(),
            weights: weights.bytes,
            scales: scales.bytes,
            constants: constants.bytes,
            arenaPlan: layout.arenaPlan()
        )
    }

    private mutating func port(_ port: Port, _ value: Int) -> PortRecord {
        PortRecord(
            tensor: record(of: value),
            externalType: ElementType(port.externalType),
            name: Array(port.name.utf8)
        )
    }

    private mutating func operatorRecord(
        _ step: LoweredStep
    ) -> (record: OperatorRecord, parameters: OperatorParameters) {
        let output = record(of: step.output)
        let inputs = step.inputs.map { record(of: $0) }
        let factors = step.scales.flatMap { [$0.multiplier, $0.exponent] }
        let head = OperatorRecord(
            opcode: step.opcode.rawValue,
            inputA: inputs.first ?? output,
            inputB: inputs.count > 1 && step.kept.isEmpty ? inputs[1] : ProgramFormat.noTensor,
            output: output,
            weights: weights.add(step.weights),
            scales: scales.add(factors.littleEndianBytes),
            constants: constants.add(step.constants)
        )
        guard case .longShortTermMemory(var memory) = step.parameters, step.kept.count == 2 else {
            return (head, step.parameters)
        }
        memory.hiddenTensor = Int32(record(of: step.kept[0]))
        memory.cellTensor = Int32(record(of: step.kept[1]))
        return (head, .longShortTermMemory(memory))
    }

    private mutating func stateRecord(_ state: LoweredState) -> StateRecord {
        let first = state.initial.first ?? 0
        let isUniform = state.initial.allSatisfy { $0 == first }
        return StateRecord(
            tensor: record(of: state.value),
            initial: isUniform ? .fill(first) : .constant(constants.add(state.initial)),
            name: Array(state.name.utf8)
        )
    }

    /// The index of the tensor record of a value, made when first asked for.
    private mutating func record(of value: Int) -> UInt32 {
        if let known = recordOfValue[value] { return known }
        let source = lowered.values[value]
        var place = TensorPlace.arena
        var offset = 0
        if let constant = source.constant {
            place = .constants
            offset = Int(constants.add(constant).offset)
        } else {
            let (root, start) = lowered.storage(of: value)
            offset = offsetOfRoot[root, default: 0] + start
        }
        tensors.append(
            TensorRecord(
                type: ElementType(source.type),
                place: place,
                offset: UInt32(offset),
                sizeBytes: UInt32(source.sizeBytes),
                scaleBits: source.scale.bitPattern,
                zeroPoint: source.zeroPoint,
                shape: TensorShape(source.shape.map { UInt32($0) })
            )
        )
        let index = UInt32(tensors.count - 1)
        recordOfValue[value] = index
        return index
    }
}

/// Collects blocks at multiples of 64; equal blocks are stored once.
private struct SectionWriter {
    private(set) var bytes: [UInt8] = []
    private var known: [[UInt8]: Block] = [:]

    /// An installed image has no place for an empty section: it holds one block of zeros.
    mutating func fillIfEmpty() {
        if bytes.isEmpty { bytes = [UInt8](repeating: 0, count: ProgramFormat.alignmentBytes) }
    }

    /// The place of a block; the absent block is empty, at 0.
    mutating func add(_ block: [UInt8]) -> Block {
        if block.isEmpty { return Block() }
        if let place = known[block] { return place }
        bytes.append(
            contentsOf: repeatElement(0, count: bytes.count.roundedUpToBlock - bytes.count)
        )
        let place = Block(offset: UInt32(bytes.count), sizeBytes: UInt32(block.count))
        bytes += block
        known[block] = place
        return place
    }
}

extension ElementType {
    fileprivate init(_ type: DataType) {
        switch type {
        case .int8: self = .int8
        case .uint8: self = .uint8
        case .int16: self = .int16
        case .int32: self = .int32
        case .int64: self = .int64
        case .float16: self = .float16
        case .float32: self = .float32
        case .bool: self = .bool
        }
    }
}
