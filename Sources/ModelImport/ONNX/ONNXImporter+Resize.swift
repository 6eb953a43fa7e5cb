import ModelGraph

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
        let isOld = opset < 11
        let mode = try string(
            "coordinate_transformation_mode",
            default: isOld ? "asymmetric" : "half_pixel"
        )
        let axes = try resizeAxes(
            of: graph[x].shape,
            try constant(isOld ? 1 : 2, "scales")?.floats,
            isOld ? nil : try integers(3, "sizes"),
            mode: mode
        )
        let rounding = try string(
            "nearest_mode",
            default: isOld ? "floor" : "round_prefer_floor"
        )
        try resize(x, axes, kind: try string("mode", default: "nearest"), rounding: rounding)
    }

    /// The dimensions that are resized.
    private mutating func resizeAxes(
        of shape: [Int],
        _ scales: [Float]?,
        _ sizes: [Int]?,
        mode: String
    ) throws(NodeProblem) -> [ONNXResizeAxis] {
        var places = Array(shape.indices)
        if let stated = try ints("axes") {
            places = []
            for value in stated { places.append(try axis(value, rank: shape.count)) }
        }
        let regions = try mode == "tf_crop_and_resize" ? resizeRegions(count: places.count) : nil
        let targets = try resizeTargets(places.map { shape[$0] }, scales, sizes)
        var result: [ONNXResizeAxis] = []
        for (entry, place) in places.enumerated() {
            let (output, scale) = targets[entry]
            let isWhole = regions.map { $0[entry] == 0...1 } ?? true
            if output == shape[place] && scale == 1 && isWhole { continue }
            result.append(
                ONNXResizeAxis(
                    axis: place,
                    input: shape[place],
                    output: output,
                    scale: scale,
                    mode: mode,
                    region: regions?[entry]
                )
            )
        }
        return result
    }

    /// The extent of each resized dimension, and by how much that is larger.
    private func resizeTargets(
        _ extents: [Int],
        _ scales: [Float]?,
        _ sizes: [Int]?
    ) throws(NodeProblem) -> [(output: Int, scale: Double)] {
        let limit = 1...GraphLimits.elementCountMax
        var result: [(output: Int, scale: Double)] = []
        if let sizes, !sizes.isEmpty {
            guard sizes.count == extents.count, sizes.allSatisfy(limit.contains) else {
                throw .inconsistent("its sizes are \(sizes)")
            }
            let ratios = zip(sizes, extents).map { Double($0) / Double($1) }
            // One ratio for all dimensions, so that the result is not larger or not smaller.
            let kept: Double? =
                switch try string("keep_aspect_ratio_policy", default: "stretch") {
                case "not_larger": ratios.min()
                case "not_smaller": ratios.max()
                default: nil
                }
            for (entry, ratio) in ratios.enumerated() {
                guard let kept else {
                    result.append((sizes[entry], ratio))
                    continue
                }
                let extent = (kept * Double(extents[entry]) + 0.5).rounded(.down)
                result.append((Int(min(extent, Double(limit.upperBound))), kept))
            }
        } else {
            guard let scales, scales.count == extents.count else {
                throw .inconsistent("its scales do not fit \(extents)")
            }
            for (scale, input) in zip(scales, extents) {
                let extent = (Double(input) * Double(scale)).rounded(.down)
                guard scale > 0, extent >= 1, extent <= Double(limit.upperBound) else {
                    throw .inconsistent("a scale of \(scale)")
                }
                result.append((Int(extent), Double(scale)))
            }
        }
        guard result.allSatisfy({ limit.contains($0.output) }) else {
            throw .inconsistent("a resized extent is out of range")
        }
        for target in result { try checkFolding([target.output]) }
        return result
    }

    /// The parts of the input that a crop takes of each dimension.
    private mutating func resizeRegions(
        count: Int
    ) throws(NodeProblem) -> [ClosedRange<Double>] {
        guard let region = try constant(1, "region")?.floats, region.count == 2 * count,
            region.allSatisfy({ $0.isFinite })
        else { throw .inconsistent("its region of interest does not fit") }
        var result: [ClosedRange<Double>] = []
        for entry in 0..<count {
            let (low, high) = (Double(region[entry]), Double(region[count + entry]))
            guard low <= high else {
                throw NodeProblem(
                    .option,
                    "a region of interest that is mirrored",
                    help: "flip the image with Slice instead"
                )
            }
            result.append(low...high)
        }
        return result
    }

    private mutating func resize(
        _ x: TensorID,
        _ axes: [ONNXResizeAxis],
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
        let isPlain = try int("antialias", default: 0) == 0 || kind == "nearest"
        if isImage, !axes.isEmpty, kind != "cubic", isPlain,
            axes.allSatisfy({ $0.region == nil }),
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
            if kind == "nearest" && axis.region == nil {
                let places = (0..<axis.output).map { axis.nearest($0, rounding: rounding) }
                result = try gather(result, places: places, axis: axis.axis)
            } else {
                result = try interpolate(result, axis, kind: kind, rounding: rounding)
            }
        }
        try define(.tensor(result))
    }

    /// The graph's mapping that gives the same image; `nil` when none does.
    private func commonMapping(
        _ axes: [ONNXResizeAxis],
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
        _ axis: ONNXResizeAxis,
        kind: String,
        rounding: String
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
        let kernel: InterpolationKernel = kind == "cubic" ? .cubic(a: a) : .linear
        let antialiases = try int("antialias", default: 0) == 1
        let excludes = try int("exclude_outside", default: 0) == 1
        let fill = try float("extrapolation_value", default: 0)
        let zeros = [Float](repeating: 0, count: axis.input)
        let rows = (0..<axis.output).map { place in
            if axis.isOutside(place) { return zeros }
            if kind == "nearest" {
                var row = zeros
                row[axis.nearest(place, rounding: rounding)] = 1
                return row
            }
            return axis.weights(
                place,
                kernel,
                antialiases: antialiases,
                excludesOutside: excludes
            )
        }
        guard rows.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
            throw .inconsistent("an interpolation whose weights have no finite sum")
        }
        let fills = (0..<axis.output).map { axis.isOutside($0) ? fill : 0 }
        return try multiply(x, axis: axis.axis, by: rows, adding: fills)
    }

    /// Each output place along a dimension as a weighted sum of the input places.
    private mutating func multiply(
        _ x: TensorID,
        axis: Int,
        by rows: [[Float]],
        adding summands: [Float] = []
    ) throws(NodeProblem) -> TensorID {
        let rank = graph[x].shape.count
        let permutation = (0..<rank).filter { $0 != axis } + [axis]
        let moved = try transpose(x, permutation)
        let matrix = try add(
            floats: rows.flatMap { $0 },
            shape: [rows.count, graph[x].shape[axis]],
            "matrix"
        )
        var inputs: [TensorID?] = [moved, matrix]
        if summands.contains(where: { $0 != 0 }) {
            inputs.append(try add(floats: summands, shape: [rows.count], "extrapolation"))
        }
        let shape = Array(graph[moved].shape.dropLast()) + [rows.count]
        let result = try emit(.fullyConnected(.none), inputs, shape: shape)
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
