import CKernels

// Convolutions, pools and resizes: images against geometry.
extension OperatorCheck {
    func checkConvolution() throws(ProgramError) {
        let p = try checkedWindow()
        try require(p.groups >= 1 && p.depth_multiplier == 1, .parameterInRange, Int64(p.groups))
        let isDivisible =
            p.input_channels % p.groups == 0 && p.output_channels % p.groups == 0
        try require(isDivisible, .shapeMatches, Int64(p.groups))
        let depth = Int64(p.input_channels / p.groups)
        try checkProduct(p, taps: Int64(p.kernel_height) * Int64(p.kernel_width) * depth)
    }

    func checkDepthwise() throws(ProgramError) {
        let p = try checkedWindow()
        try require(p.depth_multiplier >= 1 && p.groups == 1, .parameterInRange, Int64(p.groups))
        let channels = Int64(p.input_channels) * Int64(p.depth_multiplier)
        try require(Int64(p.output_channels) == channels, .shapeMatches, channels)
        try checkProduct(p, taps: Int64(p.kernel_height) * Int64(p.kernel_width))
    }

    func checkPool() throws(ProgramError) {
        let p = try checkedWindow()
        try require(p.groups == 1 && p.depth_multiplier == 1, .parameterInRange, Int64(p.groups))
        try require(p.weight_zero == 0, .parameterInRange, Int64(p.weight_zero))
        try require(p.input_channels == p.output_channels, .shapeMatches, Int64(p.output_channels))
        try require(p.dilation_height == 1 && p.dilation_width == 1, .parameterInRange)
        try require(p.input_zero == p.output_zero, .zeroPointMatches, Int64(p.output_zero))
        let taps = Int64(p.kernel_height) * Int64(p.kernel_width)
        try require(taps <= OperatorLimits.poolTapsMax(activation), .accumulatorFits, taps)
        let lastTop = (p.output_height - 1) * p.stride_height - p.pad_top
        let lastLeft = (p.output_width - 1) * p.stride_width - p.pad_left
        let isFull =
            p.pad_top < p.kernel_height && p.pad_left < p.kernel_width
            && lastTop < p.input_height && lastLeft < p.input_width
        try require(isFull, .windowNotEmpty)
        let isMaximum = opcode == .maxPool2D || opcode == .maxPool2DInt16
        let averages: ClosedRange<Rounding> =
            activation == .int8 ? .halfUp ... .halfAway : .halfAway ... .halfAway
        try requireRounding(p.rounding, isMaximum ? .double ... .double : averages)
        try requireBlocks()
    }

    private func checkProduct(_ p: martlet_window, taps: Int64) throws(ProgramError) {
        try requireChannels(
            p.output_channels,
            taps: taps,
            weightZero: p.weight_zero,
            p.rounding
        )
    }

    /// What all window operators share: limits, shapes and the output's extents.
    private func checkedWindow() throws(ProgramError) -> martlet_window {
        let p = try parameters(as: martlet_window.self)
        try requireActivations()
        let input = a.shape
        try require(
            input.equals(p.batches, p.input_height, p.input_width, p.input_channels),
            .shapeMatches
        )
        try require(
            output.shape.equals(p.batches, p.output_height, p.output_width, p.output_channels),
            .shapeMatches
        )
        try checkExtent(
            (p.input_height, p.output_height, p.kernel_height),
            (p.stride_height, p.dilation_height, p.pad_top, p.pad_bottom)
        )
        try checkExtent(
            (p.input_width, p.output_width, p.kernel_width),
            (p.stride_width, p.dilation_width, p.pad_left, p.pad_right)
        )
        try requireZeroPoints(input: p.input_zero, output: p.output_zero)
        try requireClamp(p.clamp_min, p.clamp_max)
        return p
    }

    /// `output = (input + padding - reach) / stride + 1`, where `reach` is the window's extent.
    private func checkExtent(
        _ extent: (input: Int32, output: Int32, kernel: Int32),
        _ step: (stride: Int32, dilation: Int32, before: Int32, after: Int32)
    ) throws(ProgramError) {
        let limit = OperatorLimits.windowExtentMax
        try require(extent.input, in: 1...OperatorLimits.imageExtentMax)
        try require(extent.output, in: 1...OperatorLimits.imageExtentMax)
        try require(extent.kernel, in: 1...limit)
        try require(step.stride, in: 1...limit)
        try require(step.dilation, in: 1...limit)
        try require(step.before, in: 0...limit)
        try require(step.after, in: 0...limit)
        let reach = (extent.kernel - 1) * step.dilation + 1
        let room = extent.input + step.before + step.after - reach
        try require(room >= 0 && extent.output == room / step.stride + 1, .windowShape, Int64(room))
    }

    func checkResize(isBilinear: Bool) throws(ProgramError) {
        let p = try parameters(as: martlet_resize.self)
        // The nearest resize moves pixels as bytes.
        let type: ElementType = isBilinear ? activation : a.type
        try requireStoredInteger(type)
        try requireTypes(type, type)
        let size = isBilinear ? 1 : Int32(type.sizeBytes)
        try require(p.channels >= 1 && p.channels % size == 0, .shapeMatches, Int64(p.channels))
        let channels = p.channels / size
        let hasShapes =
            a.shape.equals(p.batches, p.input_height, p.input_width, channels)
            && output.shape.equals(p.batches, p.output_height, p.output_width, channels)
        try require(hasShapes, .shapeMatches)
        let entries = Int64(p.output_height) + Int64(p.output_width)
        try requireBlocks(constants: entries * (isBilinear ? 12 : 4))
        for entry in 0..<Int(entries) {
            let isRow = entry < Int(p.output_height)
            let limit = isRow ? p.input_height : p.input_width
            try checkTableEntry(entry, limit: limit, isBilinear: isBilinear)
        }
    }

    private func checkTableEntry(
        _ entry: Int,
        limit: Int32,
        isBilinear: Bool
    ) throws(ProgramError) {
        let table = program.sections.constants
        let start = Int(record.constants.offset) + entry * (isBilinear ? 12 : 4)
        try require(table.signedWord(at: start), in: 0...limit - 1, .tableIndexInRange)
        guard isBilinear else { return }
        try require(table.signedWord(at: start + 4), in: 0...limit - 1, .tableIndexInRange)
        try require(table.signedWord(at: start + 8), in: -1024...2048, .tableIndexInRange)
    }
}
