import ModelGraph

extension ONNXImporter {
    func foldConcat(_ inputs: [ONNXTensor]) throws(NodeProblem) -> ONNXTensor {
        guard let first = inputs.first, let stated = try int("axis") else {
            throw .inconsistent("it has no inputs or no axis")
        }
        let axis = try axis(stated, rank: first.shape.count)
        var shape = first.shape
        shape[axis] = 0
        for input in inputs {
            guard input.shape.count == shape.count,
                shape.indices.allSatisfy({ $0 == axis || input.shape[$0] == shape[$0] })
            else { throw .inconsistent("\(input.shape) does not lie beside \(first.shape)") }
            shape[axis] += input.shape[axis]
        }
        try checkFolding(shape)
        let outer = shape[..<axis].reduce(1, *)
        func joined<Element>(_ parts: [[Element]]) -> [Element] {
            let sizes = inputs.map { $0.shape[axis...].reduce(1, *) }
            return (0..<outer).flatMap { row in
                parts.indices.flatMap { parts[$0][row * sizes[$0]..<(row + 1) * sizes[$0]] }
            }
        }
        if first.type.isFloat {
            return ONNXTensor(floats: joined(inputs.map(\.floats)), shape: shape)
        }
        return ONNXTensor(
            integers: joined(inputs.map(\.integers)),
            shape: shape,
            type: first.type
        )
    }

    mutating func foldSlice(_ x: ONNXTensor) throws(NodeProblem) -> ONNXTensor {
        let part = try sliceRanges(over: x.shape)
        let strides = x.shape.rowMajorStrides
        let start =
            part.sizes.contains(0)
            ? 0
            : zip(part.begin, strides).reduce(0) {
                $0 + $1.0 * $1.1
            }
        let indices = walk(
            extents: part.sizes,
            strides: zip(part.strides, strides).map { $0 * $1 },
            start: start
        )
        return x.taking(indices, shape: part.sizes)
    }

    mutating func foldSplit(_ x: ONNXTensor) throws(NodeProblem) {
        let axis = try axis(try int("axis", default: 0), rank: x.shape.count)
        let strides = x.shape.rowMajorStrides
        var start = 0
        for (place, size) in try splitSizes(of: x.shape[axis]).enumerated() {
            var sizes = x.shape
            sizes[axis] = size
            let indices = walk(extents: sizes, strides: strides, start: start)
            try define(.constant(x.taking(indices, shape: sizes)), output: place)
            start += size * strides[axis]
        }
    }

    func foldGather(
        _ x: ONNXTensor,
        _ inputs: [ONNXTensor?]
    ) throws(NodeProblem) -> ONNXTensor? {
        guard inputs.count == 2, let indices = inputs[1] else { return nil }
        let axis = try axis(try int("axis", default: 0), rank: x.shape.count)
        let extent = Int64(x.shape[axis])
        var places: [Int] = []
        for index in indices.integers {
            guard (-extent..<extent).contains(index) else {
                throw .inconsistent("index \(index) of \(extent) elements")
            }
            places.append(Int(index < 0 ? index + extent : index))
        }
        let shape = Array(x.shape[..<axis]) + indices.shape + x.shape[(axis + 1)...]
        try checkFolding(shape)
        let inner = x.shape[(axis + 1)...].reduce(1, *)
        let outer = x.shape[..<axis].reduce(1, *)
        let all = (0..<outer).flatMap { row in
            places.flatMap { place in
                (0..<inner).map { (row * Int(extent) + place) * inner + $0 }
            }
        }
        return x.taking(all, shape: shape)
    }

    mutating func foldExpand(_ x: ONNXTensor) throws(NodeProblem) -> ONNXTensor? {
        guard let target = try integers(1, "shape"), target.count <= ONNXTensor.rankMax else {
            return nil
        }
        let shape = try broadcastShape([x.shape, target])
        try checkFolding(shape)
        return x.broadcast(to: shape)
    }

    mutating func foldTile(_ x: ONNXTensor) throws(NodeProblem) -> ONNXTensor? {
        guard let multiples = try integers(1, "repeats"), multiples.count == x.shape.count,
            multiples.allSatisfy({ (0...ONNXLimits.foldedElementCountMax).contains($0) })
        else { throw .inconsistent("its repeats do not fit \(x.shape)") }
        // Each dimension as two: the repetition, over which the walk stands still, and itself.
        let strides = x.shape.rowMajorStrides
        let shape = zip(x.shape, multiples).map { $0 * $1 }
        try checkFolding(shape)
        let indices = walk(
            extents: zip(multiples, x.shape).flatMap { [$0, $1] },
            strides: strides.flatMap { [0, $0] }
        )
        return x.taking(indices, shape: shape)
    }

    func foldConstantOfShape(_ x: ONNXTensor) throws(NodeProblem) -> ONNXTensor {
        let shape = x.integers.map { Int($0) }
        guard shape.count <= ONNXTensor.rankMax else { throw .inconsistent("\(shape)") }
        try checkFolding(shape)
        let value =
            try tensorAttribute("value") ?? ONNXTensor(floats: [0], shape: [1])
        guard value.elementCount == 1 else { throw .inconsistent("\(value.shape) values") }
        return value.reshaped([]).broadcast(to: shape)
    }

