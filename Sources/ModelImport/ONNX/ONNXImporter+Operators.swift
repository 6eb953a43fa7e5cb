import ModelGraph

extension ONNXImporter {
    /// Translates the current node: by folding when everything it reads is constant.
    mutating func importNode() throws(NodeProblem) {
        guard let node = current else { return }
        if try importMeta(node.type) { return }
        if try fold(node.type) { return }
        if try importElementwise(node.type) { return }
        if try importTruth(node.type) { return }
        if try importMovement(node.type) { return }
        if try importReduction(node.type) { return }
        switch node.type {
        case "Conv": try importConvolution()
        case "ConvTranspose": try importTransposeConvolution()
        case "MaxPool": try importPool(isMax: true)
        case "AveragePool": try importPool(isMax: false)
        case "GlobalAveragePool": try importGlobalPool(.mean)
        case "GlobalMaxPool": try importGlobalPool(.maximum)
        case "Gemm": try importGemm()
        case "MatMul": try importMatMul()
        case "BatchNormalization": try importBatchNormalization()
        case "LayerNormalization": try importLayerNormalization()
        case "InstanceNormalization": try importInstanceNormalization()
        case "GroupNormalization": try importGroupNormalization()
        case "MeanVarianceNormalization": try importMeanVarianceNormalization()
        case "LpNormalization": try importLpNormalization()
        case "Softmax": try importSoftmax(isLog: false)
        case "LogSoftmax": try importSoftmax(isLog: true)
        case "Resize": try importResize()
        case "Upsample": try importUpsample()
        case "CumSum": try importCumulativeSum()
        case "RNN", "GRU", "LSTM": try importRecurrent(node.type)
        case "QuantizeLinear": try importQuantize()
        case "DequantizeLinear": try importDequantize()
        case "QLinearConv": try importQLinearConvolution()
        case "QLinearMatMul": try importQLinearMatMul()
        case "QLinearAdd", "QLinearMul": try importQLinearBinary()
        default:
            throw NodeProblem(
                .operator,
                "the operator \(node.type) has no translation",
                help: ONNXAdvice.help(for: node.type)
            )
        }
    }

    /// Operators about values rather than on them; gives whether the node is one.
    private mutating func importMeta(_ type: String) throws(NodeProblem) -> Bool {
        switch type {
        case "Identity": try alias()
        case "Dropout": try importDropout()
        case "Constant": try define(.constant(try constantAttribute()))
        case "Shape":
            guard let value = try value(0) else { throw .inconsistent("input 0 is absent") }
            let shape = self.shape(of: value)
            let first = min(max(try position("start", 0, shape.count), 0), shape.count)
            let last = min(max(try position("end", shape.count, shape.count), 0), shape.count)
            let part = first < last ? shape[first..<last].map { Int64($0) } : []
            try define(.constant(ONNXTensor(integers: part, shape: [part.count])))
        case "Size":
            guard let value = try value(0) else { throw .inconsistent("input 0 is absent") }
            let count = Int64(shape(of: value).reduce(1, *))
            try define(.constant(ONNXTensor(integers: [count], shape: [])))
        case "If": try importIf()
        case "Cast": return try importCast()
        case "CastLike":
            guard case .tensor? = try value(0) else { return false }
            _ = try tensor(0)
            _ = try tensor(1)
            try refuseRounding(to: inputName(1).flatMap { narrowTypes[$0] })
            try alias()
        default: return false
        }
        return true
    }

    private func position(
        _ name: String,
        _ value: Int,
        _ rank: Int
    ) throws(NodeProblem) -> Int {
        let stated = try int(name, default: value)
        return stated < 0 ? stated + rank : stated
    }

    /// The first output is the first input.
    private mutating func alias() throws(NodeProblem) {
        guard let value = try value(0) else { throw .inconsistent("input 0 is absent") }
        try define(value)
    }

    /// Nothing at inference; the mask, where it is read, keeps everything.
    private mutating func importDropout() throws(NodeProblem) {
        let stated = try float("ratio", default: 0.5)
        let ratio = try constantIfKnown(1)?.floats.first ?? stated
        if let training = try constant(2, "mode"), training.integers.first == 1, ratio != 0 {
            throw NodeProblem(
                .option,
                "dropout in training mode",
                help: "export the model for inference"
            )
        }
        try alias()
        guard writes(1), let value = try value(0) else { return }
        let shape = shape(of: value)
        try checkFolding(shape)
        let kept = ONNXTensor(integers: [1], shape: [], type: .bool)
        try define(.constant(kept.broadcast(to: shape)), output: 1)
    }

