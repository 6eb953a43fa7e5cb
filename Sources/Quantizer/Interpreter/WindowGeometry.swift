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

    /// One window for each pixel of the output.
    var windowCount: Int { output[0] * output[1] * output[2] }
    /// The taps of a window, inside the image or not.
    var tapCount: Int { height * width }

    /// Gives for each window, in the order of the output's pixels, the taps inside the image with
    /// the index of the pixel under each.
    func forEachWindow(_ visit: ([(tap: Int, pixel: Int)]) -> Void) {
        var taps: [(tap: Int, pixel: Int)] = []
        for index in 0..<windowCount {
            taps.removeAll(keepingCapacity: true)
            forEachTap(of: index) { taps.append(($0, $1)) }
            visit(taps)
        }
    }

    /// Gives the taps of a window that lie inside the image, with the pixel under each.
    @inline(__always)
    func forEachTap(of index: Int, _ visit: (_ tap: Int, _ pixel: Int) -> Void) {
        let (batch, top, left) = origin(of: index)
        for tapRow in 0..<height {
            let y = top + tapRow * window.dilationHeight
            guard (0..<image[1]).contains(y) else { continue }
            for tapColumn in 0..<width {
                let x = left + tapColumn * window.dilationWidth
                guard (0..<image[2]).contains(x) else { continue }
                visit(tapRow * width + tapColumn, (batch * image[1] + y) * image[2] + x)
            }
        }
    }

    /// Gives the taps of a window that lie in the padding.
    func forEachTapOutside(of index: Int, _ visit: (_ tap: Int) -> Void) {
        let (_, top, left) = origin(of: index)
        for tap in 0..<tapCount {
            let y = top + tap / width * window.dilationHeight
            let x = left + tap % width * window.dilationWidth
            if !(0..<image[1]).contains(y) || !(0..<image[2]).contains(x) { visit(tap) }
        }
    }

    /// The image of a window, and the row and column of its first tap.
    private func origin(of index: Int) -> (batch: Int, top: Int, left: Int) {
        let (line, column) = index.quotientAndRemainder(dividingBy: output[2])
        let (batch, row) = line.quotientAndRemainder(dividingBy: output[1])
        return (
            batch,
            row * window.strideHeight - window.padding.top,
            column * window.strideWidth - window.padding.left
        )
    }
}
