import ModelGraph

/// A function that interpolates between elements, by their distance.
enum InterpolationKernel {
    case linear
    /// Keys' cubic; `a` is his parameter.
    case cubic(a: Double)

    /// The distance from which on the function is 0.
    var reach: Double {
        switch self {
        case .linear: 1
        case .cubic: 2
        }
    }

    func value(at distance: Double) -> Double {
        let d = abs(distance)
        guard d < reach else { return 0 }
        switch self {
        case .linear: return 1 - d
        case .cubic(let a):
            return d <= 1
                ? ((a + 2) * d - (a + 3)) * d * d + 1
                : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
        }
    }
}

/// How one dimension of a Resize maps output places to input coordinates.
struct ONNXResizeAxis {
    let axis: Int
    let input: Int
    let output: Int
    /// Output extent by input extent, as the model states it.
    let scale: Double
    /// `coordinate_transformation_mode`.
    let mode: String
    /// The part of the input to which the output corresponds, as shares of its extent; `nil` for
    /// the whole.
    var region: ClosedRange<Double>?

    /// The input coordinate of an output place (operator definition of Resize).
    func coordinate(_ place: Int) -> Double {
        let x = Double(place)
        // The definition's resized length is a fraction where the scale makes it one.
        let length = Double(input) * scale
        let isSingle = abs(length - 1) < 1e-9
        switch mode {
        case "align_corners": return isSingle ? 0 : x * Double(input - 1) / (length - 1)
        case "asymmetric": return x / scale
        case "pytorch_half_pixel": return output == 1 ? 0 : (x + 0.5) / scale - 0.5
        case "half_pixel_symmetric":
            let adjustment = Double(output) / length
            let centre = Double(input) / 2
            return centre * (1 - adjustment) + (x + 0.5) / scale - 0.5
        case "tf_crop_and_resize":
            let (low, high) = (region?.lowerBound ?? 0, region?.upperBound ?? 1)
            let span = (high - low) * Double(input - 1)
            return low * Double(input - 1) + (isSingle ? span / 2 : x * span / (length - 1))
        default: return (x + 0.5) / scale - 0.5
        }
    }

    /// Whether an output place lies outside the input, where a crop takes a constant.
    func isOutside(_ place: Int) -> Bool {
        region != nil && !(0...Double(input - 1)).contains(coordinate(place))
    }

    /// The nearest input place.
    func nearest(_ place: Int, rounding: String) -> Int {
        let x = coordinate(place)
        let rounded: Double =
            switch rounding {
            case "floor": x.rounded(.down)
            case "ceil": x.rounded(.up)
            case "round_prefer_ceil": (x + 0.5).rounded(.down)
            default: (x - 0.5).rounded(.up)
            }
        return Int(min(max(rounded, 0), Double(input - 1)))
    }

    /// The row of the interpolation matrix for an output place inside the input.
    ///
    /// Elements outside the input count as those at its edge, or not at all.
    ///
    /// - Parameters:
    ///   - place: the output place.
    ///   - kernel: the function that interpolates.
    ///   - antialiases: whether the kernel widens where the output is smaller than the input.
    ///   - excludesOutside: whether elements outside count for nothing.
    /// - Returns: the factor of each input place.
    func weights(
        _ place: Int,
        _ kernel: InterpolationKernel,
        antialiases: Bool,
        excludesOutside: Bool
    ) -> [Float] {
        let x = coordinate(place)
        let width = antialiases ? min(scale, 1) : 1
        let reach = kernel.reach / width
        var row = [Double](repeating: 0, count: input)
        for tap in Int((x - reach).rounded(.up))...Int((x + reach).rounded(.down)) {
            if excludesOutside && !(0..<input).contains(tap) { continue }
            row[min(max(tap, 0), input - 1)] += kernel.value(at: (Double(tap) - x) * width)
        }
        let sum = row.reduce(0, +)
        return row.map { Float($0 / sum) }
    }

    /// Whether the graph's resize maps this dimension in the same way.
    func follows(_ mapping: ResizeMapping) -> Bool {
        switch mode {
        case "align_corners": mapping.alignCorners && isExact && output > 1
        case "asymmetric":
            !mapping.alignCorners && !mapping.halfPixelCenters && isExact
        case "half_pixel": mapping.halfPixelCenters && isExact
        case "pytorch_half_pixel": mapping.halfPixelCenters && isExact && output > 1
        default: false
        }
    }

    /// Whether the stated scale is the quotient of the extents, which the graph computes with.
    private var isExact: Bool { abs(Double(input) * scale - Double(output)) < 1e-6 }
}
