import ModelGraph

extension TFLiteImporter {
    /// RESHAPE, SQUEEZE, EXPAND_DIMS: the output's own shape says it all.
    mutating func importReshape() throws(NodeProblem) {
        try emit(.reshape, [try value(0)], to: try result())
    }

    mutating func importTranspose() throws(NodeProblem) {
        let permutation = try integers(1, "permutation")
        try emit(.transpose(permutation: permutation), [try value(0)], to: try result())
    }

    /// PAD fills with the zero point, PADV2 with a stored value.
    mutating func importPad(hasFill: Bool) throws(NodeProblem) {
        let x = try value(0)
        let y = try result()
        try requireSameQuantization([x], y)
        let counts = try integers(1, "padding")
        let rank = graph[x].shape.count
        guard counts.count == 2 * rank else {
            throw .inconsistent("the padding has \(counts.count) counts for \(rank) dimensions")
        }
        var fill: Int32?
        if hasFill, isFloat {
            let constant = graph[try floatConstant(try operand(2), "padding value")]
            guard constant.constant == [0, 0, 0, 0] else {
                throw NodeProblem(
                    .option,
                    "a padding value other than 0",
                    help: "pad with 0, or fold the padding into the window that follows"
                )
            }
        } else if hasFill {
            let constant = try value(2)
            try requireSameQuantization([constant], y)
            guard let bytes = graph[constant].constant, let stored = bytes.first,
                bytes.count == graph[constant].type.sizeBytes
            else { throw .inconsistent("the padding value is not one constant") }
            fill = LittleEndian.int16s(bytes).first.map { Int32($0) }
            fill = fill ?? Int32(Int8(bitPattern: stored))
        }
        let before = (0..<rank).map { counts[2 * $0] }
        let after = (0..<rank).map { counts[2 * $0 + 1] }
        try emit(.pad(before: before, after: after, fill: fill), [x], to: y)
    }

    // MARK: Joining

    mutating func importConcatenation() throws(NodeProblem) {
        let options = try options(10)
        guard try options.activation(1) == .none else {
            throw NodeProblem(
                .option,
                "a fused activation on concatenation",
                help: "put the activation into a separate operator"
            )
        }
        var inputs: [TensorID] = []
        for number in current.inputs.indices { inputs.append(try value(number)) }
        let y = try result()
        try requireSameQuantization(inputs, y)
        let axis = try resolve([try options.integer(0)], rank: graph[y].shape.count)[0]
        try emit(.concatenation(axis: axis), inputs, to: y)
    }

    /// PACK: each input gets a dimension of size 1, along which they are joined.
    mutating func importPack() throws(NodeProblem) {
        let y = try result()
        let axis = try resolve([try options(59).integer(1)], rank: graph[y].shape.count)[0]
        var parts: [TensorID] = []
        for number in current.inputs.indices {
            let x = try value(number)
            try requireSameQuantization([x], y)
            var part = graph[x]
            guard axis <= part.shape.count else {
                throw .inconsistent("axis \(axis) of the input \(part.shape)")
            }
            part.shape.insert(1, at: axis)
            part.name += ".packed"
            let id = graph.add(part)
            if part.constant == nil {
                try emit(.reshape, [x], to: id, suffix: ".\(number)")
            }
            parts.append(id)
        }
        try emit(.concatenation(axis: axis), parts, to: y)
    }

    // MARK: Taking apart

    /// UNPACK: one slice an output, which drops the dimension.
    mutating func importUnpack() throws(NodeProblem) {
        let x = try value(0)
        let shape = graph[x].shape
        let axis = try resolve([try options(64).integer(1)], rank: shape.count)[0]
        guard current.outputs.count == shape[axis] else {
            throw .inconsistent("\(current.outputs.count) outputs of \(shape[axis]) elements")
        }
        var sizes = shape
        sizes[axis] = 1
        for number in current.outputs.indices {
            try emitPart(of: x, axis: axis, begin: number, sizes: sizes, number: number)
        }
    }

    /// SPLIT and SPLIT_V: the outputs' own shapes say where the cuts are.
    mutating func importSplit(
        value valueNumber: Int,
        axis axisNumber: Int
    ) throws(NodeProblem) {
        let x = try value(valueNumber)
        let shape = graph[x].shape
        let axis = try resolve([try integer(axisNumber, "axis")], rank: shape.count)[0]
        var begin = 0
        for number in current.outputs.indices {
            let part = graph[try result(number)].shape
            guard part.count == shape.count, begin + part[axis] <= shape[axis] else {
                throw .inconsistent("the output \(part) is not a part of \(shape)")
            }
            var sizes = shape
            sizes[axis] = part[axis]
            try emitPart(of: x, axis: axis, begin: begin, sizes: sizes, number: number)
            begin += part[axis]
        }
        guard begin == shape[axis] else {
            throw .inconsistent("the outputs take \(begin) of \(shape[axis]) elements")
        }
    }

    private mutating func emitPart(
        of x: TensorID,
        axis: Int,
        begin: Int,
        sizes: [Int],
        number: Int
    ) throws(NodeProblem) {
        var begins = sizes.map { _ in 0 }
        begins[axis] = begin
        try emit(
            .slice(begin: begins, strides: sizes.map { _ in 1 }, sizes: sizes),
            [x],
            to: try result(number),
            suffix: ".\(number)"
        )
    }

