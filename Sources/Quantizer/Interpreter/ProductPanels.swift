/// Weights of many dot products in double precision, in panels of eight outputs.
///
///     panel 0                            panel 1
///     [k = 0: outputs 0...7]             [k = 0: outputs 8...15]
///     [k = 1: outputs 0...7]             ...
///     ...  depth lines
///
/// `sums[row][output] = Σ rows[row][k] * weights[output][k]`. A product of two float32 is exact in
/// double precision, and each sum runs in the order of `k`, whatever the number of rows. Lanes
/// beyond the last output are 0. The kernel holds two rows by eight outputs in registers.
struct ProductPanels: Sendable {
    /// Outputs of a panel.
    static let laneCount = 8

    /// The summed dimension.
    let depth: Int
    let outputCount: Int
    private let panels: [SIMD8<Double>]

    /// - Parameters:
    ///   - weights: `[outputs][depth]`.
    ///   - depth: the summed dimension, at least 1.
    init(_ weights: ArraySlice<Float>, depth: Int) {
        self.depth = depth
        let outputCount = weights.count / depth
        let lanes = ProductPanels.laneCount
        let panelCount = (outputCount + lanes - 1) / lanes
        var panels = [SIMD8<Double>](repeating: .zero, count: panelCount * depth)
        weights.withUnsafeBufferPointer { weights in
            for output in 0..<outputCount {
                let (panel, lane) = output.quotientAndRemainder(dividingBy: lanes)
                for k in 0..<depth {
                    panels[panel * depth + k][lane] = Double(weights[output * depth + k])
                }
            }
        }
        self.outputCount = outputCount
        self.panels = panels
    }

    /// Computes the dot products of some rows.
    ///
    /// - Parameters:
    ///   - rows: `[count][depth]`.
    ///   - count: the number of rows.
    ///   - store: takes a row's sums of eight outputs from the second argument on.
    func multiply(
        _ rows: UnsafePointer<Double>,
        count: Int,
        store: (_ row: Int, _ firstOutput: Int, _ sums: SIMD8<Double>) -> Void
    ) {
        panels.withUnsafeBufferPointer { panels in
            guard let first = panels.baseAddress else { return }
            for panel in 0..<panels.count / max(depth, 1) {
                let weights = first + panel * depth
                let output = panel * ProductPanels.laneCount
                for row in stride(from: 0, to: count - 1, by: 2) {
                    let x = rows + row * depth
                    let (sums, next) = ProductPanels.pair(x, x + depth, weights, depth)
                    store(row, output, sums)
                    store(row + 1, output, next)
                }
                if count % 2 == 1 {
                    let x = rows + (count - 1) * depth
                    store(count - 1, output, ProductPanels.pair(x, x, weights, depth).0)
                }
            }
        }
    }

    @inline(__always)
    private static func pair(
        _ x: UnsafePointer<Double>,
        _ y: UnsafePointer<Double>,
        _ weights: UnsafePointer<SIMD8<Double>>,
        _ depth: Int
    ) -> (SIMD8<Double>, SIMD8<Double>) {
        var (first, second) = (SIMD8<Double>.zero, SIMD8<Double>.zero)
        for k in 0..<depth {
            first += weights[k] * x[k]
            second += weights[k] * y[k]
        }
        return (first, second)
    }
}
