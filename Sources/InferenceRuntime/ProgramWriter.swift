/// A port as its record describes it.
package struct PortRecord: Sendable {
    package var tensor: UInt32
    package var externalType: ElementType
    /// UTF-8, cut to 32 bytes.
    package var name: [UInt8]

    package init(tensor: UInt32, externalType: ElementType, name: [UInt8]) {
        self.tensor = tensor
        self.externalType = externalType
        self.name = name
    }
}

/// Writes the program section.
///
/// It checks nothing: `Program.init(validating:)` is the check.
package struct ProgramWriter {
    package var tier: KernelTier
    package var arenaSizeBytes: UInt32
    package var arenaLowerBoundBytes: UInt32
    package var weightsSizeBytes: UInt32
    package var scalesSizeBytes: UInt32
    package var constantsSizeBytes: UInt32
    package var tensors: [TensorRecord] = []
    package var operators: [(record: OperatorRecord, parameters: OperatorParameters)] = []
    package var inputs: [PortRecord] = []
    package var outputs: [PortRecord] = []
    package var states: [StateRecord] = []

    package init(
        tier: KernelTier,
        arenaSizeBytes: UInt32,
        arenaLowerBoundBytes: UInt32,
        weightsSizeBytes: UInt32,
        scalesSizeBytes: UInt32,
        constantsSizeBytes: UInt32
    ) {
        self.tier = tier
        self.arenaSizeBytes = arenaSizeBytes
        self.arenaLowerBoundBytes = arenaLowerBoundBytes
        self.weightsSizeBytes = weightsSizeBytes
        self.scalesSizeBytes = scalesSizeBytes
        self.constantsSizeBytes = constantsSizeBytes
    }

    /// The bytes of the program section.
    package func bytes() -> [UInt8] {
        var bytes: [UInt8] = []
        appendHeader(to: &bytes)
        for tensor in tensors { append(tensor, to: &bytes) }
        for (record, parameters) in operators { append(record, parameters, to: &bytes) }
        for port in inputs + outputs { append(port, to: &bytes) }
        for state in states { state.append(to: &bytes) }
        return bytes
    }

    private func appendHeader(to bytes: inout [UInt8]) {
        bytes.append(word: ProgramFormat.magic)
        bytes.append(half: ProgramFormat.version)
        bytes.append(half: tier.rawValue)
        for count in [tensors.count, operators.count, inputs.count, outputs.count] {
            bytes.append(word: UInt32(count))
        }
        bytes.append(word: arenaSizeBytes)
        bytes.append(word: arenaLowerBoundBytes)
        bytes.append(word: weightsSizeBytes)
        bytes.append(word: scalesSizeBytes)
        bytes.append(word: constantsSizeBytes)
        bytes.append(word: UInt32(states.count))
        bytes.padToRecord(of: ProgramFormat.headerSizeBytes, from: 0)
    }

    private func append(_ tensor: TensorRecord, to bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.append(tensor.type.rawValue)
        bytes.append(UInt8(tensor.shape.rank))
        bytes.append(tensor.place.rawValue)
        bytes.append(0)
        bytes.append(word: tensor.offset)
        bytes.append(word: tensor.sizeBytes)
        bytes.append(word: UInt32(bitPattern: tensor.zeroPoint))
        bytes.append(word: tensor.scaleBits)
        for d in 0..<ProgramFormat.rankMax { bytes.append(word: tensor.shape[d]) }
        bytes.padToRecord(of: ProgramFormat.tensorSizeBytes, from: start)
    }

    private func append(
        _ record: OperatorRecord,
        _ parameters: OperatorParameters,
        to bytes: inout [UInt8]
    ) {
        let start = bytes.count
        bytes.append(half: record.opcode)
        bytes.append(half: 0)
        bytes.append(word: record.inputA)
        bytes.append(word: record.inputB)
        bytes.append(word: record.output)
        for block in [record.weights, record.scales, record.constants] {
            bytes.append(word: block.offset)
            bytes.append(word: block.sizeBytes)
        }
        bytes.padToRecord(of: ProgramFormat.parametersOffset, from: start)
        for word in parameters.words { bytes.append(word: UInt32(bitPattern: word)) }
        bytes.padToRecord(of: ProgramFormat.operatorSizeBytes, from: start)
    }

    private func append(_ port: PortRecord, to bytes: inout [UInt8]) {
        let start = bytes.count
        let name = port.name.prefix(ProgramFormat.nameSizeBytes)
        bytes.append(word: port.tensor)
        bytes.append(port.externalType.rawValue)
        bytes.append(UInt8(name.count))
        bytes.padToRecord(of: 16, from: start)
        bytes.append(contentsOf: name)
        bytes.padToRecord(of: ProgramFormat.portSizeBytes, from: start)
    }
}

extension [UInt8] {
    /// Appends two bytes, little-endian.
    package mutating func append(half: UInt16) {
        append(UInt8(truncatingIfNeeded: half))
        append(UInt8(truncatingIfNeeded: half >> 8))
    }

    /// Appends four bytes, little-endian.
    package mutating func append(word: UInt32) {
        append(half: UInt16(truncatingIfNeeded: word))
        append(half: UInt16(truncatingIfNeeded: word >> 16))
    }

    /// Appends zeros until `size` bytes follow `start`.
    package mutating func padToRecord(of size: Int, from start: Int) {
        append(contentsOf: repeatElement(0, count: start + size - count))
    }
}
