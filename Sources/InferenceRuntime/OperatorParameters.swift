/// A fixed-point factor as the planner computes it.
package struct ScaleFactor: Sendable, Hashable {
    package var multiplier: Int32
    package var exponent: Int32

    package init(multiplier: Int32, exponent: Int32) {
        self.multiplier = multiplier
        self.exponent = exponent
    }
}

/// The bounds of a stored output.
package struct Clamp: Sendable, Hashable {
    package var low: Int32
    package var high: Int32

    package init(low: Int32 = -128, high: Int32 = 127) {
        self.low = low
        self.high = high
    }
}

/// Zero points of a product's operands and result.
package struct ZeroPoints: Sendable {
    package var input: Int32
    package var weight: Int32
    package var output: Int32

    package init(input: Int32 = 0, weight: Int32 = 0, output: Int32 = 0) {
        self.input = input
        self.weight = weight
        self.output = output
    }
}

/// The extents of an image `[batches, height, width, channels]`.
package struct ImageShape: Sendable {
    package var batches: Int32
    package var height: Int32
    package var width: Int32
    package var channels: Int32

    package init(batches: Int32, height: Int32, width: Int32, channels: Int32) {
        self.batches = batches
        self.height = height
        self.width = width
        self.channels = channels
    }
}

/// Window geometry in rows and columns.
package struct WindowGeometry: Sendable {
    package var kernelHeight, kernelWidth: Int32
    package var strideHeight, strideWidth: Int32
    package var dilationHeight, dilationWidth: Int32
    package var top, left, bottom, right: Int32

    package init(
        kernel: (height: Int32, width: Int32),
        stride: (height: Int32, width: Int32),
        dilation: (height: Int32, width: Int32),
        padding: (top: Int32, left: Int32, bottom: Int32, right: Int32)
    ) {
        (kernelHeight, kernelWidth) = kernel
        (strideHeight, strideWidth) = stride
        (dilationHeight, dilationWidth) = dilation
        (top, left, bottom, right) = padding
    }
}

/// The parameter block of an operator record, in the order of the structures of `CKernels`.
package enum OperatorParameters: Sendable {
    case window(
        input: ImageShape,
        output: ImageShape,
        WindowGeometry,
        groups: Int32,
        depthMultiplier: Int32,
        ZeroPoints,
        Clamp,
        Rounding
    )
    case dense(rows: Int32, inputs: Int32, outputs: Int32, ZeroPoints, Clamp, Rounding)
    /// Extents and strides have six elements each, padded in front with 1 and 0.
    case binary(
        extents: [Int32],
        aStrides: [Int32],
        bStrides: [Int32],
        aZero: Int32,
        bZero: Int32,
        outputZero: Int32,
        a: ScaleFactor,
        b: ScaleFactor,
        output: ScaleFactor,
        Clamp,
        kind: Int32,
        Rounding
    )
    case mean(
        outer: Int32,
        reduced: Int32,
        inner: Int32,
        inputZero: Int32,
        outputZero: Int32,
        ScaleFactor,
        Rounding
    )
    case softmax(rows: Int32, depth: Int32, ScaleFactor, differenceMin: Int32)
    case lookup(count: Int32)
    /// Extents and strides have six elements each, padded in front with 1 and 0.
    case copy(
        extents: [Int32],
        sourceStrides: [Int32],
        targetStrides: [Int32],
        sourceOffset: Int32,
        targetOffset: Int32,
        elementSize: Int32
    )
    case fill(count: Int32, value: Int32)
    case resize(input: ImageShape, outputHeight: Int32, outputWidth: Int32)
    case argMax(outer: Int32, extent: Int32, inner: Int32, elementSize: Int32)
    case rescale(
        count: Int32,
        inputSize: Int32,
        outputSize: Int32,
        inputZero: Int32,
        outputZero: Int32,
        ScaleFactor,
        negative: ScaleFactor,
        Clamp
    )
    case sigmoid(count: Int32, multiplier: Int32, shift: Int32, isTanh: Bool)
    /// A block of `CKernelsRare.h`, made in `OperatorParameters+Rare.swift`.
    case rare([Int32])
    case longShortTermMemory(MemoryParameters)

    /// The block as words.
    package var words: [Int32] {
        switch self {
        case .window(
            let input,
            let output,
            let geometry,
            let groups,
            let multiplier,
            let zeros,
            let clamp,
            let rounding
        ):
            [input.batches, input.height, input.width, input.channels]
                + [output.height, output.width, output.channels] + geometry.words
                + [groups, multiplier] + zeros.words + clamp.words + [rounding.rawValue]
        case .dense(let rows, let inputs, let outputs, let zeros, let clamp, let rounding):
            [rows, inputs, outputs] + zeros.words + clamp.words + [rounding.rawValue]
        case .binary(
            let extents,
            let aStrides,
            let bStrides,
            let aZero,
            let bZero,
            let outputZero,
            let a,
            let b,
            let output,
            let clamp,
            let kind,
            let rounding
        ):
            extents + aStrides + bStrides + [aZero, bZero, outputZero] + a.words + b.words
                + output.words + clamp.words + [kind, rounding.rawValue]
        case .mean(
            let outer,
            let reduced,
            let inner,
            let inputZero,
            let outputZero,
            let scale,
            let rounding
        ):
            [outer, reduced, inner, inputZero, outputZero] + scale.words + [rounding.rawValue]
        case .softmax(let rows, let depth, let scale, let differenceMin):
            [rows, depth] + scale.words + [differenceMin]
        case .lookup(let count): [count]
        case .copy(
            let extents,
            let sourceStrides,
            let targetStrides,
            let sourceOffset,
            let targetOffset,
            let elementSize
        ):
            extents + sourceStrides + targetStrides + [sourceOffset, targetOffset, elementSize]
        case .fill(let count, let value): [count, value]
        case .resize(let input, let outputHeight, let outputWidth):
            [input.batches, input.height, input.width, input.channels, outputHeight, outputWidth]
        case .argMax(let outer, let extent, let inner, let elementSize):
            [outer, extent, inner, elementSize]
        case .rescale(
            let count,
            let inputSize,
            let outputSize,
            let inputZero,
            let outputZero,
            let scale,
            let negative,
            let clamp
        ):
            [count, inputSize, outputSize, inputZero, outputZero] + scale.words + negative.words
                + clamp.words
        case .sigmoid(let count, let multiplier, let shift, let isTanh):
            [count, multiplier, shift, isTanh ? 1 : 0]
        case .rare(let words): words
        case .longShortTermMemory(let memory): memory.words
        }
    }
}

extension ScaleFactor { var words: [Int32] { [multiplier, exponent] } }
extension Clamp { var words: [Int32] { [low, high] } }
extension ZeroPoints { var words: [Int32] { [input, weight, output] } }
extension WindowGeometry {
    var words: [Int32] {
        [kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth]
            + [top, left, bottom, right]
    }
}
