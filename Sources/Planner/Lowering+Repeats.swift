import InferenceRuntime
import ModelGraph

// Copies that read elements more than once, or by an index.
extension Lowering {
    /// Copies that one such operator becomes at most; every one costs a record of 256 bytes.
    private static let copyCountMax = 64

    mutating func lowerBroadcast() throws(PlanFault) {
        let (x, y) = (try input(0), output())
        try requireSameType(x, y)
        try copyBroadcast(x, to: y)
    }

    /// Copies `x` to all of `y`, repeating it along the dimensions that it lacks.
    mutating func copyBroadcast(_ x: Int, to y: Int) throws(PlanFault) {
        let shape = program.values[y].shape
        try copyRepeated(
            x,
            to: y,
            extents: shape,
            source: try broadcastStrides(x, to: shape),
            target: StridedWalk.dense(shape)
        )
    }

    mutating func lowerTile(_ multiples: [Int]) throws(PlanFault) {
        let (x, y) = (try input(0), output())
        let (shape, tiled) = (program.values[x].shape, program.values[y].shape)
        guard multiples.count == shape.count,
            tiled == zip(shape, multiples).map({ $0 * $1 })
        else { throw .shapeMismatch("\(shape) tiled to \(tiled)") }
        try requireSameType(x, y)
        let (dense, target) = (StridedWalk.dense(shape), StridedWalk.dense(tiled))
        // Each dimension becomes two: which tile, and where in it.
        try copyRepeated(
            x,
            to: y,
            extents: shape.indices.flatMap { [multiples[$0], shape[$0]] },
            source: shape.indices.flatMap { [0, dense[$0]] },
            target: shape.indices.flatMap { [target[$0] * shape[$0], target[$0]] }
        )
    }

    /// Strides are in elements; outer dimensions beyond those of a record become more copies.
    private mutating func copyRepeated(
        _ x: Int,
        to y: Int,
        extents: [Int],
        source: [Int],
        target: [Int]
    ) throws(PlanFault) {
        let size = program.values[x].type.sizeBytes
        let kept = extents.indices.filter { extents[$0] > 1 }
        let inner = kept.suffix(ProgramFormat.rankMax)
        var starts = [(source: 0, target: 0)]
        for d in kept.dropLast(ProgramFormat.rankMax) {
            guard starts.count * extents[d] <= Self.copyCountMax else {
                throw .parameterOutOfRange(
                    "the number of copies",
                    value: starts.count * extents[d],
                    limit: Self.copyCountMax
                )
            }
            starts = starts.flatMap { start in
                (0..<extents[d]).map {
                    (start.source + $0 * source[d], start.target + $0 * target[d])
                }
            }
        }
        let walk = StridedWalk(
            extents: inner.map { extents[$0] },
            strides: [inner.map { source[$0] * size }, inner.map { target[$0] * size }]
        )
        for start in starts {
            copy(
                x,
                to: y,
                walk,
                sourceOffset: start.source * size,
                targetOffset: start.target * size
            )
        }
    }

    /// Slices by constant indices are copies, a run of evenly spaced indices being one; many runs
    /// and computed indices take the kernel.
    mutating func lowerGather(_ axis: Int) throws(PlanFault) {
        let (x, indices, y) = (try input(0), try input(1), output())
        let shape = program.values[x].shape
        guard shape.indices.contains(axis) else {
            throw .shapeMismatch("axis \(axis) of a tensor with \(shape.count) dimensions")
        }
        try requireSameType(x, y)
        let size = program.values[x].type.sizeBytes
        let (outer, inner) = (shape[..<axis].reduce(1, *), shape[(axis + 1)...].reduce(1, *))
        if let constant = try constantIndices(indices, extent: shape[axis]) {
            let runs = IndexRun.runs(of: constant)
            if runs.count <= Self.copyCountMax {
                for run in runs {
                    copy(x, to: y, run, (outer, shape[axis], inner), count: constant.count)
                }
                return
            }
        }
        emit(
            .gather,
            [x, indices],
            to: y,
            .gather(
                outer: try word(outer, "the number of slices"),
                extent: try word(shape[axis], "the number of slices"),
                innerBytes: try word(inner * size, "the size of a slice"),
                count: try word(program.values[indices].elementCount, "the number of indices"),
                indexSize: Int32(program.values[indices].type.sizeBytes)
            )
        )
    }

    private mutating func copy(
        _ x: Int,
        to y: Int,
        _ run: IndexRun,
        _ extents: (outer: Int, axis: Int, inner: Int),
        count: Int
    ) {
        let size = program.values[x].type.sizeBytes
        let slice = extents.inner * size
        let walk = StridedWalk(
            extents: [extents.outer, run.count, extents.inner],
            strides: [
                [extents.axis * slice, run.step * slice, size], [count * slice, slice, size],
            ]
        )
        let (source, target) = (run.first * slice, run.place * slice)
        copy(x, to: y, walk, sourceOffset: source, targetOffset: target)
    }

    /// Constant indices from the front; `nil` when they are computed.
    private func constantIndices(_ value: Int, extent: Int) throws(PlanFault) -> [Int]? {
        guard let bytes = program.values[value].constant else { return nil }
        let stored =
            program.values[value].type == .int64
            ? LittleEndian.int64s(bytes).map { Int($0) }
            : LittleEndian.int32s(bytes).map { Int($0) }
        guard stored.allSatisfy({ (-extent..<extent).contains($0) }) else {
            throw .shapeMismatch("an index is outside the \(extent) slices")
        }
        return stored.map { $0 < 0 ? $0 + extent : $0 }
    }
}

/// Evenly spaced indices and their place among all of them.
struct IndexRun: Equatable {
    var first: Int
    var step: Int
    var count: Int
    var place: Int

    /// The indices in their order as the fewest runs that a walk from the front finds.
    static func runs(of indices: [Int]) -> [IndexRun] {
        var runs: [IndexRun] = []
        for (place, index) in indices.enumerated() {
            if var run = runs.last {
                if run.count == 1 { run.step = index - run.first }
                if index == run.first + run.count * run.step {
                    run.count += 1
                    runs[runs.count - 1] = run
                    continue
                }
            }
            runs.append(IndexRun(first: index, step: 0, count: 1, place: place))
        }
        return runs
    }
}