    private func constantAttribute() throws(NodeProblem) -> ONNXTensor {
        if let tensor = try tensorAttribute("value") { return tensor }
        if let value = try ints("value_ints") {
            return ONNXTensor(integers: value.map { Int64($0) }, shape: [value.count])
        }
        if let value = try floats("value_floats") {
            return ONNXTensor(floats: value, shape: [value.count])
        }
        if let value = try int("value_int") {
            return ONNXTensor(integers: [Int64(value)], shape: [])
        }
        if current?.attributes["value_float"] != nil {
            return ONNXTensor(floats: [try float("value_float", default: 0)], shape: [])
        }
        throw NodeProblem(
            .type,
            "the constant is a text or stored sparsely",
            help: "use a dense tensor of numbers"
        )
    }

    /// A cast of computed values: between floating-point types only, where it does nothing.
    private mutating func importCast() throws(NodeProblem) -> Bool {
        guard case .tensor(let id)? = try value(0) else { return false }
        let target = ONNXElementType(rawValue: try int("to", default: 0))
        if target == .bool && graph[id].type == .float32 {
            try define(.tensor(try truth(of: id)))
            return true
        }
        guard graph[id].type == .float32, let target, target.isFloat else {
            guard let target, graph[id].type == target.graphType else {
                throw NodeProblem(
                    .type,
                    "a cast from \(graph[id].type.rawValue) to "
                        + ONNXElementType.name(of: try int("to", default: 0)),
                    help: "compute on float32 throughout"
                )
            }
            try alias()
            return true
        }
        try refuseRounding(to: target)
        try alias()
        return true
    }

    /// Refuses a type that rounds computed values to so few digits that it shows.
    private func refuseRounding(to type: ONNXElementType?) throws(NodeProblem) {
        guard type == .bfloat16 else { return }
        throw NodeProblem(
            .type,
            "a cast to bfloat16, which rounds to three digits",
            help: "export in float32 or float16"
        )
    }

    /// The branch that a constant condition chooses, in the place of the node.
    private mutating func importIf() throws(NodeProblem) {
        guard let condition = try constantIfKnown(0), condition.elementCount == 1 else {
            throw NodeProblem(
                .structure,
                "the condition is computed while the model runs",
                help: "export the branch that is taken"
            )
        }
        guard branchDepth < ONNXLimits.branchDepthMax, let node = current else {
            throw .inconsistent("branches within branches beyond \(ONNXLimits.branchDepthMax)")
        }
        let isTaken = condition.integers.first == 1
        let branch = try graphAttribute(isTaken ? "then_branch" : "else_branch")
        guard branch.output.count >= node.outputs.count else {
            throw .inconsistent("the branch has \(branch.output.count) outputs")
        }
        let nodes: [ONNXNode]
        do throws(ImportError) {
            nodes = try ONNXModel.nodes(of: branch)
        } catch {
            throw .inconsistent("the branch: \(error)")
        }
        branchDepth += 1
        defer { branchDepth -= 1 }
        // Names inside a branch are the branch's own.
        let own = branch.initializer.map(\.name) + nodes.flatMap(\.outputs)
        let outer = own.map { (values[$0], stored[$0], constantIDs[$0]) }
        for name in own { (values[name], stored[name], constantIDs[name]) = (nil, nil, nil) }
        for constant in branch.initializer { stored[constant.name] = constant }
        for inner in nodes { translate(inner) }
        var results: [ONNXValue] = []
        for output in branch.output.prefix(node.outputs.count) {
            results.append(try value(named: output.name))
        }
        for (name, state) in zip(own, outer).reversed() {
            (values[name], stored[name], constantIDs[name]) = state
        }
        for (place, result) in results.enumerated() { try define(result, output: place) }
    }
}

/// What the owner of a model can do about operators that have no translation.
enum ONNXAdvice {
    /// Advice for an operator, by its name.
    static func help(for name: String) -> String {
        switch name {
        case "Loop", "Scan", "SequenceMap":
            "export with a fixed number of steps, so that the loop is unrolled"
        case "NonMaxSuppression", "TopK", "NonZero", "RoiAlign", "GatherND", "ScatterND",
            "ScatterElements", "Unique":
            "cut the model before its post-processing and do that in the application"
        case "STFT", "DFT", "MelWeightMatrix", "HannWindow":
            "compute the spectrum outside the model, or export it as convolutions"
        case "TreeEnsembleClassifier", "TreeEnsembleRegressor", "TreeEnsemble":
            "tree ensembles are not supported yet"
        case "ConstantOfShape", "Range", "EyeLike":
            "it is computed from constants only; export with fixed input shapes"
        case "Einsum": "write it as MatMul, Mul and ReduceSum"
        case "DynamicQuantizeLinear", "MatMulInteger", "ConvInteger":
            "quantize statically (QDQ), or import the float model"
        default: "replace it with supported operators, or cut the model before it"
        }
    }
}
