import Glibc
import ModelGraph

// Operators that look along axes.
extension NodeCall {
    func reduce(_ kind: Reduction, _ axes: [Int]) -> [Float] {
        let kept = x.shape.indices.filter { !axes.contains($0) }
        let strides = x.strides
        // The reduced axes innermost: each run of elements becomes one.
        let order = kept + axes
        let elements = StridedRead(
            shape: order.map { x.shape[$0] },
            strides: order.map { strides[$0] },
            start: 0
        ).elements(of: x.values)
        let count = axes.map { x.shape[$0] }.reduce(1, *)
        return stride(from: 0, to: elements.count, by: count).map { start in
            let run = elements[start..<start + count]
            switch kind {
            case .sum: return Float(run.reduce(0) { $0 + Double($1) })
            case .mean: return Float(run.reduce(0) { $0 + Double($1) } / Double(count))
            case .maximum: return run.max() ?? 0
            case .minimum: return run.min() ?? 0
            }
        }
    }

    func softmax(_ beta: Float) -> [Float] {
        rows { row in
            let top = row.max() ?? 0
            let powers = row.map { exp(Double(beta) * Double($0 - top)) }
            let sum = powers.reduce(0, +)
            return powers.map { Float($0 / sum) }
        }
    }

    func logSoftmax() -> [Float] {
        rows { row in
            let top = Double(row.max() ?? 0)
            let sum = row.reduce(0) { $0 + exp(Double($1) - top) }
            return row.map { Float(Double($0) - top - log(sum)) }
        }
    }

    func layerNormalization(_ epsilon: Float) -> [Float] {
        let scale = operand(1).values
        let bias = optional(2)?.values
        return rows { row in
            let count = Double(row.count)
            let mean = row.reduce(0) { $0 + Double($1) } / count
            let variance = row.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
            let factor = 1 / (variance + Double(epsilon)).squareRoot()
            return row.enumerated().map { index, value in
                let normal = (Double(value) - mean) * factor * Double(scale[index])
                return Float(normal + Double(bias?[index] ?? 0))
            }
        }
    }

    /// The runs of the last dimension, each replaced.
    private func rows(_ body: (ArraySlice<Float>) -> [Float]) -> [Float] {
        let size = x.shape.last ?? 1
        var result: [Float] = []
        result.reserveCapacity(x.values.count)
        for start in stride(from: 0, to: x.values.count, by: size) {
            result += body(x.values[start..<start + size])
        }
        return result
    }

    func argMax(_ axis: Int) -> [Float] {
        let inner = x.shape[(axis + 1)...].reduce(1, *)
        let extent = x.shape[axis]
        var result: [Float] = []
        result.reserveCapacity(outputCount)
        for outer in 0..<x.values.count / (inner * extent) {
            for place in 0..<inner {
                var best = 0
                let start = outer * extent * inner + place
                for index in 1..<max(extent, 1)
                where x.values[start + index * inner] > x.values[start + best * inner] {
                    best = index
                }
                result.append(Float(best))
            }
        }
        return result
    }
}
