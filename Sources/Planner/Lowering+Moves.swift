import InferenceRuntime
import ModelGraph

// Operators that move bytes: views where the bytes already lie right, copies elsewhere.
extension Lowering {
    /// A value that shares the memory of `base`.
    mutating func view(_ base: Int, shape: [Int], offsetBytes: Int = 0) -> Int {
        let value = temporary(".view", shape: shape, like: base)
        makeView(value, of: base, offsetBytes: offsetBytes)
        return value
    }

    /// Gives `value` the memory of `base` instead of its own.
    mutating func makeView(_ value: Int, of base: Int, offsetBytes: Int) {
        let (root, offset) = program.storage(of: base)
        let start = offset + offsetBytes
        if let constant = program.values[root].constant {
            let size = program.values[value].sizeBytes
            program.values[value].constant = Array(constant[start..<start + size])
        } else {
            program.values[value].view = .init(base: root, offsetBytes: start)
        }
    }

    mutating func lowerReshape() throws(PlanFault) {
        let (x, y) = (try input(0), output())
        guard program.values[x].sizeBytes == program.values[y].sizeBytes else {
            throw .shapeMismatch("\(program.values[x].shape) as \(program.values[y].shape)")
        }
        try requireSameType(x, y)
        makeView(y, of: x, offsetBytes: 0)
    }

    mutating func lowerTranspose(_ permutation: [Int]) throws(PlanFault) {
        let (x, y) = (try input(0), output())
        let shape = program.values[x].shape
        guard permutation.sorted() == Array(shape.indices),
            program.values[y].shape == permutation.map({ shape[$0] })
        else { throw .shapeMismatch("permutation \(permutation) of \(shape)") }
        try requireSameType(x, y)
        let moved = permutation.filter { shape[$0] > 1 }
        if moved == moved.sorted() {
            makeView(y, of: x, offsetBytes: 0)
        } else {
            copyTransposed(x, permutation: permutation, to: y)
        }
    }

    mutating func lowerSlice(
        _ begin: [Int],
        _ strides: [Int],
        _ sizes: [Int]
    ) throws(PlanFault) {
        let (x, y) = (try input(0), output())
        let shape = program.values[x].shape
        guard begin.count == shape.count, strides.count == shape.count, sizes.count == shape.count,
            sizes.reduce(1, *) == program.values[y].elementCount,
            shape.indices.allSatisfy({ d in
                let last = begin[d] + (sizes[d] - 1) * strides[d]
                return shape.indices.contains(d) && (0..<shape[d]).contains(begin[d])
                    && (0..<shape[d]).contains(last) && sizes[d] >= 1
            })
        else { throw .shapeMismatch("a slice of \(shape) that leaves it") }
        try requireSameType(x, y)
        let size = program.values[x].type.sizeBytes
        let dense = StridedWalk.dense(shape)
        let offset = zip(begin, dense).reduce(0) { $0 + $1.0 * $1.1 } * size
        let source = zip(strides, dense).map { $0 * $1 * size }
        let target = StridedWalk.dense(sizes).map { $0 * size }
        let walk = StridedWalk(extents: sizes, strides: [source, target])
        let isContiguous = walk.strides[0] == walk.strides[1]
        if isContiguous, offset % ProgramFormat.alignmentBytes == 0 {
            makeView(y, of: x, offsetBytes: offset)
        } else {
            copy(x, to: y, walk, sourceOffset: offset)
        }
    }

    mutating func lowerPad(
        _ before: [Int],
        _ after: [Int],
        _ fill: Int32?
    ) throws(PlanFault) {
        let (x, y) = (try input(0), output())
        let (shape, padded) = (program.values[x].shape, program.values[y].shape)
        guard before.count == shape.count, after.count == shape.count,
            shape.indices.allSatisfy({ d in
                before[d] >= 0 && after[d] >= 0 && padded[d] == before[d] + shape[d] + after[d]
            })
        else { throw .shapeMismatch("\(shape) padded to \(padded)") }
        try requireSameType(x, y)
        if shape == padded { return makeView(y, of: x, offsetBytes: 0) }
        let value = fill ?? program.values[y].zeroPoint
        let size = program.values[y].type.sizeBytes
        if size == 2 && value != 0 {
            try fillInt16(y, with: value)
        } else {
            try fillBytes(y, with: value)
        }
        let target = StridedWalk.dense(padded).map { $0 * size }
        let offset = zip(before, target).reduce(0) { $0 + $1.0 * $1.1 }
        let source = StridedWalk.dense(shape).map { $0 * size }
        let walk = StridedWalk(extents: shape, strides: [source, target])
        copy(x, to: y, walk, targetOffset: offset)
    }

