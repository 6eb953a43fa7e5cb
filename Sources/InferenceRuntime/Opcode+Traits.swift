extension Opcode {
    /// Whether the operator reads two tensors.
    var isBinary: Bool {
        switch self {
        case .add, .multiply, .maximum, .addInt16, .multiplyInt16, .maximumInt16: true
        default: isRarePair
        }
    }

    /// Whether the output may be exactly the memory of an input.
    package var mayRunInPlace: Bool {
        switch self {
        case .lookup, .lookupInt16, .sigmoidInt16, .rescale: true
        case .moveSelected: false
        default: isBinary
        }
    }

    /// The element type of the activations of an operator that computes on one type only.
    var activation: ElementType {
        (Opcode.convolution2DInt16.rawValue..<Opcode.prelu.rawValue).contains(rawValue)
            ? .int16 : .int8
    }
}
