import ModelGraph

// Operators that move elements and change none.
extension NodeCall {
    func transpose(_ permutation: [Int]) -> [Float] {
        let strides = x.strides
        return StridedRead(
            shape: outputShape,
            strides: permutation.map { strides[$0] },
            start: 0
        ).elements(of: x.values)
    }

    func slice(_ begin: [Int], _ steps: [Int], _ sizes: [Int]) -> [Float] {
        let strides = x.strides
        return StridedRead(
            shape: sizes,
            strides: zip(strides, steps).map { $0 * $1 },
            start: zip(begin, strides).reduce(0) { $0 + $1.0 * $1.1 }
        ).elements(of: x.values)
    }

    func pad(_ before: [Int], _ fill: Float) -> [Float] {
        guard let size = x.shape.last else { return x.values }
        var result = [Float](repeating: fill, count: outputCount)
        let strides = FloatTensor.strides(of: outputShape)
        var index = [Int](repeating: 0, count: x.shape.count)
        for start in Swift.stride(from: 0, to: x.values.count, by: size) {
            var target = before[x.shape.count - 1]
            for axis in x.shape.indices.dropLast() {
                target += (before[axis] + index[axis]) * strides[axis]
            }
            result.replaceSubrange(target..<target + size, with: x.values[start..<start + size])
            for axis in x.shape.indices.dropLast().reversed() {
                index[axis] += 1
                if index[axis] < x.shape[axis] { break }
                index[axis] = 0
            }
        }
        return result
    }

    func concatenation(_ axis: Int) -> [Float] {
        let parts = inputs.compactMap { $0 }
        let outer = outputShape[..<axis].reduce(1, *)
        var result: [Float] = []
        result.reserveCapacity(outputCount)
        for index in 0..<outer {
            for part in parts {
                let size = part.values.count / outer
                result += part.values[index * size..<(index + 1) * size]
            }
        }
        return result
    }

    func gather(_ axis: Int) throws(InterpreterError) -> [Float] {
        let indices = operand(1).values
        let extent = x.shape[axis]
        let inner = x.shape[(axis + 1)...].reduce(1, *)
        var result: [Float] = []
        result.reserveCapacity(outputCount)
        for outer in 0..<x.shape[..<axis].reduce(1, *) {
            for index in indices {
                guard let place = Int(exactly: index), (-extent..<extent).contains(place) else {
                    throw .indexOutOfRange(node: node.name, index: index, extent: extent)
                }
                let row = outer * extent + (place < 0 ? place + extent : place)
                result += x.values[row * inner..<(row + 1) * inner]
            }
        }
        return result
    }

    func tile(_ multiples: [Int]) -> [Float] {
        // In front of each dimension one that repeats it without a step.
        StridedRead(
            shape: zip(multiples, x.shape).flatMap { [$0, $1] },
            strides: x.strides.flatMap { [0, $0] },
            start: 0
        ).elements(of: x.values)
    }
}
