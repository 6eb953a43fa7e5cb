import ModelGraph

extension ONNXImporter {
    /// Operators that move elements; gives whether the node is one.
    mutating func importMovement(_ type: String) throws(NodeProblem) -> Bool {
        switch type {
        case "Reshape", "Flatten", "Squeeze", "Unsqueeze":
            let x = try movable(0)
            try define(.tensor(try reshape(x, try newShape(type, graph[x].shape))))
        case "Transpose":
            let x = try movable(0)
            let reversed = Array(graph[x].shape.indices.reversed())
            try define(.tensor(try transpose(x, try ints("perm") ?? reversed)))
        case "Concat": try importConcat()
        case "Slice": try importSlice()
        case "Split": try importSplit()
        case "Pad": try importPad()
        case "Gather": try importGather()
        case "Expand": try importExpand()
        case "Tile": try importTile()
        case "DepthToSpace", "SpaceToDepth": try importSpaceDepth(type)
        default: return false
        }
        return true
    }

    /// The graph tensor of input `index`, of a type whose elements may be moved.
    mutating func movable(_ index: Int) throws(NodeProblem) -> TensorID {
        guard let id = try anyTensor(index, allowsInfinity: true) else {
            throw .inconsistent("input \(index) is absent")
        }
        return id
    }

    /// The shape that a reshaping node gives.
    mutating func newShape(_ type: String, _ shape: [Int]) throws(NodeProblem) -> [Int] {
        switch type {
        case "Reshape":
            guard let target = try integers(1, "shape") else {
                throw .inconsistent("its shape is absent")
            }
            return try reshaped(shape, target)
        case "Flatten":
            let stated = try int("axis", default: 1)
            let axis = stated < 0 ? stated + shape.count : stated
            guard (0...shape.count).contains(axis) else { throw .inconsistent("axis \(stated)") }
            return [shape[..<axis].reduce(1, *), shape[axis...].reduce(1, *)]
        case "Squeeze":
            guard let stated = try axes(1, attributeBefore: 13) else {
                return shape.filter { $0 != 1 }
            }
            var axes: Set<Int> = []
            for value in stated { axes.insert(try axis(value, rank: shape.count)) }
            guard axes.allSatisfy({ shape[$0] == 1 }) else {
                throw .inconsistent("\(shape) has other extents than 1 at \(stated)")
            }
            return shape.indices.filter { !axes.contains($0) }.map { shape[$0] }
        default:
            guard let stated = try axes(1, attributeBefore: 13),
                stated.count + shape.count <= ONNXTensor.rankMax
            else { throw .inconsistent("its axes are absent or too many") }
            let rank = stated.count + shape.count
            var places: Set<Int> = []
            for value in stated { places.insert(try axis(value, rank: rank)) }
            guard places.count == stated.count else { throw .inconsistent("axes \(stated)") }
            var rest = shape[...]
            return (0..<rank).map { places.contains($0) ? 1 : rest.popFirst() ?? 1 }
        }
    }

    /// The axes of the current node: an attribute, since `opset` an input.
    mutating func axes(
        _ index: Int,
        attributeBefore limit: Int
    ) throws(NodeProblem) -> [Int]? {
        if opset < limit { return try ints("axes") }
        if let axes = try integers(index, "axes") { return axes }
        return try ints("axes")
    }

    private func reshaped(_ shape: [Int], _ target: [Int]) throws(NodeProblem) -> [Int] {
        let allowsZero = try int("allowzero", default: 0) == 1
        guard target.count <= ONNXTensor.rankMax else { throw .inconsistent("\(target)") }
        var result: [Int] = []
        for (place, extent) in target.enumerated() {
            if extent == 0 && !allowsZero {
                guard shape.indices.contains(place) else {
                    throw .inconsistent("\(target) keeps dimension \(place) of \(shape)")
                }
                result.append(shape[place])
            } else {
                result.append(extent)
            }
        }
        let count = shape.reduce(1, *)
        var known = 1
        for extent in result where extent != -1 {
            let (product, overflow) = known.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow else { throw .inconsistent("the shape \(target)") }
            known = product
        }
        let open = result.indices.filter { result[$0] == -1 }
        if let place = open.first {
            guard open.count == 1, known > 0, count % known == 0 else {
                throw .inconsistent("\(shape) does not reshape to \(target)")
            }
            result[place] = count / known
            known = count
        }
        guard known == count else { throw .inconsistent("\(shape) does not reshape to \(target)") }
        return result
    }

    private mutating func importConcat() throws(NodeProblem) {
        var inputs: [TensorID] = []
        for index in (current?.inputs ?? []).indices { inputs.append(try movable(index)) }
        guard let first = inputs.first, let stated = try int("axis") else {
            throw .inconsistent("it has no inputs or no axis")
        }
        var shape = graph[first].shape
        let axis = try axis(stated, rank: shape.count)
        guard inputs.allSatisfy({ graph[$0].shape.count == shape.count }) else {
            throw .inconsistent("the inputs have different ranks")
        }
        shape[axis] = inputs.reduce(0) { $0 + graph[$1].shape[axis] }
        try define(.tensor(try concatenate(inputs, axis: axis, shape: shape)))
    }

    /// Tensors side by side; one alone stays itself.
    mutating func concatenate(
        _ inputs: [TensorID],
        axis: Int,
        shape: [Int]
    ) throws(NodeProblem) -> TensorID {
        if inputs.count == 1 { return try reshape(inputs[0], shape) }
        return try emit(
            .concatenation(axis: axis),
            inputs,
            shape: shape,
            type: graph[inputs[0]].type
        )
    }

