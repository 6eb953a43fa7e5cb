import ModelGraph

// Operators on elements that broadcast against each other from the right.
extension NodeCall {
    func binary(_ kind: BinaryOperator, _ activation: Activation) -> [Float] {
        let (a, b) = (operand(0), operand(1))
        if a.shape == outputShape, b.shape == outputShape {
            return zip(a.values, b.values).map {
                Float(activation.apply(kind.value(Double($0), Double($1))))
            }
        }
        let (left, right) = (expanded(a, to: outputShape), expanded(b, to: outputShape))
        return zip(left, right).map {
            Float(activation.apply(kind.value(Double($0), Double($1))))
        }
    }

    func prelu() -> [Float] {
        let slopes = expanded(operand(1), to: outputShape)
        return zip(x.values, slopes).map { value, slope in
            value >= 0 ? value : Float(Double(value) * Double(slope))
        }
    }

    func select() -> [Float] {
        let condition = expanded(x, to: outputShape)
        let a = expanded(operand(1), to: outputShape)
        let b = expanded(operand(2), to: outputShape)
        return condition.indices.map { condition[$0] != 0 ? a[$0] : b[$0] }
    }

    /// The elements of a tensor repeated to a shape that it broadcasts to.
    func expanded(_ tensor: FloatTensor, to shape: [Int]) -> [Float] {
        guard tensor.shape != shape else { return tensor.values }
        if tensor.values.count == 1 {
            return [Float](repeating: tensor.values[0], count: shape.reduce(1, *))
        }
        let missing = shape.count - tensor.shape.count
        let own = tensor.strides
        let strides = shape.indices.map { axis in
            axis < missing || tensor.shape[axis - missing] == 1 ? 0 : own[axis - missing]
        }
        return StridedRead(shape: shape, strides: strides, start: 0).elements(of: tensor.values)
    }

    func batchMatMul(_ transposesLeft: Bool, _ transposesRight: Bool) -> [Float] {
        let rank = outputShape.count
        let (rows, columns) = (outputShape[rank - 2], outputShape[rank - 1])
        let batch = Array(outputShape.dropLast(2))
        let left = matrices(operand(0), batch, isTransposed: transposesLeft)
        let right = matrices(operand(1), batch, isTransposed: transposesRight)
        let depth = left.count / (batch.reduce(1, *) * rows)
        var result: [Float] = []
        result.reserveCapacity(outputCount)
        for matrix in 0..<batch.reduce(1, *) {
            for row in 0..<rows {
                var sums = [Double](repeating: 0, count: columns)
                for index in 0..<depth {
                    let value = Double(left[(matrix * rows + row) * depth + index])
                    let start = (matrix * depth + index) * columns
                    for column in 0..<columns {
                        sums[column] += value * Double(right[start + column])
                    }
                }
                result += sums.map { Float($0) }
            }
        }
        return result
    }

    /// The matrices of a tensor, one for each of the batch, rows innermost but one.
    private func matrices(_ tensor: FloatTensor, _ batch: [Int], isTransposed: Bool) -> [Float] {
        let rank = tensor.shape.count
        var strides = tensor.strides
        var shape = tensor.shape
        if isTransposed {
            shape.swapAt(rank - 1, rank - 2)
            strides.swapAt(rank - 1, rank - 2)
        }
        let missing = batch.count + 2 - rank
        var read: [Int] = []
        for axis in batch.indices {
            let own = axis - missing
            read.append(own < 0 || shape[own] == 1 ? 0 : strides[own])
        }
        read += strides.suffix(2)
        return StridedRead(shape: batch + shape.suffix(2), strides: read, start: 0)
            .elements(of: tensor.values)
    }
}

/// Elements of an array in the order of a shape, each axis with a step of its own.
struct StridedRead {
    let shape: [Int]
    let strides: [Int]
    let start: Int

    func elements(of values: [Float]) -> [Float] {
        var result: [Float] = []
        result.reserveCapacity(shape.reduce(1, *))
        var index = [Int](repeating: 0, count: shape.count)
        let inner = shape.last ?? 1
        let step = strides.last ?? 0
        var offset = start
        while true {
            for place in 0..<inner { result.append(values[offset + place * step]) }
            var axis = shape.count - 2
            while axis >= 0 {
                index[axis] += 1
                offset += strides[axis]
                if index[axis] < shape[axis] { break }
                offset -= strides[axis] * shape[axis]
                index[axis] = 0
                axis -= 1
            }
            if axis < 0 { return result }
        }
    }
}
