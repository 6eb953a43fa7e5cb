extension Program {
    /// Checks a tensor record; the operators' checks rely on every one of these rules.
    func validateTensor(_ index: Int) throws(ProgramError) {
        let table = sections.program
        let offset = tensorOffset(index)
        func require(_ isKept: Bool, _ rule: TensorRule, _ value: Int64) throws(ProgramError) {
            if !isKept { throw .tensorInvalid(index: index, rule, value: value) }
        }
        let rawType = table.byte(at: offset)
        let type = ElementType(rawValue: rawType) ?? .bool
        try require(type.isStored, .typeKnown, Int64(rawType))
        let rank = Int(table.byte(at: offset + 1))
        try require(rank <= ProgramFormat.rankMax, .rankInRange, Int64(rank))
        let place = table.byte(at: offset + 2)
        try require(TensorPlace(rawValue: place) != nil, .placeKnown, Int64(place))
        try checkReserved(offset + 3..<offset + 4)
        try checkReserved(offset + 44..<offset + ProgramFormat.tensorSizeBytes)

        let tensor = tensor(index)
        try checkShape(of: tensor, require)
        let aligned = tensor.offset % UInt32(ProgramFormat.alignmentBytes) == 0
        try require(aligned, .offsetAligned, Int64(tensor.offset))
        let limit = tensor.place == .arena ? arenaSizeBytes : sections.constants.count
        let end = Int64(tensor.offset) + Int64(tensor.sizeBytes)
        try require(end <= Int64(limit), .withinSection, end)
        let zero = tensor.zeroPoint
        try require(type.zeroPoints.contains(zero), .zeroPointInRange, Int64(zero))
        let scale = Float(bitPattern: tensor.scaleBits)
        try require(scale.isFinite && scale >= 0, .scaleFinite, Int64(tensor.scaleBits))
    }

    private func checkShape(
        of tensor: TensorRecord,
        _ require: (Bool, TensorRule, Int64) throws(ProgramError) -> Void
    ) throws(ProgramError) {
        var size = Int64(tensor.type.sizeBytes)
        for d in 0..<ProgramFormat.rankMax {
            let extent = Int64(tensor.shape[d])
            guard d < tensor.shape.rank else {
                try require(extent == 0, .extentInRange, extent)
                continue
            }
            // Both factors are below 2^32, and the product is checked before the next.
            let isInRange = extent >= 1 && extent <= Int64(ProgramFormat.sizeBytesMax)
            try require(isInRange, .extentInRange, extent)
            size *= extent
            try require(size <= Int64(ProgramFormat.sizeBytesMax), .extentInRange, extent)
        }
        try require(size == Int64(tensor.sizeBytes), .sizeMatchesShape, Int64(tensor.sizeBytes))
    }

    /// Checks a port record; inputs are numbered before outputs.
    func validatePort(_ index: Int) throws(ProgramError) {
        let table = sections.program
        let offset = portOffset(index)
        func require(_ isKept: Bool, _ rule: PortRule, _ value: Int64) throws(ProgramError) {
            if !isKept { throw .portInvalid(index: index, rule, value: value) }
        }
        let tensorIndex = table.word(at: offset)
        try require(tensorIndex < UInt32(tensorCount), .tensorExists, Int64(tensorIndex))
        let place = tensor(Int(tensorIndex)).place
        try require(place == .arena, .tensorInArena, Int64(place.rawValue))
        let external = table.byte(at: offset + 4)
        try require(ElementType(rawValue: external) != nil, .externalTypeKnown, Int64(external))
        let nameSize = Int(table.byte(at: offset + 5))
        try require(nameSize <= ProgramFormat.nameSizeBytes, .nameInRange, Int64(nameSize))
        try checkReserved(offset + 6..<offset + 16)
        try checkReserved(offset + 16 + nameSize..<offset + ProgramFormat.portSizeBytes)
    }

    /// Bytes that version 1 does not use are zero, so that later versions may use them.
    func checkReserved(_ range: Range<Int>) throws(ProgramError) {
        if let offset = sections.program.firstNonZero(in: range) {
            throw .reservedNotZero(offset: offset)
        }
    }
}

extension ElementType {
    /// Whether a tensor of a program may have this type.
    fileprivate var isStored: Bool {
        switch self {
        case .int8, .uint8, .int16, .int32, .int64: true
        case .float32, .float16, .bool: false
        }
    }

    fileprivate var zeroPoints: ClosedRange<Int32> {
        switch self {
        case .int8: -128...127
        case .uint8: 0...255
        default: 0...0
        }
    }
}
