/// What a state holds before the first inference and after a reset.
package enum InitialState: Sendable {
    /// This byte throughout.
    case fill(UInt8)
    /// A block of the constants section, of the tensor's size.
    case constant(Block)
}

/// A state as its record describes it: a tensor of the arena that no other tensor shares, with
/// what it holds at first.
package struct StateRecord: Sendable {
    package var tensor: UInt32
    package var initial: InitialState
    /// UTF-8, cut to 32 bytes.
    package var name: [UInt8]

    package init(tensor: UInt32, initial: InitialState, name: [UInt8]) {
        self.tensor = tensor
        self.initial = initial
        self.name = name
    }

    /// Appends the 64 bytes of the record.
    func append(to bytes: inout [UInt8]) {
        let start = bytes.count
        let name = name.prefix(ProgramFormat.nameSizeBytes)
        bytes.append(word: tensor)
        switch initial {
        case .fill(let byte):
            bytes.append(contentsOf: [0, UInt8(name.count), byte, 0])
        case .constant(let block):
            bytes.append(contentsOf: [1, UInt8(name.count), 0, 0])
            bytes.append(word: block.offset)
            bytes.append(word: block.sizeBytes)
        }
        bytes.padToRecord(of: 16, from: start)
        bytes.append(contentsOf: name)
        bytes.padToRecord(of: ProgramFormat.stateSizeBytes, from: start)
    }
}

extension Program {
    func stateOffset(_ index: Int) -> Int {
        portOffset(inputCount + outputCount) + index * ProgramFormat.stateSizeBytes
    }

    /// The tensor of a validated state.
    func stateTensor(_ index: Int) -> TensorRecord {
        tensor(Int(sections.program.word(at: stateOffset(index))))
    }

    /// The bytes of a validated state at first.
    func initialState(_ index: Int) -> InitialState {
        let (table, offset) = (sections.program, stateOffset(index))
        guard table.byte(at: offset + 4) == 1 else { return .fill(table.byte(at: offset + 6)) }
        return .constant(Block(reading: table, at: offset + 8))
    }

    /// The name of a state, UTF-8 cut to 32 bytes; `index` below `stateCount`.
    public func stateName(_ index: Int) -> String {
        precondition(index >= 0 && index < stateCount)
        let start = stateOffset(index)
        var bytes: [UInt8] = []
        for place in 0..<Int(sections.program.byte(at: start + 5)) {
            bytes.append(sections.program.byte(at: start + 16 + place))
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Checks a state record, and that no state shares a byte with another or with an input.
    func validateState(_ index: Int) throws(ProgramError) {
        let (table, offset) = (sections.program, stateOffset(index))
        func require(_ isKept: Bool, _ rule: StateRule, _ value: Int64) throws(ProgramError) {
            if !isKept { throw .stateInvalid(index: index, rule, value: value) }
        }
        let tensorIndex = table.word(at: offset)
        try require(tensorIndex < UInt32(tensorCount), .tensorExists, Int64(tensorIndex))
        let tensor = stateTensor(index)
        try require(tensor.place == .arena, .tensorInArena, Int64(tensor.place.rawValue))
        let nameSize = Int(table.byte(at: offset + 5))
        try require(nameSize <= ProgramFormat.nameSizeBytes, .nameInRange, Int64(nameSize))
        let kind = table.byte(at: offset + 4)
        try require(kind <= 1, .initialKnown, Int64(kind))
        if kind == 1 {
            let block = Block(reading: table, at: offset + 8)
            let end = Int64(block.offset) + Int64(block.sizeBytes)
            try require(block.sizeBytes == tensor.sizeBytes, .initialSize, Int64(block.sizeBytes))
            try require(end <= Int64(sections.constants.count), .initialWithinSection, end)
            try checkReserved(offset + 6..<offset + 7)
        } else {
            try checkReserved(offset + 8..<offset + 16)
        }
        try checkReserved(offset + 7..<offset + 8)
        try checkReserved(offset + 16 + nameSize..<offset + ProgramFormat.stateSizeBytes)
        for other in 0..<index {
            let isApart = tensor.isApart(from: stateTensor(other))
            try require(isApart, .noOverlap, Int64(tensor.offset))
        }
        for port in 0..<inputCount {
            let input = self.tensor(Int(table.word(at: portOffset(port))))
            try require(tensor.isApart(from: input), .noOverlap, Int64(tensor.offset))
        }
    }
}

extension TensorRecord {
    /// Whether two tensors of the arena share no byte.
    func isApart(from other: TensorRecord) -> Bool { end <= other.offset || other.end <= offset }
}
