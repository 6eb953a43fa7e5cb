import ModelGraph

/// A constant of an ONNX model, or one that was computed while folding.
///
/// Every floating-point type is float32 here. A quantized constant stands for the floats that
/// DequantizeLinear makes of it, and keeps its integers for the graph.
struct ONNXTensor: Sendable {
    enum Storage: Sendable {
        case float([Float])
        case integer([Int64], ONNXElementType)
        /// One byte an element: int8, uint8 or bool.
        case byte([UInt8], ONNXElementType)
        /// Stored integers, `.int8` or `.int32`, and what they mean.
        case quantized([Int32], DataType, Quantization)
    }

    var shape: [Int]
    var storage: Storage

    init(shape: [Int], storage: Storage) {
        self.shape = shape
        self.storage = storage
    }

    init(floats: [Float], shape: [Int]) {
        self.init(shape: shape, storage: .float(floats))
    }

    init(integers: [Int64], shape: [Int], type: ONNXElementType = .int64) {
        self.init(shape: shape, storage: .integer(integers, type))
    }

    /// The number of elements; constants may have none.
    var elementCount: Int { shape.reduce(1, *) }

    var type: ONNXElementType {
        switch storage {
        case .float, .quantized: .float
        case .integer(_, let type), .byte(_, let type): type
        }
    }

    /// The elements as float32; integers are rounded to the nearest.
    var floats: [Float] {
        switch storage {
        case .float(let values): values
        case .integer(let values, _): values.map { Float($0) }
        case .byte: integers.map { Float($0) }
        case .quantized(let values, _, let quantization):
            dequantized(values, quantization)
        }
    }

    /// The elements as integers; floats are truncated toward zero and saturate.
    var integers: [Int64] {
        switch storage {
        case .float, .quantized:
            floats.map { value in
                if value.isNaN { return 0 }
                return Int64(exactly: value.rounded(.towardZero)) ?? (value < 0 ? .min : .max)
            }
        case .integer(let values, _): values
        case .byte(let values, .int8): values.map { Int64(Int8(bitPattern: $0)) }
        case .byte(let values, _): values.map { Int64($0) }
        }
    }

    private func dequantized(_ values: [Int32], _ quantization: Quantization) -> [Float] {
        if quantization.isPerTensor {
            let (scale, zero) = (quantization.scales[0], quantization.zeroPoints[0])
            return values.map { scale * Float(Int64($0) - Int64(zero)) }
        }
        let inner = shape[(quantization.axis + 1)...].reduce(1, *)
        let channels = quantization.scales.count
        return values.indices.map { index in
            let channel = index / inner % channels
            let zero = quantization.zeroPoints[channel]
            return quantization.scales[channel] * Float(Int64(values[index]) - Int64(zero))
        }
    }

    // MARK: Moving elements

    /// The elements at `indices`, all of which must exist, under another shape.
    func taking(_ indices: [Int], shape: [Int]) -> ONNXTensor {
        switch storage {
        case .float(let values):
            ONNXTensor(shape: shape, storage: .float(indices.map { values[$0] }))
        case .integer(let values, let type):
            ONNXTensor(shape: shape, storage: .integer(indices.map { values[$0] }, type))
        case .byte(let values, let type):
            ONNXTensor(shape: shape, storage: .byte(indices.map { values[$0] }, type))
        case .quantized(let values, let type, let quantization):
            quantization.isPerTensor
                ? ONNXTensor(
                    shape: shape,
                    storage: .quantized(indices.map { values[$0] }, type, quantization)
                )
                : ONNXTensor(floats: floats, shape: self.shape).taking(indices, shape: shape)
        }
    }

    /// The same elements under another shape of as many elements.
    func reshaped(_ shape: [Int]) -> ONNXTensor {
        if case .quantized(_, _, let quantization) = storage, !quantization.isPerTensor {
            // The channels stay what they are while everything before and behind them does.
            let axis = quantization.axis
            let inner = self.shape[(axis + 1)...].reduce(1, *)
            let place = shape.indices.first { index in
                shape[index] == quantization.scales.count
                    && shape[(index + 1)...].reduce(1, *) == inner
            }
            guard let place else { return ONNXTensor(floats: floats, shape: shape) }
            return ONNXTensor(shape: shape, storage: storage.movingChannels(to: place))
        }
        return ONNXTensor(shape: shape, storage: storage)
    }

    /// Dimension `i` of the result is dimension `permutation[i]` of this.
    func transposed(_ permutation: [Int]) -> ONNXTensor {
        let indices = shape.sourceIndices(permutation: permutation)
        let result = permutation.map { shape[$0] }
        if case .quantized(let values, let type, let quantization) = storage,
            !quantization.isPerTensor, let axis = permutation.firstIndex(of: quantization.axis)
        {
            let moved = Storage.quantized(indices.map { values[$0] }, type, quantization)
            return ONNXTensor(shape: result, storage: moved.movingChannels(to: axis))
        }
        return taking(indices, shape: result)
    }

    /// The tensor repeated along dimensions of extent 1 and in front, to a shape to which it
    /// broadcasts.
    func broadcast(to target: [Int]) -> ONNXTensor {
        if shape == target { return self }
        return taking(shape.broadcastIndices(to: target), shape: target)
    }
}

extension ONNXTensor.Storage {
    fileprivate func movingChannels(to axis: Int) -> ONNXTensor.Storage {
        guard case .quantized(let values, let type, var quantization) = self else { return self }
        quantization.axis = axis
        return .quantized(values, type, quantization)
    }
}

extension [Int] {
    /// The distance in elements between neighbours along each dimension of a row-major tensor.
    var rowMajorStrides: [Int] {
        var strides = [Int](repeating: 1, count: count)
        for index in indices.dropLast().reversed() {
            strides[index] = strides[index + 1] * self[index + 1]
        }
        return strides
    }

    /// Where each element of the transposed tensor lies in the tensor of this shape.
    func sourceIndices(permutation: [Int]) -> [Int] {
        let strides = rowMajorStrides
        return walk(
            extents: permutation.map { self[$0] },
            strides: permutation.map { strides[$0] }
        )
    }

    /// Where each element of a tensor of shape `target` lies in this broadcast shape.
    func broadcastIndices(to target: [Int]) -> [Int] {
        let strides = rowMajorStrides
        let lead = target.count - count
        let steps = target.indices.map { index in
            index < lead || self[index - lead] == 1 ? 0 : strides[index - lead]
        }
        return walk(extents: target, strides: steps)
    }
}

/// The offsets that a row-major walk over `extents` visits when each dimension has a stride.
func walk(extents: [Int], strides: [Int], start: Int = 0) -> [Int] {
    guard extents.allSatisfy({ $0 > 0 }) else { return [] }
    var offsets = [start]
    offsets.reserveCapacity(extents.reduce(1, *))
    for (extent, stride) in zip(extents, strides) where extent != 1 {
        offsets = offsets.flatMap { base in (0..<extent).map { base + $0 * stride } }
    }
    return offsets
}
