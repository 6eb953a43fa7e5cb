import ModelGraph

extension TFLiteImporter {
    /// Translates the current operator.
    mutating func importOperator() throws(NodeProblem) {
        guard let code = TFLiteOperatorCode(rawValue: current.code), code != .custom else {
            throw NodeProblem(
                .operator,
                "the operator is not supported",
                help: TFLiteAdvice.help(for: current.name)
            )
        }
        if code != .quantize { try requireOneType() }
        switch code {
        case .conv2D: try importConvolution()
        case .depthwiseConv2D: try importDepthwiseConvolution()
        case .fullyConnected: try importFullyConnected()
        case .averagePool2D, .maxPool2D: try importPool(isMax: code == .maxPool2D)
        case .add: try importBinary(.add, options: 11)
        case .sub: try importBinary(.subtract, options: 28)
        case .mul: try importBinary(.multiply, options: 21)
        case .maximum: try importBinary(.maximum, options: nil)
        case .minimum: try importBinary(.minimum, options: nil)
        case .relu: try importUnary(.relu)
        case .reluN1To1: try importUnary(.reluN1To1)
        case .relu6: try importUnary(.relu6)
        case .hardSwish: try importUnary(.hardSwish)
        case .logistic: try importUnary(.logistic)
        case .tanh: try importUnary(.tanh)
        case .leakyRelu: try importUnary(.leakyRelu(alpha: try options(75).float(0, default: 0)))
        case .mean: try importReduction(.mean)
        case .softmax: try importSoftmax()
        case .argMax: try importArgMax()
        case .quantize: try importQuantize()
        case .dequantize: try importDequantize()
        case .reshape, .squeeze, .expandDims: try importReshape()
        case .transpose: try importTranspose()
        case .pad, .padV2: try importPad(hasFill: code == .padV2)
        case .concatenation: try importConcatenation()
        case .pack: try importPack()
        case .unpack: try importUnpack()
        case .split: try importSplit(value: 1, axis: 0)
        case .splitV: try importSplit(value: 0, axis: 2)
        case .slice: try importSlice()
        case .stridedSlice: try importStridedSlice()
        case .resizeBilinear, .resizeNearestNeighbor:
            try importResize(isBilinear: code == .resizeBilinear)
        case .unidirectionalSequenceLSTM: try importMemory()
        case .callOnce: try importInitialiser()
        case .varHandle: try importHandle()
        case .readVariable: try importRead()
        case .assignVariable: try importAssign()
        default: try importRareOperator(code)
        }
        try finishOutputs()
    }

    /// Operators that the reference interpreter knows, and devices do not yet.
    mutating func importFloatOperator(
        _ code: TFLiteOperatorCode
    ) throws(NodeProblem) {
        guard isFloat else {
            throw NodeProblem(
                .operator,
                "the operator is not supported in integer models",
                help: TFLiteAdvice.help(for: current.name)
            )
        }
        switch code {
        case .pow: try importBinary(.power, options: nil)
        case .floor: try importUnary(.floor)
        case .ceil: try importUnary(.ceiling)
        case .exp: try importUnary(.exponential)
        case .log: try importUnary(.logarithm)
        case .sqrt: try importUnary(.squareRoot)
        case .rsqrt: try importUnary(.reciprocalSquareRoot)
        case .neg: try importUnary(.negate)
        case .abs: try importUnary(.absolute)
        case .square: try importUnary(.square)
        case .elu: try importUnary(.elu(alpha: 1))
        case .gelu: try importUnary(.gelu(isApproximate: try options(116).bool(0)))
        case .relu0To1: try importUnary(.clamp(low: 0, high: 1))
        case .l2Normalization: try importL2Normalization()
        default: try importFloatMove(code)
        }
    }

    /// The reference has no kernel that reads one integer type and writes another, but QUANTIZE.
    private func requireOneType() throws(NodeProblem) {
        let types = (current.inputs.compactMap { $0 } + current.outputs).map {
            model.tensors[$0].type
        }
        guard !(types.contains(.int8) && types.contains(.uint8)) else {
            throw NodeProblem(
                .type,
                "int8 and uint8 operands are mixed",
                help: "convert with a current converter; QUANTIZE goes between the types"
            )
        }
        // Constants are left out, for the weights beside int16; so is the state of recurrent cells.
        let computed = (current.inputs.compactMap { $0 } + current.outputs)
            .map { model.tensors[$0] }.filter { $0.constant == nil && !$0.isVariable }
        let isMixed = computed.contains { $0.type == .int8 || $0.type == .uint8 }
        guard !isMixed || !computed.contains(where: { $0.type == .int16 }) else {
            throw NodeProblem(
                .type,
                "activations of 8 and of 16 bits are mixed",
                help: "convert with int8 activations; QUANTIZE goes between the types"
            )
        }
    }