    /// A part of a tensor along some dimensions.
    mutating func slice(
        _ x: TensorID,
        begin: [Int],
        strides: [Int]? = nil,
        sizes: [Int]
    ) throws(NodeProblem) -> TensorID {
        let steps = strides ?? begin.map { _ in 1 }
        if sizes == graph[x].shape, steps.allSatisfy({ $0 == 1 }) { return x }
        return try emit(
            .slice(begin: begin, strides: steps, sizes: sizes),
            [x],
            shape: sizes,
            type: graph[x].type
        )
    }

    private mutating func importSlice() throws(NodeProblem) {
        let x = try movable(0)
        let part = try sliceRanges(over: graph[x].shape)
        guard part.sizes.allSatisfy({ $0 > 0 }) else {
            throw .inconsistent("the slice takes nothing of \(graph[x].shape)")
        }
        let result = try slice(x, begin: part.begin, strides: part.strides, sizes: part.sizes)
        try define(.tensor(result))
    }

    /// What the current slice takes of each dimension.
    mutating func sliceRanges(
        over shape: [Int]
    ) throws(NodeProblem) -> (begin: [Int], strides: [Int], sizes: [Int]) {
        let isOld = opset < 10
        let starts = isOld ? try ints("starts") : try integers(1, "starts")
        let ends = isOld ? try ints("ends") : try integers(2, "ends")
        let axes = isOld ? try ints("axes") : try integers(3, "axes")
        let steps = isOld ? nil : try integers(4, "steps")
        guard let starts, let ends, starts.count == ends.count, starts.count <= shape.count,
            axes == nil || axes?.count == starts.count,
            steps == nil || steps?.count == starts.count
        else { throw .inconsistent("starts, ends, axes and steps of different lengths") }
        var result = (begin: shape.map { _ in 0 }, strides: shape.map { _ in 1 }, sizes: shape)
        for entry in starts.indices {
            let place = try axis(axes?[entry] ?? entry, rank: shape.count)
            let extent = shape[place]
            let limit = ONNXWindow.extentMax
            let step = min(max(steps?[entry] ?? 1, -limit), limit)
            guard step != 0 else { throw .inconsistent("a step of 0") }
            func clamp(_ value: Int, _ range: ClosedRange<Int>) -> Int {
                let index = value < 0 ? value + extent : value
                return min(max(index, range.lowerBound), range.upperBound)
            }
            let first = clamp(starts[entry], step > 0 ? 0...extent : 0...max(extent - 1, 0))
            let last = clamp(ends[entry], step > 0 ? 0...extent : -1...max(extent - 1, -1))
            let distance = step > 0 ? last - first : first - last
            result.begin[place] = first
            result.strides[place] = step
            result.sizes[place] =
                distance > 0 && extent > 0 ? (distance - 1) / abs(step) + 1 : 0
        }
        return result
    }

    private mutating func importSplit() throws(NodeProblem) {
        let x = try movable(0)
        let shape = graph[x].shape
        let axis = try axis(try int("axis", default: 0), rank: shape.count)
        var begin = shape.map { _ in 0 }
        for (place, size) in try splitSizes(of: shape[axis]).enumerated() {
            var sizes = shape
            sizes[axis] = size
            if inputIsRead(place) {
                try define(.tensor(try slice(x, begin: begin, sizes: sizes)), output: place)
            }
            begin[axis] += size
        }
    }

    private func inputIsRead(_ output: Int) -> Bool {
        guard let outputs = current?.outputs else { return false }
        return outputs.indices.contains(output) && !outputs[output].isEmpty
    }

    /// The extents of the parts of a split.
    mutating func splitSizes(of extent: Int) throws(NodeProblem) -> [Int] {
        let stated = opset < 13 ? try ints("split") : try integers(1, "split")
        let count = current?.outputs.count ?? 1
        if let stated {
            guard stated.count == count, stated.allSatisfy({ (0...extent).contains($0) }),
                stated.reduce(0, +) == extent
            else { throw .inconsistent("\(extent) elements do not split into \(stated)") }
            return stated
        }
        let parts = try int("num_outputs", default: count)
        guard parts == count, parts >= 1, extent >= parts else {
            throw .inconsistent("\(extent) elements do not split into \(parts)")
        }
        // Parts of equal size, the last of them smaller.
        let size = (extent + parts - 1) / parts
        return (0..<parts).map { max(0, min(size, extent - $0 * size)) }
    }

    private mutating func importExpand() throws(NodeProblem) {
        let x = try movable(0)
        guard let target = try integers(1, "shape"),
            target.allSatisfy({ (1...GraphLimits.elementCountMax).contains($0) })
        else { throw .inconsistent("its shape is absent or not positive") }
        let shape = try broadcastShape([graph[x].shape, target])
        guard shape != graph[x].shape else {
            try define(.tensor(x))
            return
        }
        try define(.tensor(try emit(.broadcast, [x], shape: shape, type: graph[x].type)))
    }

    private mutating func importTile() throws(NodeProblem) {
        let x = try movable(0)
        let shape = graph[x].shape
        guard let multiples = try integers(1, "repeats"), multiples.count == shape.count,
            multiples.allSatisfy({ (1...GraphLimits.elementCountMax).contains($0) })
        else { throw .inconsistent("its repeats are absent or not positive") }
        let result = zip(shape, multiples).map { $0.multipliedReportingOverflow(by: $1) }
        guard result.allSatisfy({ !$0.overflow }) else { throw .inconsistent("\(multiples)") }
        let tiled = try emit(
            .tile(multiples: multiples),
            [x],
            shape: result.map(\.partialValue),
            type: graph[x].type
        )
        try define(.tensor(tiled))
    }
}
