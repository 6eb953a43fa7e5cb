/// The fixed head of a program section, checked against the sections' sizes.
struct ProgramHeader {
    let tier: KernelTier
    let tensorCount: UInt32
    let operatorCount: UInt32
    let inputCount: UInt32
    let outputCount: UInt32
    let arenaSize: UInt32
    let arenaLowerBound: UInt32
    let stateCount: UInt32

    init(reading sections: ProgramSections) throws(ProgramError) {
        let table = sections.program
        guard table.count >= ProgramFormat.headerSizeBytes else {
            throw .sectionSizeMismatch(
                .program,
                sizeBytes: UInt64(table.count),
                expectedBytes: UInt64(ProgramFormat.headerSizeBytes)
            )
        }
        guard table.word(at: 0) == ProgramFormat.magic else {
            throw .notAProgram(magic: table.word(at: 0))
        }
        guard table.half(at: 4) == ProgramFormat.version else {
            throw .versionUnsupported(table.half(at: 4))
        }
        guard let tier = KernelTier(rawValue: table.half(at: 6)) else {
            throw .kernelTierUnsupported(table.half(at: 6))
        }
        self.tier = tier
        tensorCount = table.word(at: 8)
        operatorCount = table.word(at: 12)
        inputCount = table.word(at: 16)
        outputCount = table.word(at: 20)
        arenaSize = table.word(at: 24)
        arenaLowerBound = table.word(at: 28)
        stateCount = table.word(at: 44)
        if let offset = table.firstNonZero(in: 48..<ProgramFormat.headerSizeBytes) {
            throw .reservedNotZero(offset: offset)
        }
        try checkLimits()
        try checkSizes(of: sections)
    }

    private func checkLimits() throws(ProgramError) {
        try check(.tensorCount, tensorCount, 1, ProgramFormat.tensorCountMax)
        try check(.operatorCount, operatorCount, 0, ProgramFormat.operatorCountMax)
        try check(.inputCount, inputCount, 1, ProgramFormat.portCountMax)
        try check(.outputCount, outputCount, 1, ProgramFormat.portCountMax)
        try check(.stateCount, stateCount, 0, ProgramFormat.stateCountMax)
        try check(.arenaSize, arenaSize, 1, ProgramFormat.sizeBytesMax)
        try check(.arenaLowerBound, arenaLowerBound, 1, arenaSize)
    }

    private func check(
        _ field: HeaderField,
        _ value: UInt32,
        _ low: UInt32,
        _ limit: UInt32
    ) throws(ProgramError) {
        guard value >= low && value <= limit else {
            throw .headerOutOfRange(field, value: value, limit: limit)
        }
    }

    /// All counts are within limits, so the sum is far below 2^63.
    private func checkSizes(of sections: ProgramSections) throws(ProgramError) {
        let table = sections.program
        let ports = UInt64(inputCount) + UInt64(outputCount)
        let programSize =
            UInt64(ProgramFormat.headerSizeBytes)
            + UInt64(tensorCount) * UInt64(ProgramFormat.tensorSizeBytes)
            + UInt64(operatorCount) * UInt64(ProgramFormat.operatorSizeBytes)
            + ports * UInt64(ProgramFormat.portSizeBytes)
            + UInt64(stateCount) * UInt64(ProgramFormat.stateSizeBytes)
        try check(.program, table, programSize)
        try check(.weights, sections.weights, UInt64(table.word(at: 32)))
        try check(.scales, sections.scales, UInt64(table.word(at: 36)))
        try check(.constants, sections.constants, UInt64(table.word(at: 40)))
    }

    private func check(
        _ section: ProgramSection,
        _ table: ByteTable,
        _ expected: UInt64
    ) throws(ProgramError) {
        guard UInt64(table.count) == expected, expected <= UInt64(ProgramFormat.sizeBytesMax) else {
            throw .sectionSizeMismatch(
                section,
                sizeBytes: UInt64(table.count),
                expectedBytes: expected
            )
        }
        guard table.isAligned else { throw .sectionMisaligned(section) }
    }
}
