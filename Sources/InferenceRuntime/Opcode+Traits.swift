extension Opcode {
    /// Whether the operator reads two tensors.
    var isBinary: Bool {
        switch self {
        case .add, .multiply, .maximum, .addInt16, .multiplyInt16, .maximumInt16: true
        default: false
        }
    }

    /// Whether the output may be exactly the memory of an input.
    package var mayRunInPlace: Bool {
        switch self {
        case .lookup, .lookupInt16, .sigmoidInt16, .rescale: true
        default: isBinary
        }
    }

    /// The element type of the activations of an operator that computes on one type only.
    var activation: ElementType {
        rawValue >= Opcode.convolution2DInt16.rawValue ? .int16 : .int8
    }
}
