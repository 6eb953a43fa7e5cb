import ModelGraph

extension ONNXImporter {
    /// Where the scale of each element lies: one for all, one a channel, or one a block of
    /// `block_size` elements along an axis (operator definition of QuantizeLinear).
    private func scalePlaces(
        of shape: [Int],
        _ scale: ONNXTensor,
        axis: Int
    ) throws(NodeProblem) -> [Int] {
        let block = try int("block_size", default: 0)
        if scale.elementCount == 1 && block == 0 {
            return [Int](repeating: 0, count: shape.reduce(1, *))
        }
        guard shape.indices.contains(axis), block >= 0, block <= ONNXWindow.extentMax else {
            throw .inconsistent("scales along dimension \(axis) of \(shape)")
        }
        let inner = shape[(axis + 1)...].reduce(1, *)
        if block == 0 {
            guard scale.shape == [shape[axis]] else {
                throw .inconsistent("\(scale.shape) scales of \(shape[axis]) channels")
            }
            return (0..<shape.reduce(1, *)).map { $0 / inner % shape[axis] }
        }
        var blocks = shape
        blocks[axis] = (shape[axis] + block - 1) / block
        guard scale.shape == blocks else {
            throw .inconsistent("\(scale.shape) scales where \(blocks) follow from the blocks")
        }
        return (0..<shape.reduce(1, *)).map { index in
            let (outer, place) = (index / inner / shape[axis], index / inner % shape[axis])
            return (outer * blocks[axis] + place / block) * inner + index % inner
        }
    }

    private func checked(_ scale: ONNXTensor?) throws(NodeProblem) -> ONNXTensor {
        guard let scale, scale.elementCount >= 1,
            scale.floats.allSatisfy({ $0.isFinite && $0 > 0 })
        else { throw .inconsistent("a scale is absent, not positive or not finite") }
        return scale
    }

    /// The floats of a constant whose scales or zero points the graph cannot keep: by block, or
    /// channels with zero points; `nil` for every other.
    func realConstant(
        _ tensor: ONNXTensor,
        _ stated: ONNXTensor?,
        _ zeroPoint: ONNXTensor?,
        axis: Int
    ) throws(NodeProblem) -> ONNXTensor? {
        let points = zeroPoint?.integers ?? []
        let resting: Int64 = tensor.type == .uint8 ? 128 : 0
        let isUneven = (stated?.elementCount ?? 1) > 1 && points.contains { $0 != resting }
        let isUnsigned = zeroPoint == nil && tensor.type == .uint8
        let isBlocked = try int("block_size", default: 0) > 0
        let isWide = tensor.type == .int16 || tensor.type == .uint16
        guard
            isUneven || isBlocked || isWide
                || isUnsigned && (stated?.elementCount ?? 1) > 1
        else { return nil }
        let scale = try checked(stated)
        guard points.isEmpty || points.count == scale.elementCount else {
            throw .inconsistent("\(points.count) zero points of \(scale.elementCount) scales")
        }
        let places = try scalePlaces(of: tensor.shape, scale, axis: axis)
        let (values, scales) = (tensor.integers, scale.floats)
        let floats = values.indices.map { index in
            let place = places[index]
            return scales[place] * Float(values[index] - (points.isEmpty ? 0 : points[place]))
        }
        return ONNXTensor(floats: floats, shape: tensor.shape)
    }

    /// `saturate(round(x / scale) + zero point)`, ties to even, of a constant.
    mutating func foldQuantize(_ inputs: [ONNXTensor?]) throws(NodeProblem) -> ONNXTensor? {
        guard let x = inputs[0], x.type.isFloat, inputs.count >= 2 else { return nil }
        let scale = try checked(inputs[1])
        let point = inputs.count > 2 ? inputs[2] : nil
        let stated = ONNXElementType(rawValue: try int("output_dtype", default: 0))
        let type = point?.type ?? stated ?? .uint8
        guard let range = type.integerRange,
            point == nil || point?.elementCount == scale.elementCount
        else { return nil }
        let axis = try quantizationAxis(rank: x.shape.count)
        let places = try scalePlaces(of: x.shape, scale, axis: axis)
        let (values, scales, points) = (x.floats, scale.floats, point?.integers)
        guard values.allSatisfy({ !$0.isNaN }) else { throw .inconsistent("a constant is NaN") }
        let stored = values.indices.map { index -> Int64 in
            let steps = (values[index] / scales[places[index]]).rounded(.toNearestOrEven)
            let shifted = Double(steps) + Double(points?[places[index]] ?? 0)
            return Int64(
                min(max(shifted, Double(range.lowerBound)), Double(range.upperBound))
            )
        }
        return ONNXTensor(integers: stored, shape: x.shape, type: type)
    }

    /// A clamp of a constant; where the bounds cross, the upper decides.
    func foldClip(_ inputs: [ONNXTensor?]) -> ONNXTensor? {
        guard opset >= 11, let x = inputs[0] else { return nil }
        func bound(_ index: Int) -> ONNXTensor? {
            guard index < inputs.count, let bound = inputs[index], bound.elementCount == 1 else {
                return nil
            }
            return bound
        }
        if x.type.isFloat {
            let low = bound(1)?.floats.first ?? -.infinity
            let high = bound(2)?.floats.first ?? .infinity
            return ONNXTensor(floats: x.floats.map { min(max($0, low), high) }, shape: x.shape)
        }
        let low = bound(1)?.integers.first ?? .min
        let high = bound(2)?.integers.first ?? .max
        let values = x.integers.map { min(max($0, low), high) }
        return ONNXTensor(integers: values, shape: x.shape, type: x.type)
    }
}
