import InferenceRuntime

/// A walk over extents with several sets of strides, in the fewest loops.
///
/// Dimensions of extent 1 are dropped and neighbours that step evenly in every set are joined;
/// the rest is padded in front to the six dimensions of a record, with extent 1 and stride 0.
struct StridedWalk {
    private(set) var extents: [Int32]
    private(set) var strides: [[Int32]]

    /// Makes a walk of at most six dimensions; every number fits 31 bits, being within a tensor.
    init(extents: [Int], strides: [[Int]]) {
        var joined: [Int] = []
        var steps = strides.map { _ in [Int]() }
        for d in extents.indices where extents[d] > 1 {
            let isEven = strides.indices.allSatisfy { set in
                steps[set].last == strides[set][d] * extents[d]
            }
            if isEven, let last = joined.last {
                joined[joined.count - 1] = last * extents[d]
                for set in strides.indices { steps[set][joined.count - 1] = strides[set][d] }
            } else {
                joined.append(extents[d])
                for set in strides.indices { steps[set].append(strides[set][d]) }
            }
        }
        func padded(_ values: [Int], with filler: Int32) -> [Int32] {
            Array(repeating: filler, count: ProgramFormat.rankMax - values.count)
                + values.map { Int32($0) }
        }
        self.extents = padded(joined, with: 1)
        self.strides = steps.map { padded($0, with: 0) }
    }

    /// The strides of a dense array.
    static func dense(_ shape: [Int]) -> [Int] {
        var strides = Array(repeating: 1, count: shape.count)
        for d in shape.indices.dropLast().reversed() { strides[d] = strides[d + 1] * shape[d + 1] }
        return strides
    }
}
