import ModelGraph

/// How one dimension of a Resize maps output places to input coordinates.
private struct ResizeAxis {
    let axis: Int
    let input: Int
    let output: Int
    /// Output extent by input extent, as the model states it.
    let scale: Double
    /// `coordinate_transformation_mode`.
    let mode: String

    /// The input coordinate of an output place (operator definition of Resize).
    func coordinate(_ place: Int) -> Double {
        let x = Double(place)
        switch mode {
        case "align_corners":
            // The definition's resized length is a fraction where the scale makes it one.
            let length = Double(input) * scale
            return abs(length - 1) < 1e-9 ? 0 : x * Double(input - 1) / (length - 1)
        case "asymmetric": return x / scale
        case "pytorch_half_pixel": return output == 1 ? 0 : (x + 0.5) / scale - 0.5
        case "half_pixel_symmetric":
            let adjustment = Double(output) / (Double(input) * scale)
            let centre = Double(input) / 2
            return centre * (1 - adjustment) + (x + 0.5) / scale - 0.5
        default: return (x + 0.5) / scale - 0.5
        }
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
        return min(max(Int(rounded), 0), input - 1)
    }

    /// The row of the interpolation matrix for an output place.
    func weights(_ place: Int) -> [Float] {
        var row = [Float](repeating: 0, count: input)
        let x = min(max(coordinate(place), 0), Double(input - 1))
        let low = Int(x.rounded(.down))
        let high = min(low + 1, input - 1)
        row[low] += Float(1 - (x - Double(low)))
        row[high] += Float(x - Double(low))
        return row
    }

