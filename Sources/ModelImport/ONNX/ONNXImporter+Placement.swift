import ModelGraph

extension ONNXImporter {
    // MARK: Gather

    mutating func importGather() throws(NodeProblem) {
        let x = try movable(0)
        let shape = graph[x].shape
        let axis = try axis(try int("axis", default: 0), rank: shape.count)
        if let indices = try constantIfKnown(1) {
            let stated = indices.integers.map { Int($0) }
            let range = -shape[axis]..<shape[axis]
            guard stated.allSatisfy(range.contains) else {
                throw .inconsistent("an index lies outside \(shape[axis]) elements")
            }
            let places = stated.map { $0 < 0 ? $0 + shape[axis] : $0 }
            if let step = evenStep(places) {
                var (begin, strides, sizes) = (shape.map { _ in 0 }, shape.map { _ in 1 }, shape)
                begin[axis] = places[0]
                strides[axis] = step
                sizes[axis] = places.count
                let part = try slice(x, begin: begin, strides: strides, sizes: sizes)
                let result = Array(shape[..<axis]) + indices.shape + shape[(axis + 1)...]
                try define(.tensor(try reshape(part, result)))
                return
            }
            let row = ONNXTensor(
                integers: places.map { Int64($0) },
                shape: indices.shape,
                type: .int32
            )
            let id = try add(row, name: inputName(1) ?? "indices")
            try define(.tensor(try gather(x, id, axis: axis)))
            return
        }
        guard let id = try anyTensor(1), [.int32, .int64].contains(graph[id].type) else {
            throw NodeProblem(.type, "its indices are no integers", help: "use int64 indices")
        }
        try define(.tensor(try gather(x, id, axis: axis)))
    }

    /// The step between indices that form an arithmetic progression.
    private func evenStep(_ places: [Int]) -> Int? {
        guard let first = places.first else { return nil }
        guard places.count > 1 else { return 1 }
        let step = places[1] - first
        guard step != 0 else { return nil }
        return zip(places, places.dropFirst()).allSatisfy { $1 - $0 == step } ? step : nil
    }

    private mutating func gather(
        _ x: TensorID,
        _ indices: TensorID,
        axis: Int
    ) throws(NodeProblem) -> TensorID {
        let shape = graph[x].shape
        return try emit(
            .gather(axis: axis),
            [x, indices],
            shape: Array(shape[..<axis]) + graph[indices].shape + shape[(axis + 1)...],
            type: graph[x].type
        )
    }

    /// The slices of `x` along an axis that the indices name.
    mutating func gather(
        _ x: TensorID,
        places: [Int],
        axis: Int
    ) throws(NodeProblem) -> TensorID {
        let row = ONNXTensor(
            integers: places.map { Int64($0) },
            shape: [places.count],
            type: .int32
        )
        return try gather(x, try add(row, name: "indices"), axis: axis)
    }

    // MARK: Pad

    mutating func importPad() throws(NodeProblem) {
        var x = try movable(0)
        let rank = graph[x].shape.count
        let stated = opset < 11 ? try ints("pads") : try integers(1, "pads")
        var axes = Array(0..<rank)
        if opset >= 18, let given = try integers(3, "axes") {
            axes = []
            for value in given { axes.append(try axis(value, rank: rank)) }
        }
        let limit = -ONNXWindow.extentMax...ONNXWindow.extentMax
        guard let stated, stated.count == 2 * axes.count, Set(axes).count == axes.count,
            stated.allSatisfy(limit.contains)
        else { throw .inconsistent("its pads do not fit \(rank) dimensions") }
        var before = [Int](repeating: 0, count: rank)
        var after = before
        for (place, axis) in axes.enumerated() {
            before[axis] = stated[place]
            after[axis] = stated[axes.count + place]
        }
        x = try cropped(x, &before, &after)
        let mode = try string("mode", default: "constant")
        switch mode {
        case "constant":
            var fill: Float = 0
            if opset < 11 {
                fill = try float("value", default: 0)
            } else if let value = try constant(2, "value") {
                fill = try scalar(value)
            }
            try define(.tensor(try padConstant(x, before, after, fill)))
        case "reflect", "edge", "wrap":
            for axis in 0..<rank where before[axis] > 0 || after[axis] > 0 {
                x = try padCopying(x, axis, before[axis], after[axis], mode)
            }
            try define(.tensor(x))
        default: throw .inconsistent("the mode '\(mode)'")
        }
    }

