/// A tensor as its record describes it.
package struct TensorRecord: Sendable {
    package var type: ElementType
    package var place: TensorPlace
    /// Where it starts in the arena or in the constants section.
    package var offset: UInt32
    package var sizeBytes: UInt32
    package var scaleBits: UInt32
    package var zeroPoint: Int32
    package var shape: TensorShape

    package init(
        type: ElementType,
        place: TensorPlace,
        offset: UInt32,
        sizeBytes: UInt32,
        scaleBits: UInt32,
        zeroPoint: Int32,
        shape: TensorShape
    ) {
        self.type = type
        self.place = place
        self.offset = offset
        self.sizeBytes = sizeBytes
        self.scaleBits = scaleBits
        self.zeroPoint = zeroPoint
        self.shape = shape
    }

    var end: UInt32 { offset + sizeBytes }
    /// The number of elements; validation proves that it divides.
    var elementCount: Int64 { Int64(sizeBytes) / Int64(type.sizeBytes) }
}

/// Up to six extents.
package struct TensorShape: Sendable {
    package let rank: Int
    private let extents: InlineArray<6, UInt32>

    /// The extents must number at most six; those beyond are left out.
    package init(_ values: [UInt32]) {
        var extents = InlineArray<6, UInt32>(repeating: 0)
        rank = min(values.count, ProgramFormat.rankMax)
        for d in 0..<rank { extents[d] = values[d] }
        self.extents = extents
    }

    init(rank: Int, reading table: ByteTable, at offset: Int) {
        self.rank = rank
        extents = InlineArray { d in table.word(at: offset + 4 * d) }
    }

    /// The extent of dimension `d`; 0 beyond the rank.
    package subscript(d: Int) -> UInt32 { extents[d] }

    /// Whether this is the image shape `[a, b, c, d]`.
    func equals(_ a: Int32, _ b: Int32, _ c: Int32, _ d: Int32) -> Bool {
        rank == 4 && Int64(self[0]) == a && Int64(self[1]) == b && Int64(self[2]) == c
            && Int64(self[3]) == d
    }
}

/// A part of a section that an operator uses.
package struct Block: Sendable {
    package var offset: UInt32
    package var sizeBytes: UInt32

    package init(offset: UInt32 = 0, sizeBytes: UInt32 = 0) {
        self.offset = offset
        self.sizeBytes = sizeBytes
    }
}

/// The head of an operator record; the parameter block follows at `parametersOffset`.
package struct OperatorRecord: Sendable {
    package var opcode: UInt16
    package var inputA: UInt32
    package var inputB: UInt32
    package var output: UInt32
    package var weights: Block
    package var scales: Block
    package var constants: Block

    package init(
        opcode: UInt16,
        inputA: UInt32,
        inputB: UInt32 = ProgramFormat.noTensor,
        output: UInt32,
        weights: Block = Block(),
        scales: Block = Block(),
        constants: Block = Block()
    ) {
        self.opcode = opcode
        self.inputA = inputA
        self.inputB = inputB
        self.output = output
        self.weights = weights
        self.scales = scales
        self.constants = constants
    }

    init(reading table: ByteTable, at offset: Int) {
        opcode = table.half(at: offset)
        inputA = table.word(at: offset + 4)
        inputB = table.word(at: offset + 8)
        output = table.word(at: offset + 12)
        weights = Block(reading: table, at: offset + 16)
        scales = Block(reading: table, at: offset + 24)
        constants = Block(reading: table, at: offset + 32)
    }
}

extension Block {
    init(reading table: ByteTable, at offset: Int) {
        self.init(offset: table.word(at: offset), sizeBytes: table.word(at: offset + 4))
    }
}
