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
        // These read an input again after they wrote, or keep what the output held.
        case .moveSelected, .batchMatMul, .gather: false
        default: isBinary
        }
    }

    /// The element type of the activations of an operator that computes on one type only.
    var activation: ElementType {
        let codes = Opcode.convolution2DInt16.rawValue...Opcode.resizeBilinearInt16.rawValue
        return codes.contains(rawValue) ? .int16 : .int8
    }
}