    /// SLICE: a size of -1 takes the rest.
    mutating func importSlice() throws(NodeProblem) {
        let x = try value(0)
        let shape = graph[x].shape
        let begin = try integers(1, "list of begins")
        var sizes = try integers(2, "list of sizes")
        guard begin.count == shape.count, sizes.count == shape.count else {
            throw .inconsistent("\(begin.count) begins and \(sizes.count) sizes for \(shape)")
        }
        for dimension in shape.indices where sizes[dimension] == -1 {
            sizes[dimension] = shape[dimension] - begin[dimension]
        }
        let strides = shape.map { _ in 1 }
        try emit(.slice(begin: begin, strides: strides, sizes: sizes), [x], to: try result())
    }

    mutating func importStridedSlice() throws(NodeProblem) {
        let x = try value(0)
        let options = try options(32)
        var slice = StridedSlice(
            begin: try integers(1, "list of begins"),
            end: try integers(2, "list of ends"),
            strides: try integers(3, "list of strides")
        )
        slice.beginMask = try options.integer(0)
        slice.endMask = try options.integer(1)
        slice.ellipsisMask = try options.integer(2)
        slice.newAxisMask = try options.integer(3)
        slice.shrinkMask = try options.integer(4)
        slice.endsAreOffsets = try options.bool(5)
        let resolved = try slice.resolve(over: graph[x].shape)
        try emit(
            .slice(begin: resolved.begin, strides: resolved.strides, sizes: resolved.sizes),
            [x],
            to: try result()
        )
    }
}

/// The operands of STRIDED_SLICE: Python's slicing, one entry a written dimension.
struct StridedSlice {
    var begin: [Int]
    var end: [Int]
    var strides: [Int]
    /// Bit `i`: entry `i` begins at the edge, ends at the edge, stands for all dimensions not
    /// written, is a new dimension of size 1, or takes one element and drops the dimension.
    var beginMask = 0
    var endMask = 0
    var ellipsisMask = 0
    var newAxisMask = 0
    var shrinkMask = 0
    /// Whether `end` counts from `begin`.
    var endsAreOffsets = false

    init(begin: [Int], end: [Int], strides: [Int]) {
        self.begin = begin
        self.end = end
        self.strides = strides
    }

    /// One begin, stride and size for each dimension of `shape`.
    func resolve(
        over shape: [Int]
    ) throws(NodeProblem) -> (begin: [Int], strides: [Int], sizes: [Int]) {
        guard begin.count == end.count, begin.count == strides.count, begin.count <= 32 else {
            throw .inconsistent("begins, ends and strides of different lengths")
        }
        var full = (begin: [Int](), strides: [Int](), sizes: [Int]())
        func takeAll() {
            let dimension = full.sizes.count
            full.begin.append(0)
            full.strides.append(1)
            full.sizes.append(shape[dimension])
        }
        let written = begin.indices.filter { !isSet(newAxisMask, $0) && !isSet(ellipsisMask, $0) }
        guard written.count <= shape.count, ellipsisMask.nonzeroBitCount <= 1 else {
            throw .inconsistent("a slice of more dimensions than \(shape) has")
        }
        let unwritten = shape.count - written.count
        for entry in begin.indices {
            if isSet(ellipsisMask, entry) {
                for _ in 0..<unwritten { takeAll() }
            } else if !isSet(newAxisMask, entry) {
                let part = try range(entry, extent: shape[full.sizes.count])
                full.begin.append(part.begin)
                full.strides.append(strides[entry])
                full.sizes.append(part.size)
            }
        }
        while full.sizes.count < shape.count { takeAll() }
        return full
    }

    private func isSet(_ mask: Int, _ entry: Int) -> Bool { mask >> entry & 1 == 1 }

    /// The first element and the number of elements that entry `entry` takes of `extent`.
    private func range(_ entry: Int, extent: Int) throws(NodeProblem) -> (begin: Int, size: Int) {
        let stride = strides[entry]
        guard stride != 0 else { throw .inconsistent("a stride of 0") }
        let limits = stride > 0 ? 0...extent : -1...(extent - 1)
        func clamp(_ value: Int) -> Int {
            let fromFront = value < 0 ? value + extent : value
            return min(max(fromFront, limits.lowerBound), limits.upperBound)
        }
        let isFromEdge = isSet(beginMask, entry)
        let first =
            isFromEdge ? (stride > 0 ? 0 : extent - 1) : clamp(begin[entry])
        if isSet(shrinkMask, entry) {
            guard (0..<extent).contains(first), stride > 0 else {
                throw .inconsistent("element \(begin[entry]) of \(extent)")
            }
            return (first, 1)
        }
        let last: Int
        if isSet(endMask, entry) {
            last = stride > 0 ? extent : -1
        } else {
            last = clamp(endsAreOffsets ? first + end[entry] : end[entry])
        }
        let distance = stride > 0 ? last - first : first - last
        let step = abs(stride)
        guard distance > 0 else { throw .inconsistent("a slice takes nothing of \(extent)") }
        return (first, (distance + step - 1) / step)
    }
}
