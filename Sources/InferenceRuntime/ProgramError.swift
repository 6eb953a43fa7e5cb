/// Why bytes are not a program that this runtime can run, or an arena does not fit it.
public enum ProgramError: Error, Sendable, Hashable {
    /// A section does not start at a multiple of 64 bytes.
    case sectionMisaligned(ProgramSection)
    /// A section's size differs from what the header or its counts say.
    case sectionSizeMismatch(ProgramSection, sizeBytes: UInt64, expectedBytes: UInt64)
    /// The first word is not the format's magic.
    case notAProgram(magic: UInt32)
    /// A newer (or never written) version of the format.
    case versionUnsupported(UInt16)
    /// The weights are laid out for kernels that this build or this CPU does not have.
    case kernelTierUnsupported(UInt16)
    /// A count or size in the header is 0 or beyond the format's limit.
    case headerOutOfRange(HeaderField, value: UInt32, limit: UInt32)
    /// Bytes that must be zero are not; `offset` is from the start of the program section.
    case reservedNotZero(offset: Int)
    /// A tensor record breaks a rule; `value` is the offending number.
    case tensorInvalid(index: Int, TensorRule, value: Int64)
    /// An operator record breaks a rule; `value` is the offending number.
    case operatorInvalid(index: Int, opcode: UInt16, OperatorRule, value: Int64)
    /// A port record breaks a rule; inputs are numbered before outputs.
    case portInvalid(index: Int, PortRule, value: Int64)
    /// A state record breaks a rule; `value` is the offending number.
    case stateInvalid(index: Int, StateRule, value: Int64)
    /// The arena is smaller than the plan needs.
    case arenaTooSmall(sizeBytes: Int, requiredBytes: Int)
    /// The arena does not start at a multiple of 64 bytes.
    case arenaMisaligned
}

/// The fields of a program's header that have limits.
public enum HeaderField: UInt8, Sendable {
    case tensorCount, operatorCount, inputCount, outputCount, arenaSize, arenaLowerBound, stateCount
}

/// What a tensor record must satisfy.
public enum TensorRule: UInt8, Sendable {
    case typeKnown, placeKnown, rankInRange, extentInRange, sizeMatchesShape
    case offsetAligned, withinSection, zeroPointInRange, scaleFinite
}

/// What a port record must satisfy.
public enum PortRule: UInt8, Sendable {
    case tensorExists, tensorInArena, externalTypeKnown, nameInRange
}

/// What a state record must satisfy.
public enum StateRule: UInt8, Sendable {
    case tensorExists, tensorInArena, nameInRange
    case initialKnown, initialSize, initialWithinSection, noOverlap
}

/// What an operator record must satisfy.
public enum OperatorRule: UInt8, Sendable {
    case opcodeKnown, inputExists, outputExists, outputInArena, operandCount, noOverlap
    case elementType, rank, shapeMatches, parameterInRange, windowShape, windowNotEmpty
    case zeroPointMatches, clampInRange, roundingKnown, accumulatorFits
    case blockAligned, blockWithinSection, blockSize
    case multiplierInRange, biasInRange, tableIndexInRange
    case strideCanonical, accessWithinTensor, broadcastNotInPlace
}
