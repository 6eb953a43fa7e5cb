import CKernels

extension Program {
    /// Checks an operator record against its tensors and blocks.
    func validateOperator(_ index: Int) throws(ProgramError) {
        let record = OperatorRecord(reading: sections.program, at: operatorOffset(index))
        func invalid(_ rule: OperatorRule, _ value: UInt32) -> ProgramError {
            .operatorInvalid(index: index, opcode: record.opcode, rule, value: Int64(value))
        }
        guard let opcode = Opcode(rawValue: record.opcode) else {
            throw invalid(.opcodeKnown, UInt32(record.opcode))
        }
        let isBinary = opcode.isBinary
        guard record.inputA < UInt32(tensorCount) else {
            throw invalid(.inputExists, record.inputA)
        }
        guard record.output < UInt32(tensorCount) else {
            throw invalid(.outputExists, record.output)
        }
        let hasSecond = record.inputB < UInt32(tensorCount)
        guard isBinary ? hasSecond : record.inputB == ProgramFormat.noTensor else {
            throw invalid(.operandCount, record.inputB)
        }
        let a = tensor(Int(record.inputA))
        let b = isBinary ? tensor(Int(record.inputB)) : a
        let check = OperatorCheck(
            program: self,
            index: index,
            record: record,
            opcode: opcode,
            a: a,
            b: b,
            output: tensor(Int(record.output))
        )
        try check.run()
    }
}

extension OperatorCheck {
    fileprivate func run() throws(ProgramError) {
        try require(output.place == .arena, .outputInArena, Int64(output.place.rawValue))
        if opcode != .fill {
            try requireNoOverlap(a)
            try requireNoOverlap(b)
        }
        switch opcode {
        case .convolution2D, .convolution2DInt16: try checkConvolution()
        case .depthwiseConvolution2D, .depthwiseConvolution2DInt16: try checkDepthwise()
        case .averagePool2D, .maxPool2D, .averagePool2DInt16, .maxPool2DInt16: try checkPool()
        case .fullyConnected, .fullyConnectedInt16: try checkDense()
        case .add, .multiply, .maximum, .addInt16, .multiplyInt16, .maximumInt16:
            try checkBinary()
        case .mean, .meanInt16: try checkMean()
        case .softmax: try checkSoftmax()
        case .lookup: try checkLookup()
        case .copy: try checkCopy()
        case .fill: try checkFill()
        case .resizeBilinear, .resizeBilinearInt16: try checkResize(isBilinear: true)
        case .resizeNearest: try checkResize(isBilinear: false)
        case .argMax: try checkArgMax()
        case .softmaxInt16: try checkSoftmaxInt16()
        case .lookupInt16: try checkLookupInt16()
        case .sigmoidInt16: try checkSigmoid()
        case .rescale: try checkRescale()
        case .longShortTermMemory: try checkLongShortTermMemory()
        default: try checkRare()
        }
    }

    /// The output shares no byte with an input, or exactly all of them where the kernel allows it.
    private func requireNoOverlap(_ input: TensorRecord) throws(ProgramError) {
        guard input.place == .arena, input.offset < output.end, output.offset < input.end else {
            return
        }
        let isSame = input.offset == output.offset && input.sizeBytes == output.sizeBytes
        try require(isSame && opcode.mayRunInPlace, .noOverlap, Int64(input.offset))
    }

    private func checkDense() throws(ProgramError) {
        let p = try parameters(as: martlet_dense.self)
        try requireActivations()
        try elementCount([p.rows, p.inputs, 1], is: a.elementCount)
        try elementCount([p.rows, p.outputs, 1], is: output.elementCount)
        try requireZeroPoints(input: p.input_zero, output: p.output_zero)
        try requireClamp(p.clamp_min, p.clamp_max)
        let rounding = p.rounding
        try requireChannels(p.outputs, taps: Int64(p.inputs), weightZero: p.weight_zero, rounding)
    }

    private func checkMean() throws(ProgramError) {
        let p = try parameters(as: martlet_mean.self)
        try requireActivations()
        try elementCount([p.outer, p.reduced, p.inner], is: a.elementCount)
        try elementCount([p.outer, p.inner, 1], is: output.elementCount)
        try require(p.reduced, in: 1...OperatorLimits.reducedMax(activation), .accumulatorFits)
        try requireZeroPoints(input: p.input_zero, output: p.output_zero)
        try requireFactor(p.scale.multiplier, p.scale.exponent)
        try requireRounding(p.rounding, .double ... .halfAway)
        try requireBlocks()
    }

    private func checkSoftmax() throws(ProgramError) {
        let p = try parameters(as: martlet_softmax.self)
        try requireTypes(.int8, .int8)
        try elementCount([p.rows, p.depth, 1], is: a.elementCount)
        try require(output.elementCount == a.elementCount, .shapeMatches, output.elementCount)
        try require(p.depth, in: 1...OperatorLimits.softmaxDepthMax, .accumulatorFits)
        try requireZeroPoints(input: a.zeroPoint, output: -128)
        try requireFactor(p.scale.multiplier, p.scale.exponent, exponents: 0...31)
        try require(p.difference_min <= 0, .parameterInRange, Int64(p.difference_min))
        try requireBlocks()
    }

    private func checkLookup() throws(ProgramError) {
        let p = try parameters(as: martlet_lookup.self)
        try require(a.type.sizeBytes == 1, .elementType, Int64(a.type.rawValue))
        try require(output.type.sizeBytes == 1, .elementType, Int64(output.type.rawValue))
        try require(Int64(p.count) == a.elementCount, .shapeMatches, Int64(p.count))
        try require(Int64(p.count) == output.elementCount, .shapeMatches, output.elementCount)
        try requireBlocks(constants: 256)
    }

    private func checkArgMax() throws(ProgramError) {
        let p = try parameters(as: martlet_arg_max.self)
        try require(a.type == .int8, .elementType, Int64(a.type.rawValue))
        let isIndex = output.type == .int32 || output.type == .int64
        try require(isIndex, .elementType, Int64(output.type.rawValue))
        try require(Int(p.element_size) == output.type.sizeBytes, .parameterInRange)
        try elementCount([p.outer, p.extent, p.inner], is: a.elementCount)
        try elementCount([p.outer, p.inner, 1], is: output.elementCount)
        try requireBlocks()
    }
}
