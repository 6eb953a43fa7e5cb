/// The element type of a tensor.
public enum DataType: String, Sendable, Hashable, CaseIterable {
    case int8, uint8, int16, int32, int64, float16, float32, bool

    /// The size of one element in bytes.
    public var sizeBytes: Int {
        switch self {
        case .int8, .uint8, .bool: 1
        case .int16, .float16: 2
        case .int32, .float32: 4
        case .int64: 8
        }
    }
}

/// The affine quantization of a tensor: `real = scale * (stored - zeroPoint)`.
///
/// One element means per tensor; more mean per channel along `axis`, and then every zero point
/// is 0 (fixed-point-spec, section 1).
public struct Quantization: Sendable, Hashable {
    /// The scales as the model stores them, float32, positive and finite.
    public var scales: [Float]
    /// The zero points, as many as there are scales, in units of the stored integer.
    public var zeroPoints: [Int32]
    /// The dimension that the elements run along when there is more than one.
    public var axis: Int

    /// Makes a quantization from its parts.
    public init(scales: [Float], zeroPoints: [Int32], axis: Int = 0) {
        self.scales = scales
        self.zeroPoints = zeroPoints
        self.axis = axis
    }

    /// Makes a per-tensor quantization.
    public init(scale: Float, zeroPoint: Int32) {
        self.init(scales: [scale], zeroPoints: [zeroPoint])
    }

    /// The real number of a stored integer of a channel; channel 0 when there is one scale.
    package func real(_ stored: Float, channel: Int = 0) -> Float {
        scales[channel] * (stored - Float(zeroPoints[channel]))
    }

    /// Whether one scale holds for the whole tensor.
    public var isPerTensor: Bool { scales.count == 1 }
}

/// The place of a tensor in its graph.
public struct TensorID: Sendable, Hashable {
    /// The index into `Graph.tensors`.
    public let index: Int

    /// Makes an identifier from an index into `Graph.tensors`.
    public init(_ index: Int) { self.index = index }
}

/// A value that flows through the graph, or a constant of it.
public struct Tensor: Sendable {
    /// The name that the source model gives, for messages.
    public var name: String
    /// The extent of each dimension, row-major; images are `[N, H, W, C]`, scalars `[]`.
    public var shape: [Int]
    /// The element type.
    public var type: DataType
    /// The quantization; `nil` for float, index and shape tensors.
    public var quantization: Quantization?
    /// The stored bytes, little-endian and row-major, of a constant; `nil` for an activation.
    public var constant: [UInt8]?

    /// Makes a tensor from its parts.
    public init(
        name: String,
        shape: [Int],
        type: DataType,
        quantization: Quantization? = nil,
        constant: [UInt8]? = nil
    ) {
        self.name = name
        self.shape = shape
        self.type = type
        self.quantization = quantization
        self.constant = constant
    }

    /// The number of elements.
    ///
    /// Validation proves that the product does not overflow.
    public var elementCount: Int { shape.reduce(1, *) }
    /// The number of bytes of all elements.
    public var sizeBytes: Int { elementCount * type.sizeBytes }
}
