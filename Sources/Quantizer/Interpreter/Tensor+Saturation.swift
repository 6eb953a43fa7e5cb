import ModelGraph

extension Tensor {
    /// The real numbers that the tensor's stored integers reach; `nil` when it stores no integers
    /// of one scale.
    ///
    /// From `scale * (lowest - zeroPoint)` to `scale * (highest - zeroPoint)`.
    var representableReals: ClosedRange<Float>? {
        guard let quantization, quantization.isPerTensor else { return nil }
        let stored: (low: Float, high: Float)
        switch type {
        case .int8: stored = (-128, 127)
        case .uint8: stored = (0, 255)
        case .int16: stored = (-32_768, 32_767)
        default: return nil
        }
        return quantization.real(stored.low)...quantization.real(stored.high)
    }

    /// Values as the tensor's integers saturate them, unrounded.
    ///
    /// Exporters leave out a rectifier whose bounds are those of the stored type, so saturation is
    /// part of what a quantized model means.
    func saturated(_ values: [Float]) -> [Float] {
        guard let range = representableReals else { return values }
        return values.map { min(max($0, range.lowerBound), range.upperBound) }
    }
}
