extension Tensor {
    /// The real numbers of a constant: dequantized where it has scales, converted where not.
    ///
    /// - Returns: The values in the constant's order; `nil` when the tensor is no constant or its
    ///   type has no real values.
    package func realValues() -> [Float]? {
        guard let constant else { return nil }
        let stored: [Float]
        switch type {
        case .float32: return LittleEndian.float32s(constant)
        case .float16: return LittleEndian.float16s(constant)
        case .int8: stored = constant.map { Float(Int8(bitPattern: $0)) }
        case .uint8, .bool: stored = constant.map { Float($0) }
        case .int16: stored = LittleEndian.int16s(constant).map { Float($0) }
        case .int32: stored = LittleEndian.int32s(constant).map { Float($0) }
        case .int64: stored = LittleEndian.int64s(constant).map { Float($0) }
        }
        guard let quantization else { return stored }
        return dequantized(stored, quantization)
    }

    private func dequantized(_ stored: [Float], _ quantization: Quantization) -> [Float] {
        guard !quantization.isPerTensor else { return stored.map { quantization.real($0) } }
        let inner = shape[(quantization.axis + 1)...].reduce(1, *)
        return stored.enumerated().map { index, value in
            quantization.real(value, channel: index / inner % quantization.scales.count)
        }
    }
}
