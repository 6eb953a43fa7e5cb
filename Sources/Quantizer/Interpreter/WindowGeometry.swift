import ModelGraph

/// Which pixels of an image lie under the taps of each window.
struct WindowGeometry {
    let image: [Int]
    let output: [Int]
    let window: Window2D
    let height: Int
    let width: Int

    /// The geometry of a window operator.
    ///
    /// - Parameters:
    ///   - image: the shape `[N, H, W, C]` that the taps lie on.
    ///   - output: the shape `[N, H, W, C]` with one element a window.
    ///   - window: strides, dilations and padding.
    ///   - height: the taps of a window along its height.
    ///   - width: the taps of a window along its width.
    init(_ image: [Int], _ output: [Int], _ window: Window2D, _ height: Int, _ width: Int) {
        self.image = image
        self.output = output
        self.window = window
        self.height = height
        self.width = width
    }

    /// Gives for each window, in the order of the output's pixels, the taps inside the image with
    /// the index of the pixel under each.
    func forEachWindow(_ visit: ([(tap: Int, pixel: Int)]) -> Void) {
        var taps: [(tap: Int, pixel: Int)] = []
        for batch in 0..<output[0] {
            for row in 0..<output[1] {
                for column in 0..<output[2] {
                    taps.removeAll(keepingCapacity: true)
                    gather(batch, row, column, into: &taps)
                    visit(taps)
                }
            }
        }
    }

    private func gather(
        _ batch: Int,
        _ row: Int,
        _ column: Int,
        into taps: inout [(tap: Int, pixel: Int)]
    ) {
        let top = row * window.strideHeight - window.padding.top
        let left = column * window.strideWidth - window.padding.left
        for tapRow in 0..<height {
            let y = top + tapRow * window.dilationHeight
            guard (0..<image[1]).contains(y) else { continue }
            for tapColumn in 0..<width {
                let x = left + tapColumn * window.dilationWidth
                guard (0..<image[2]).contains(x) else { continue }
                taps.append((tapRow * width + tapColumn, (batch * image[1] + y) * image[2] + x))
            }
        }
    }
}
