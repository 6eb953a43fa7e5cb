/// The four parts of a program, each in memory that starts at a multiple of 64 bytes.
///
/// The caller keeps that memory mapped and unchanged for as long as any `Program` or `Executor`
/// made of it is in use.
@safe
public struct ProgramSections {
    let program: ByteTable
    let weights: ByteTable
    let scales: ByteTable
    let constants: ByteTable

    /// Names the four parts; nothing is read.
    public init(
        program: UnsafeRawBufferPointer,
        weights: UnsafeRawBufferPointer,
        scales: UnsafeRawBufferPointer,
        constants: UnsafeRawBufferPointer
    ) {
        unsafe self.program = ByteTable(program)
        unsafe self.weights = ByteTable(weights)
        unsafe self.scales = ByteTable(scales)
        unsafe self.constants = ByteTable(constants)
    }
}

/// A model ready to run: records, weights and constants, proved safe to execute on any data.
///
/// Only validation makes one. It borrows the sections' memory.
public struct Program {
    let sections: ProgramSections
    /// The kernels that the weights are laid out for.
    public let tier: KernelTier
    /// The number of operators that one inference runs.
    public let operatorCount: Int
    /// The number of tensors that callers provide, at least 1.
    public let inputCount: Int
    /// The number of tensors that callers receive, at least 1.
    public let outputCount: Int
    /// The number of tensors that keep a value from one inference to the next.
    public let stateCount: Int
    /// The size of the arena that `Executor` needs, in bytes.
    public let arenaSizeBytes: Int
    /// The most bytes live at once: no plan of these operators in this order needs less.
    public let arenaLowerBoundBytes: Int
    let tensorCount: Int

    /// Proves that the sections are a program that this build can run.
    ///
    /// Every offset, size, shape relation, type, operator rule, factor and bias is checked once,
    /// whatever the bytes; afterwards inference reads and writes only inside the sections and the
    /// arena and cannot fail. Time is linear in the size of the sections, per operator that uses
    /// them; nothing is allocated.
    ///
    /// - Throws: `ProgramError` for the first rule that is broken.
    public init(validating sections: ProgramSections) throws(ProgramError) {
        let header = try ProgramHeader(reading: sections)
        self.sections = sections
        tier = header.tier
        tensorCount = Int(header.tensorCount)
        operatorCount = Int(header.operatorCount)
        inputCount = Int(header.inputCount)
        outputCount = Int(header.outputCount)
        stateCount = Int(header.stateCount)
        arenaSizeBytes = Int(header.arenaSize)
        arenaLowerBoundBytes = Int(header.arenaLowerBound)
        for index in 0..<tensorCount { try validateTensor(index) }
        for index in 0..<operatorCount { try validateOperator(index) }
        for index in 0..<(inputCount + outputCount) { try validatePort(index) }
        for index in 0..<stateCount { try validateState(index) }
    }

    /// The tensor that callers write before inference; `index` below `inputCount`.
    public func input(_ index: Int) -> PortInfo {
        precondition(index >= 0 && index < inputCount)
        return port(index)
    }

    /// The tensor that callers read after inference; `index` below `outputCount`.
    public func output(_ index: Int) -> PortInfo {
        precondition(index >= 0 && index < outputCount)
        return port(inputCount + index)
    }

    private func port(_ index: Int) -> PortInfo {
        let offset = portOffset(index)
        let tensor = tensor(Int(sections.program.word(at: offset)))
        return PortInfo(record: tensor, table: sections.program, offset: offset)
    }
}

// Offsets of records. The header's check proves that all of them are inside the section.
extension Program {
    func tensorOffset(_ index: Int) -> Int {
        ProgramFormat.headerSizeBytes + index * ProgramFormat.tensorSizeBytes
    }

    func operatorOffset(_ index: Int) -> Int {
        tensorOffset(tensorCount) + index * ProgramFormat.operatorSizeBytes
    }

    func portOffset(_ index: Int) -> Int {
        operatorOffset(operatorCount) + index * ProgramFormat.portSizeBytes
    }

    /// A validated tensor record.
    func tensor(_ index: Int) -> TensorRecord {
        let table = sections.program
        let offset = tensorOffset(index)
        return TensorRecord(
            type: ElementType(rawValue: table.byte(at: offset)) ?? .int8,
            place: TensorPlace(rawValue: table.byte(at: offset + 2)) ?? .arena,
            offset: table.word(at: offset + 4),
            sizeBytes: table.word(at: offset + 8),
            scaleBits: table.word(at: offset + 16),
            zeroPoint: table.signedWord(at: offset + 12),
            shape: TensorShape(
                rank: Int(table.byte(at: offset + 1)),
                reading: table,
                at: offset + 20
            )
        )
    }
}
