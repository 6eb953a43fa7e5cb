import ModelGraph

extension Tensor {
    /// The real numbers of a constant: dequantized where it has scales, converted where not.
    ///
    /// - Returns: The values in the constant's order; `nil` when the tensor is no constant or its
    ///   type has no real values.
    package func realValues() -> [Float]? {
        guard let constant else { return nil }
        let stored: [Float]
        switch type {
        case .float32: return LittleEndianReals.float32s(constant)
        case .float16: return LittleEndianReals.float16s(constant)
        case .int8: stored = constant.map { Float(Int8(bitPattern: $0)) }
        case .uint8, .bool: stored = constant.map { Float($0) }
        case .int16: stored = LittleEndianReals.int16s(constant).map { Float($0) }
        case .int32: stored = LittleEndianReals.int32s(constant).map { Float($0) }
        case .int64: stored = LittleEndianReals.int64s(constant).map { Float($0) }
        }
        guard let quantization else { return stored }
        return dequantized(stored, quantization)
    }

    private func dequantized(_ stored: [Float], _ quantization: Quantization) -> [Float] {
        let (scales, zeros) = (quantization.scales, quantization.zeroPoints)
        guard !quantization.isPerTensor else {
            return stored.map { scales[0] * ($0 - Float(zeros[0])) }
        }
        let inner = shape[(quantization.axis + 1)...].reduce(1, *)
        return stored.enumerated().map { index, value in
            let channel = index / inner % scales.count
            return scales[channel] * (value - Float(zeros[channel]))
        }
    }
}

/// Numbers in little-endian bytes, of which there are whole elements.
enum LittleEndianReals {
    static func float32s(_ bytes: [UInt8]) -> [Float] {
        elements(bytes, 4) { Float(bitPattern: UInt32(truncatingIfNeeded: $0)) }
    }

    static func float16s(_ bytes: [UInt8]) -> [Float] {
        elements(bytes, 2) { Float(Float16(bitPattern: UInt16(truncatingIfNeeded: $0))) }
    }

    static func int16s(_ bytes: [UInt8]) -> [Int16] {
        elements(bytes, 2) { Int16(truncatingIfNeeded: $0) }
    }

    static func int32s(_ bytes: [UInt8]) -> [Int32] {
        elements(bytes, 4) { Int32(truncatingIfNeeded: $0) }
    }

    static func int64s(_ bytes: [UInt8]) -> [Int64] {
        elements(bytes, 8) { Int64(truncatingIfNeeded: $0) }
    }

    private static func elements<Element>(
        _ bytes: [UInt8],
        _ size: Int,
        _ make: (UInt64) -> Element
    ) -> [Element] {
        var elements: [Element] = []
        elements.reserveCapacity(bytes.count / size)
        for start in stride(from: 0, through: bytes.count - size, by: size) {
            var word: UInt64 = 0
            for index in (0..<size).reversed() { word = word << 8 | UInt64(bytes[start + index]) }
            elements.append(make(word))
        }
        return elements
    }
}