    func foldRange(_ inputs: [ONNXTensor]) throws(NodeProblem) -> ONNXTensor? {
        guard inputs.count == 3, inputs.allSatisfy({ $0.elementCount == 1 }) else { return nil }
        let numbers = inputs.map { Double($0.floats[0]) }
        let integers = inputs.map { $0.integers[0] }
        let isFloat = inputs[0].type.isFloat
        let (start, limit, delta) =
            isFloat
            ? (numbers[0], numbers[1], numbers[2])
            : (Double(integers[0]), Double(integers[1]), Double(integers[2]))
        let count = max(0, ((limit - start) / delta).rounded(.up))
        guard delta != 0, count <= Double(ONNXLimits.foldedElementCountMax) else {
            throw .inconsistent("a range from \(start) to \(limit) in steps of \(delta)")
        }
        if isFloat {
            let floats = (0..<Int(count)).map { Float(start + Double($0) * delta) }
            return ONNXTensor(floats: floats, shape: [floats.count])
        }
        let values = (0..<Int64(count)).map { integers[0] &+ $0 &* integers[2] }
        return ONNXTensor(integers: values, shape: [values.count], type: inputs[0].type)
    }

    func foldWhere(_ inputs: [ONNXTensor]) throws(NodeProblem) -> ONNXTensor? {
        guard inputs.count == 3 else { return nil }
        let shape = try broadcastShape(inputs.map(\.shape))
        try checkFolding(shape)
        let parts = inputs.map { $0.broadcast(to: shape) }
        let chosen = parts[0].integers
        if parts[1].type.isFloat {
            let (a, b) = (parts[1].floats, parts[2].floats)
            let floats = chosen.indices.map { chosen[$0] != 0 ? a[$0] : b[$0] }
            return ONNXTensor(floats: floats, shape: shape)
        }
        let (a, b) = (parts[1].integers, parts[2].integers)
        let values = chosen.indices.map { chosen[$0] != 0 ? a[$0] : b[$0] }
        return ONNXTensor(integers: values, shape: shape, type: parts[1].type)
    }

    /// The places of elements that are not 0, one column a place.
    func foldNonZero(_ x: ONNXTensor) -> ONNXTensor {
        let values = x.floats
        let places = values.indices.filter { values[$0] != 0 }
        let strides = x.shape.rowMajorStrides
        let rows = x.shape.indices.flatMap { dimension in
            places.map { Int64($0 / strides[dimension] % x.shape[dimension]) }
        }
        return ONNXTensor(integers: rows, shape: [x.shape.count, places.count])
    }

    mutating func foldReduction(
        _ type: String,
        _ x: ONNXTensor
    ) throws(NodeProblem) -> ONNXTensor? {
        let rank = x.shape.count
        var reduced: Set<Int> = []
        let stated = try axes(1, attributeBefore: type == "ReduceSum" ? 13 : 18) ?? []
        for value in stated { reduced.insert(try axis(value, rank: rank)) }
        if reduced.isEmpty {
            guard try int("noop_with_empty_axes", default: 0) == 0 else { return x }
            reduced = Set(0..<rank)
        }
        guard x.elementCount > 0 else { return nil }
        let keeps = try int("keepdims", default: 1) == 1
        let strides = x.shape.rowMajorStrides
        let kept = (0..<rank).filter { !reduced.contains($0) }
        let starts = walk(extents: kept.map { x.shape[$0] }, strides: kept.map { strides[$0] })
        let inside = reduced.sorted()
        let steps = walk(extents: inside.map { x.shape[$0] }, strides: inside.map { strides[$0] })
        let shape = (0..<rank).compactMap { index -> Int? in
            reduced.contains(index) ? (keeps ? 1 : nil) : x.shape[index]
        }
        if x.type.isFloat {
            let values = x.floats
            let floats = starts.map { start in
                reduceFloats(type, steps.map { Double(values[start + $0]) })
            }
            return ONNXTensor(floats: floats.map { Float($0) }, shape: shape)
        }
        let values = x.integers
        let integers = starts.map { start in
            reduceIntegers(type, steps.map { values[start + $0] })
        }
        return ONNXTensor(integers: integers, shape: shape, type: x.type)
    }

    private func reduceFloats(_ type: String, _ values: [Double]) -> Double {
        switch type {
        case "ReduceProd": values.reduce(1, *)
        case "ReduceMax": values.max() ?? 0
        case "ReduceMin": values.min() ?? 0
        case "ReduceMean": values.reduce(0, +) / Double(max(values.count, 1))
        default: values.reduce(0, +)
        }
    }

    private func reduceIntegers(_ type: String, _ values: [Int64]) -> Int64 {
        switch type {
        case "ReduceProd": values.reduce(1, &*)
        case "ReduceMax": values.max() ?? 0
        case "ReduceMin": values.min() ?? 0
        case "ReduceMean": values.reduce(0, &+) / Int64(max(values.count, 1))
        default: values.reduce(0, &+)
        }
    }
}