    /// Fills all of `y` with a byte.
    private mutating func fillBytes(_ y: Int, with value: Int32) throws(PlanFault) {
        guard (-128...127).contains(value) else {
            throw .parameterOutOfRange("the fill value", value: Int(value), limit: 127)
        }
        emit(
            .fill,
            [],
            to: y,
            .fill(
                count: try word(program.values[y].sizeBytes, "the number of bytes"),
                value: Int32(UInt8(bitPattern: Int8(value)))
            )
        )
    }

    mutating func lowerConcatenation(_ axis: Int) throws(PlanFault) {
        let y = output()
        let whole = program.values[y].shape
        guard whole.indices.contains(axis) else {
            throw .shapeMismatch("axis \(axis) of a tensor with \(whole.count) dimensions")
        }
        let size = program.values[y].type.sizeBytes
        let target = StridedWalk.dense(whole).map { $0 * size }
        let isOutermost = whole[..<axis].allSatisfy { $0 == 1 }
        var position = 0
        for number in node.inputs.indices {
            let x = try requantized(try input(number), like: y)
            let shape = program.values[x].shape
            guard shape.count == whole.count,
                shape.indices.allSatisfy({ $0 == axis || shape[$0] == whole[$0] }),
                position + shape[axis] <= whole[axis]
            else { throw .shapeMismatch("\(shape) beside others in \(whole)") }
            let source = StridedWalk.dense(shape).map { $0 * size }
            let walk = StridedWalk(extents: shape, strides: [source, target])
            let offset = position * target[axis]
            copy(x, to: y, walk, targetOffset: offset, isWhole: isOutermost)
            position += shape[axis]
        }
        guard position == whole[axis] else {
            throw .shapeMismatch("\(position) of \(whole[axis]) along axis \(axis)")
        }
    }

    /// The reference moves stored integers whatever their scale.
    func requireSameType(_ x: Int, _ y: Int) throws(PlanFault) {
        let (source, target) = (program.values[x], program.values[y])
        guard source.type == target.type else {
            throw .quantizationMismatch(
                "'\(source.name)' is \(source.type.rawValue), "
                    + "'\(target.name)' is \(target.type.rawValue)"
            )
        }
    }

    // MARK: Copies

    /// Copies all of `x` to `y` in order.
    mutating func copyWhole(_ x: Int, to y: Int, mayElide: Bool = true) {
        let size = program.values[x].type.sizeBytes
        let strides = [size]
        let extents = [program.values[x].elementCount]
        let walk = StridedWalk(extents: extents, strides: [strides, strides])
        copy(x, to: y, walk, isWhole: mayElide)
    }

    /// Output dimension `i` is input dimension `permutation[i]`.
    mutating func copyTransposed(_ x: Int, permutation: [Int], to y: Int) {
        let size = program.values[x].type.sizeBytes
        let shape = program.values[x].shape
        let dense = StridedWalk.dense(shape)
        let extents = permutation.map { shape[$0] }
        let source = permutation.map { dense[$0] * size }
        let target = StridedWalk.dense(extents).map { $0 * size }
        copy(x, to: y, StridedWalk(extents: extents, strides: [source, target]))
    }

    mutating func copy(
        _ x: Int,
        to y: Int,
        _ walk: StridedWalk,
        sourceOffset: Int = 0,
        targetOffset: Int = 0,
        isWhole: Bool = false
    ) {
        emit(
            .copy,
            [x],
            to: y,
            .copy(
                extents: walk.extents,
                sourceStrides: walk.strides[0],
                targetStrides: walk.strides[1],
                sourceOffset: Int32(sourceOffset),
                targetOffset: Int32(targetOffset),
                elementSize: Int32(program.values[x].type.sizeBytes)
            ),
            contiguousTarget: isWhole ? targetOffset : nil
        )
    }
}