    /// Adds a node whose operands and shapes are proved.
    mutating func emit(
        _ operation: Operator,
        _ inputs: [TensorID?],
        to output: TensorID,
        suffix: String = ""
    ) throws(NodeProblem) {
        try emit(operation, inputs, toAll: [output], suffix: suffix)
    }

    /// Adds a node of several outputs whose operands and shapes are proved.
    mutating func emit(
        _ operation: Operator,
        _ inputs: [TensorID?],
        toAll outputs: [TensorID],
        suffix: String = ""
    ) throws(NodeProblem) {
        let node = Node(
            name: "\(current.name)#\(index)\(suffix)",
            operator: operation,
            inputs: inputs,
            outputs: outputs,
            family: family
        )
        do throws(GraphError) {
            try graph.proveOperands(of: node)
            try graph.proveShapes(of: node)
        } catch {
            throw NodeProblem(error)
        }
        graph.nodes.append(node)
    }

    /// The reference kernels that the source model's types choose.
    private var family: KernelFamily {
        let places = current.inputs.prefix(1).compactMap { $0 } + current.outputs
        return places.contains { model.tensors[$0].type == .uint8 } ? .uint8 : .int8
    }

    /// Gives uint8 outputs of the model that this operator wrote as int8 their edge.
    private mutating func finishOutputs() throws(NodeProblem) {
        for place in current.outputs where isOutput[place] {
            guard model.tensors[place].type == .uint8, let id = internalIDs[place],
                edgeIDs[place] == nil
            else { continue }
            try emit(.requantize, [id], to: try edgeTensor(place), suffix: ".uint8")
        }
    }

    // MARK: Options

    /// The options table of the current operator, which must be the expected one or absent.
    func options(_ type: UInt8) throws(NodeProblem) -> TFLiteOptions {
        guard current.optionsType == type || current.optionsType == 0 else {
            throw .inconsistent("options of kind \(current.optionsType) where \(type) belongs")
        }
        let table = current.optionsType == 0 ? nil : current.options
        return TFLiteOptions(file: model.file, table: table)
    }
}

/// The scalar fields of an operator's options table; an absent field has the schema's default.
struct TFLiteOptions {
    let file: FlatBuffer
    let table: FlatTable?

    func integer(_ field: Int, default value: Int32 = 0) throws(NodeProblem) -> Int {
        guard let table else { return Int(value) }
        return try reading { () throws(FlatBufferError) in
            Int(try file.int32(field, of: table) ?? value)
        }
    }

    func byte(_ field: Int) throws(NodeProblem) -> UInt8 {
        guard let table else { return 0 }
        return try reading { () throws(FlatBufferError) in try file.uint8(field, of: table) ?? 0 }
    }

    func bool(_ field: Int) throws(NodeProblem) -> Bool { try byte(field) != 0 }

    func float(_ field: Int, default value: Float) throws(NodeProblem) -> Float {
        let bits = try integer(field, default: Int32(bitPattern: value.bitPattern))
        let number = Float(bitPattern: UInt32(truncatingIfNeeded: bits))
        guard number.isFinite else { throw .inconsistent("an option is not a finite number") }
        return number
    }

    /// A text; an absent one is empty.
    func text(_ field: Int) throws(NodeProblem) -> String {
        guard let table else { return "" }
        return try reading { () throws(FlatBufferError) in
            var file = file
            return try file.name(field, of: table)
        }
    }

    /// The fused activation (enum `ActivationFunctionType`).
    func activation(_ field: Int) throws(NodeProblem) -> Activation {
        switch try byte(field) {
        case 0: return .none
        case 1: return .relu
        case 2: return .reluN1To1
        case 3: return .relu6
        case let code:
            let name = code == 4 ? "TANH" : code == 5 ? "SIGN_BIT" : "\(code)"
            throw NodeProblem(
                .option,
                "the fused activation \(name) is not supported",
                help: "use NONE, RELU, RELU_N1_TO_1 or RELU6, or a separate operator"
            )
        }
    }

    private func reading<Value>(
        _ body: () throws(FlatBufferError) -> Value
    ) throws(NodeProblem) -> Value {
        do throws(FlatBufferError) {
            return try body()
        } catch {
            throw .inconsistent("its options are damaged: \(error)")
        }
    }
}
