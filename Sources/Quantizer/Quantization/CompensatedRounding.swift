/// Rounds the weights of dot products so that the errors of one output cancel on given inputs
/// (Frantar and others 2022, GPTQ, algorithm 1; after Hassibi and Stork 1993).
///
/// With `H = Xᵀ X / R` over `R` rows of inputs, rounding weights one after the other and moving
/// each error onto the weights that are not yet rounded, by the Cholesky factor `U` of `H⁻¹`, keeps
/// `|X w - X q|²` near its minimum:
///
///     q[k] = round(w[k]);  e = (w[k] - q[k]) / U[k][k];  w[j] -= e · U[k][j]  for all j > k
///
/// All sums run in a fixed order in double precision. A hundredth of the mean of the diagonal is
/// added to it, so that `H` has an inverse.
struct CompensatedRounding {
    /// Larger problems cost more time than they gain: the factor takes `depth³` operations.
    static let depthMax = 700
    /// Fewer rows than this for each weight say too little about how inputs go together.
    static let rowsPerWeight = 2
    /// More rows change little.
    static let rowCountMax = 4_096
    private static let damping = 0.01

    private let depth: Int
    /// `U`, row-major, with zeros below the diagonal.
    private let factor: [Double]

    /// Prepares the rounding of weights that meet some inputs; `nil` for problems that are too
    /// large, for too few rows, and without a factor.
    ///
    /// - Parameters:
    ///   - rows: inputs, `[count][depth]`.
    ///   - depth: the weights of one output.
    init?(rows: [Double], depth: Int) {
        let count = depth > 0 ? rows.count / depth : 0
        guard (1...Self.depthMax).contains(depth), count >= Self.rowsPerWeight * depth else {
            return nil
        }
        var squares = SquareMatrix(products: rows, size: depth, scale: 1 / Double(count))
        let mean = squares.diagonalMean
        guard mean > 0, mean.isFinite else { return nil }
        squares.addDiagonal(Self.damping * mean)
        guard let lower = squares.cholesky() else { return nil }
        guard let inverseFactor = lower.lowerInverse().gram().cholesky() else { return nil }
        self.depth = depth
        factor = inverseFactor.transposed.elements
    }

    /// Rounds the weights of one output.
    ///
    /// - Parameters:
    ///   - weights: `depth` real numbers.
    ///   - step: the real number of one step, positive.
    ///   - largest: the largest stored integer; the smallest is its negative.
    /// - Returns: the stored integers.
    func rounded(_ weights: [Double], step: Double, largest: Double) -> [Int8] {
        var rest = weights
        var stored = [Int8](repeating: 0, count: depth)
        rest.withUnsafeMutableBufferPointer { rest in
            factor.withUnsafeBufferPointer { factor in
                for k in 0..<depth {
                    let steps = (rest[k] / step).rounded(.toNearestOrAwayFromZero)
                    let clamped = max(-largest, min(largest, steps))
                    stored[k] = Int8(clamped)
                    let error = (rest[k] - clamped * step) / factor[k * depth + k]
                    for j in k + 1..<max(depth, k + 1) { rest[j] -= error * factor[k * depth + j] }
                }
            }
        }
        return stored
    }
}

/// A square matrix in double precision, row-major.
private struct SquareMatrix {
    let size: Int
    var elements: [Double]

    /// `scale · Xᵀ X` of rows of `size` elements.
    init(products rows: [Double], size: Int, scale: Double) {
        self.size = size
        var sums = [Double](repeating: 0, count: size * size)
        rows.withUnsafeBufferPointer { rows in
            sums.withUnsafeMutableBufferPointer { sums in
                for row in 0..<rows.count / size {
                    let x = rows[row * size..<(row + 1) * size]
                    let start = x.startIndex
                    for i in 0..<size {
                        let value = rows[start + i]
                        guard value != 0 else { continue }
                        for j in 0...i { sums[i * size + j] += value * rows[start + j] }
                    }
                }
            }
        }
        elements = sums.map { $0 * scale }
        mirror()
    }

    private init(size: Int, elements: [Double]) {
        self.size = size
        self.elements = elements
    }

    private mutating func mirror() {
        for i in 0..<size { for j in 0..<i { elements[j * size + i] = elements[i * size + j] } }
    }

    var diagonalMean: Double {
        (0..<size).reduce(0) { $0 + elements[$1 * size + $1] } / Double(size)
    }

    mutating func addDiagonal(_ value: Double) {
        for i in 0..<size { elements[i * size + i] += value }
    }

    /// The lower triangular `L` with `L Lᵀ` equal to the matrix; `nil` when it is not positive.
    func cholesky() -> SquareMatrix? {
        var l = [Double](repeating: 0, count: size * size)
        let isPositive = l.withUnsafeMutableBufferPointer { l in
            for i in 0..<size {
                for j in 0...i {
                    var sum = elements[i * size + j]
                    for k in 0..<j { sum -= l[i * size + k] * l[j * size + k] }
                    if i != j {
                        l[i * size + j] = sum / l[j * size + j]
                        continue
                    }
                    guard sum > 0, sum.isFinite else { return false }
                    l[i * size + i] = sum.squareRoot()
                }
            }
            return true
        }
        return isPositive ? SquareMatrix(size: size, elements: l) : nil
    }

    /// The inverse of a lower triangular matrix, row by row.
    func lowerInverse() -> SquareMatrix {
        var inverse = [Double](repeating: 0, count: size * size)
        inverse.withUnsafeMutableBufferPointer { inverse in
            elements.withUnsafeBufferPointer { l in
                for i in 0..<size {
                    for k in 0..<i {
                        let factor = l[i * size + k]
                        guard factor != 0 else { continue }
                        for j in 0...k { inverse[i * size + j] -= factor * inverse[k * size + j] }
                    }
                    let pivot = 1 / l[i * size + i]
                    for j in 0..<i { inverse[i * size + j] *= pivot }
                    inverse[i * size + i] = pivot
                }
            }
        }
        return SquareMatrix(size: size, elements: inverse)
    }

    /// `Mᵀ M` of a lower triangular matrix.
    func gram() -> SquareMatrix {
        var result = SquareMatrix(products: elements, size: size, scale: 1)
        result.mirror()
        return result
    }

    var transposed: SquareMatrix {
        var result = self
        for i in 0..<size {
            for j in 0..<size { result.elements[j * size + i] = elements[i * size + j] }
        }
        return result
    }
}