    /// Takes away what negative pads cut off.
    private mutating func cropped(
        _ x: TensorID,
        _ before: inout [Int],
        _ after: inout [Int]
    ) throws(NodeProblem) -> TensorID {
        let shape = graph[x].shape
        let begin = before.map { max(0, -$0) }
        let sizes = shape.indices.map { shape[$0] - begin[$0] - max(0, -after[$0]) }
        guard sizes.allSatisfy({ $0 >= 1 }) else {
            throw .inconsistent("negative pads leave nothing of \(shape)")
        }
        before = before.map { max(0, $0) }
        after = after.map { max(0, $0) }
        return try slice(x, begin: begin, sizes: sizes)
    }

    private mutating func padConstant(
        _ x: TensorID,
        _ before: [Int],
        _ after: [Int],
        _ fill: Float
    ) throws(NodeProblem) -> TensorID {
        guard (before + after).contains(where: { $0 > 0 }) else { return x }
        let type = graph[x].type
        if fill == 0 {
            let shape = graph[x].shape.enumerated().map { $1 + before[$0] + after[$0] }
            return try emit(
                .pad(before: before, after: after, fill: nil),
                [x],
                shape: shape,
                type: type
            )
        }
        guard type == .float32 else {
            throw NodeProblem(
                .type,
                "padding of \(type.rawValue) with \(fill)",
                help: "pad with 0, or pad before quantizing"
            )
        }
        var result = x
        for axis in before.indices where before[axis] > 0 || after[axis] > 0 {
            var shape = graph[result].shape
            var parts: [TensorID] = [result]
            for (place, count) in [(0, before[axis]), (1, after[axis])] where count > 0 {
                shape[axis] = count
                try checkFolding(shape)
                let floats = [Float](repeating: fill, count: shape.reduce(1, *))
                let part = try add(floats: floats, shape: shape, "fill")
                parts.insert(part, at: place == 0 ? 0 : parts.count)
            }
            shape[axis] = parts.reduce(0) { $0 + graph[$1].shape[axis] }
            result = try concatenate(parts, axis: axis, shape: shape)
        }
        return result
    }

    /// Pads one dimension with elements of the tensor itself.
    private mutating func padCopying(
        _ x: TensorID,
        _ axis: Int,
        _ before: Int,
        _ after: Int,
        _ mode: String
    ) throws(NodeProblem) -> TensorID {
        var shape = graph[x].shape
        let extent = shape[axis]
        let farthest = mode == "reflect" ? extent - 1 : mode == "wrap" ? extent : Int.max
        guard before <= farthest, after <= farthest else {
            throw .inconsistent("\(mode) padding wider than the \(extent) elements")
        }
        shape[axis] = extent + before + after
        try checkShape(shape)
        try checkFolding([shape[axis]])
        let places = (-before..<extent + after).map { place in
            switch mode {
            case "edge": min(max(place, 0), extent - 1)
            case "wrap": (place + extent) % extent
            default: extent - 1 - abs(extent - 1 - abs(place))
            }
        }
        return try gather(x, places: places, axis: axis)
    }

    // MARK: Blocks

    mutating func importSpaceDepth(_ type: String) throws(NodeProblem) {
        let x = try movable(0)
        let shape = graph[x].shape
        let block = try int("blocksize", default: 0)
        guard shape.count == 4, (1...4_096).contains(block) else {
            throw .inconsistent("blocks of \(block) on \(shape)")
        }
        let (n, c, h, w) = (shape[0], shape[1], shape[2], shape[3])
        let parts: [Int]
        let permutation: [Int]
        let result: [Int]
        if type == "SpaceToDepth" {
            guard h % block == 0, w % block == 0 else { throw .inconsistent("\(shape)") }
            parts = [n, c, h / block, block, w / block, block]
            permutation = [0, 3, 5, 1, 2, 4]
            result = [n, c * block * block, h / block, w / block]
        } else {
            guard c % (block * block) == 0 else { throw .inconsistent("\(shape)") }
            let isColumnFirst = try string("mode", default: "DCR") == "CRD"
            let depth = c / (block * block)
            parts =
                isColumnFirst ? [n, depth, block, block, h, w] : [n, block, block, depth, h, w]
            permutation = isColumnFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2]
            result = [n, depth, h * block, w * block]
        }
        let moved = try transpose(try reshape(x, parts), permutation)
        try define(.tensor(try reshape(moved, result)))
    }
}