    /// The row of the cubic interpolation matrix for an output place (Keys; `a` is his parameter).
    ///
    /// Places outside count as the edge, or not at all when `excludesOutside`.
    func cubicWeights(_ place: Int, a: Double, excludesOutside: Bool) -> [Float] {
        let x = coordinate(place)
        let low = Int(x.rounded(.down))
        var row = [Double](repeating: 0, count: input)
        for tap in low - 1...low + 2 {
            let d = abs(x - Double(tap))
            let weight =
                d <= 1
                ? ((a + 2) * d - (a + 3)) * d * d + 1
                : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
            if excludesOutside && !(0..<input).contains(tap) { continue }
            row[min(max(tap, 0), input - 1)] += d < 2 ? weight : 0
        }
        let sum = excludesOutside ? row.reduce(0, +) : 1
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

extension ONNXImporter {
    mutating func importUpsample() throws(NodeProblem) {
        let x = try tensor(0)
        let scales = opset < 9 ? try floats("scales") : try constant(1, "scales")?.floats
        guard let scales else { throw .inconsistent("its scales are absent") }
        let axes = try resizeAxes(of: graph[x].shape, scales, nil, mode: "asymmetric")
        let kind = try string("mode", default: "nearest")
        try resize(x, axes, kind: kind == "bilinear" ? "linear" : kind, rounding: "floor")
    }

    mutating func importResize() throws(NodeProblem) {
        let x = try tensor(0)
        let kind = try string("mode", default: "nearest")
        let isOld = opset < 11
        let scales = try constant(isOld ? 1 : 2, "scales")?.floats
        let sizes = isOld ? nil : try integers(3, "sizes")
        let mode = try string(
            "coordinate_transformation_mode",
            default: isOld ? "asymmetric" : "half_pixel"
        )
        let excludes = try int("exclude_outside", default: 0) == 1
        guard mode != "tf_crop_and_resize", try int("antialias", default: 0) == 0,
            !excludes || kind == "cubic",
            try string("keep_aspect_ratio_policy", default: "stretch") == "stretch"
        else {
            throw NodeProblem(
                .option,
                "cropping, antialiasing, exclude_outside or a kept aspect ratio",
                help: "resize without them"
            )
        }
        let axes = try resizeAxes(of: graph[x].shape, scales, sizes, mode: mode)
        let rounding = try string(
            "nearest_mode",
            default: isOld ? "floor" : "round_prefer_floor"
        )
        try resize(x, axes, kind: kind, rounding: rounding)
    }

    /// The dimensions that are resized.
    private func resizeAxes(
        of shape: [Int],
        _ scales: [Float]?,
        _ sizes: [Int]?,
        mode: String
    ) throws(NodeProblem) -> [ResizeAxis] {
        var places = Array(shape.indices)
        if let stated = try ints("axes") {
            places = []
            for value in stated { places.append(try axis(value, rank: shape.count)) }
        }
        var result: [ResizeAxis] = []
        for (entry, place) in places.enumerated() {
            let scale: Double
            let output: Int
            if let sizes, !sizes.isEmpty {
                guard sizes.count == places.count else { throw .inconsistent("\(sizes)") }
                output = sizes[entry]
                scale = Double(output) / Double(shape[place])
            } else {
                guard let scales, scales.count == places.count else {
                    throw .inconsistent("its scales do not fit \(shape)")
                }
                scale = Double(scales[entry])
                let extent = (Double(shape[place]) * scale).rounded(.down)
                guard scale > 0, extent >= 1, extent <= Double(GraphLimits.elementCountMax) else {
                    throw .inconsistent("a scale of \(scale)")
                }
                output = Int(extent)
            }
            guard (1...GraphLimits.elementCountMax).contains(output) else {
                throw .inconsistent("an extent of \(output)")
            }
            if output == shape[place] && scale == 1 { continue }
            result.append(
                ResizeAxis(
                    axis: place,
                    input: shape[place],
                    output: output,
                    scale: scale,
                    mode: mode
                )
            )
        }
        return result
    }

    private mutating func resize(
        _ x: TensorID,
        _ axes: [ResizeAxis],
        kind: String,
        rounding: String
    ) throws(NodeProblem) {
        guard ["nearest", "linear", "cubic"].contains(kind) else {
            throw NodeProblem(
                .option,
                "\(kind) interpolation",
                help: "resize with mode='linear', 'nearest' or 'cubic'"
            )
        }
        let isImage = graph[x].shape.count == 4 && axes.allSatisfy { $0.axis >= 2 }
        if isImage, !axes.isEmpty, kind != "cubic",
            let mapping = commonMapping(axes, isLinear: kind == "linear", rounding: rounding)
        {
            let source = try image(x)
            var shape = graph[source].shape
            for axis in axes { shape[axis.axis - 1] = axis.output }
            let operation: Operator =
                kind == "linear" ? .resizeBilinear(mapping) : .resizeNearest(mapping)
            let result = try emit(operation, [source], shape: shape)
            try define(.tensor(try fromImage(result, rank: 4)))
            return
        }
        var result = x
        for axis in axes {
            result =
                kind == "nearest"
                ? try gather(
                    result,
                    places: (0..<axis.output).map { axis.nearest($0, rounding: rounding) },
                    axis: axis.axis
                )
                : try interpolate(result, axis, isCubic: kind == "cubic")
        }
        try define(.tensor(result))
    }

    /// The graph's mapping that gives the same image; `nil` when none does.
    private func commonMapping(
        _ axes: [ResizeAxis],
        isLinear: Bool,
        rounding: String
    ) -> ResizeMapping? {
        let mappings = [
            ResizeMapping(alignCorners: false, halfPixelCenters: false),
            ResizeMapping(alignCorners: false, halfPixelCenters: true),
            ResizeMapping(alignCorners: true, halfPixelCenters: false),
        ]
        return mappings.first { mapping in
            axes.allSatisfy { axis in
                if isLinear { return axis.follows(mapping) }
                return (0..<axis.output).allSatisfy {
                    axis.nearest($0, rounding: rounding)
                        == mapping.nearest($0, input: axis.input, output: axis.output)
                }
            }
        }
    }

    /// The most elements of an interpolation matrix.
    private static let matrixElementCountMax = 1 << 20

    /// Interpolation along one dimension as a product by a constant matrix.
    private mutating func interpolate(
        _ x: TensorID,
        _ axis: ResizeAxis,
        isCubic: Bool
    ) throws(NodeProblem) -> TensorID {
        let (count, overflow) = axis.input.multipliedReportingOverflow(by: axis.output)
        guard !overflow, count <= Self.matrixElementCountMax else {
            throw NodeProblem(
                .option,
                "interpolation of \(axis.input) to \(axis.output) by '\(axis.mode)'",
                help: "resize by a whole factor with half_pixel, asymmetric or align_corners"
            )
        }
        let a = Double(try float("cubic_coeff_a", default: -0.75))
        let excludes = try int("exclude_outside", default: 0) == 1
        let rows = (0..<axis.output).map { place in
            isCubic
                ? axis.cubicWeights(place, a: a, excludesOutside: excludes)
                : axis.weights(place)
        }
        return try multiply(x, axis: axis.axis, by: rows)
    }

    /// Each output place along a dimension as a weighted sum of the input places.
    private mutating func multiply(
        _ x: TensorID,
        axis: Int,
        by rows: [[Float]]
    ) throws(NodeProblem) -> TensorID {
        let rank = graph[x].shape.count
        let permutation = (0..<rank).filter { $0 != axis } + [axis]
        let moved = try transpose(x, permutation)
        let matrix = try add(
            floats: rows.flatMap { $0 },
            shape: [rows.count, graph[x].shape[axis]],
            "matrix"
        )
        let shape = Array(graph[moved].shape.dropLast()) + [rows.count]
        let result = try emit(.fullyConnected(.none), [moved, matrix], shape: shape)
        return try transpose(result, (0..<rank).map { permutation.firstIndex(of: $0) ?? 0 })
    }

    /// A cumulative sum, which is a product by a triangular matrix of ones.
    mutating func importCumulativeSum() throws(NodeProblem) {
        let x = try tensor(0)
        guard let stated = try integers(1, "axis"), stated.count == 1 else {
            throw .inconsistent("its axis is absent")
        }
        let axis = try axis(stated[0], rank: graph[x].shape.count)
        let extent = graph[x].shape[axis]
        guard extent <= 1_024 else {
            throw NodeProblem(
                .option,
                "a cumulative sum over \(extent) elements",
                help: "sum over at most 1024 elements"
            )
        }
        let isReversed = try int("reverse", default: 0) == 1
        let margin = try int("exclusive", default: 0) == 1 ? 1 : 0
        let rows = (0..<extent).map { place in
            (0..<extent).map { source -> Float in
                (isReversed ? source - place : place - source) >= margin ? 1 : 0
            }
        }
        try define(.tensor(try multiply(x, axis: axis, by: rows)))
    }
}

extension ResizeMapping {
    /// The input place that `resizeNearest` takes (fixed-point-spec, section 7).
    fileprivate func nearest(_ place: Int, input: Int, output: Int) -> Int {
        let isAligned = alignCorners && output > 1
        let scale =
            isAligned ? Float(input - 1) / Float(output - 1) : Float(input) / Float(output)
        let position = (Float(place) + (halfPixelCenters ? 0.5 : 0)) * scale
        let index = alignCorners ? position.rounded() : position.rounded(.down)
        return min(max(Int(index), 0), input - 1)
    }
}
