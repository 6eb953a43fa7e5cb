import ModelGraph

extension ONNXImporter {
    // MARK: Tensors

    /// The shape of a value.
    func shape(of value: ONNXValue) -> [Int] {
        switch value {
        case .tensor(let id): graph[id].shape
        case .constant(let tensor): tensor.shape
        case .unknown: []
        }
    }

    /// Checks that the graph can hold a tensor of this shape.
    func checkShape(_ shape: [Int]) throws(NodeProblem) {
        guard shape.count <= GraphLimits.rankMax else {
            throw NodeProblem(
                .structure,
                "a tensor has \(shape.count) dimensions",
                help: "at most \(GraphLimits.rankMax) dimensions are supported"
            )
        }
        var count = 1
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent >= 1, !overflow, product <= GraphLimits.elementCountMax else {
                throw .inconsistent("a tensor has the unusable shape \(shape)")
            }
            count = product
        }
    }

    /// Adds a constant to the graph.
    ///
    /// - Parameters:
    ///   - tensor: the constant.
    ///   - name: its name, for messages.
    ///   - allowsInfinity: whether values may be infinite, as bounds and masks are.
    ///   - allowsNaN: whether values may be NaN too.
    /// - Returns: the tensor.
    /// - Throws: `NodeProblem` for values, types and shapes that a graph does not hold.
    mutating func add(
        _ tensor: ONNXTensor,
        name: String,
        allowsInfinity: Bool = false,
        allowsNaN: Bool = false
    ) throws(NodeProblem) -> TensorID {
        try checkShape(tensor.shape)
        try spend(bytes: tensor.elementCount * 4)
        var result = Tensor(name: name, shape: tensor.shape, type: .float32)
        switch tensor.storage {
        case .float(let values):
            let isUsable = values.allSatisfy {
                $0.isFinite || allowsNaN || allowsInfinity && !$0.isNaN
            }
            guard isUsable else {
                throw NodeProblem(
                    .inconsistency,
                    "the constant '\(name)' holds NaN or infinite values",
                    help: "the training diverged or the export is wrong; look at these weights"
                )
            }
            result.constant = values.withUnsafeBytes { Array($0) }
        case .integer(let values, let type):
            guard let graphType = type.graphType else {
                throw NodeProblem(
                    .type,
                    "the constant '\(name)' is \(type)",
                    help: "use int64 or float"
                )
            }
            result.type = graphType
            result.constant = values.flatMap { value in
                (0..<graphType.sizeBytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
            }
        case .byte(let values, let type):
            result.type = type.graphType ?? .int8
            result.constant = values
        case .quantized(let values, let type, let quantization):
            result.type = type
            result.quantization = quantization
            result.constant = values.flatMap { value in
                (0..<type.sizeBytes).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
            }
        }
        return graph.add(result)
    }

    /// Counts bytes of constants, read from other files or added to the graph, up to the limit.
    mutating func spend(bytes: Int) throws(NodeProblem) {
        constantSizeBytes += bytes
        guard constantSizeBytes <= ONNXLimits.constantSizeBytesMax else {
            throw NodeProblem(
                .structure,
                "the constants have more than \(ONNXLimits.constantSizeBytesMax) bytes",
                help: "use a smaller model, or share what is stored several times"
            )
        }
    }

    /// Adds a constant of floats.
    mutating func add(floats: [Float], shape: [Int], _ name: String) throws(NodeProblem) -> TensorID
    {
        try add(ONNXTensor(floats: floats, shape: shape), name: name)
    }

    /// The graph tensor of input `index`, of any type; `nil` when it is absent.
    mutating func anyTensor(
        _ index: Int,
        allowsInfinity: Bool = false
    ) throws(NodeProblem) -> TensorID? {
        guard let name = inputName(index) else { return nil }
        switch try value(named: name) {
        case .tensor(let id): return id
        case .unknown: throw .inconsistent("it reads '\(name)', which has no value")
        case .constant(let tensor):
            if let id = constantIDs[name] { return id }
            let id = try add(tensor, name: name, allowsInfinity: allowsInfinity)
            constantIDs[name] = id
            return id
        }
    }

    /// The graph tensor of input `index`, which must hold floats; `nil` when it is absent.
    mutating func tensorIfPresent(
        _ index: Int,
        allowsInfinity: Bool = false
    ) throws(NodeProblem) -> TensorID? {
        guard let id = try anyTensor(index, allowsInfinity: allowsInfinity) else { return nil }
        try requireFloat(id)
        return id
    }

    /// The graph tensor of input `index`, which must hold floats.
    mutating func tensor(
        _ index: Int,
        allowsInfinity: Bool = false
    ) throws(NodeProblem) -> TensorID {
        guard let id = try tensorIfPresent(index, allowsInfinity: allowsInfinity) else {
            throw .inconsistent("input \(index) is absent")
        }
        return id
    }

    /// Refuses arithmetic on integers that are no quantized constants.
    func requireFloat(_ id: TensorID) throws(NodeProblem) {
        let tensor = graph[id]
        guard tensor.type == .float32 || tensor.quantization != nil && tensor.constant != nil else {
            throw NodeProblem(
                .type,
                "'\(tensor.name)' is \(tensor.type.rawValue), and only floats are computed",
                help: "compute this value outside the model, or in float32"
            )
        }
    }

    /// The single number of a constant.
    func scalar(_ tensor: ONNXTensor) throws(NodeProblem) -> Float {
        guard tensor.elementCount == 1, let value = tensor.floats.first else {
            throw .inconsistent("a scalar has the shape \(tensor.shape)")
        }
        return value
    }

    // MARK: Nodes

    /// Adds a node with one output and proves its shapes.
    mutating func emit(
        _ operation: Operator,
        _ inputs: [TensorID?],
        shape: [Int],
        type: DataType = .float32
    ) throws(NodeProblem) -> TensorID {
        try checkShape(shape)
        guard graph.nodes.count < GraphLimits.nodeCountMax else {
            throw NodeProblem(
                .structure,
                "the graph has more than \(GraphLimits.nodeCountMax) nodes",
                help: "split the model"
            )
        }
        let label = current.map { $0.name.isEmpty ? "\($0.type)#\($0.index)" : $0.name } ?? "model"
        var result = Tensor(name: "\(label):\(graph.nodes.count)", shape: shape, type: type)
        if case let first?? = inputs.first, graph[first].type == type, type != .float32 {
            // Moved integers keep what they stand for.
            result.quantization = graph[first].quantization
        }
        let output = graph.add(result)
        writers[output] = graph.nodes.count
        let node = Node(name: label, operator: operation, inputs: inputs, outputs: [output])
        graph.nodes.append(node)
        do throws(GraphError) {
            try graph.proveOperands(of: node)
            try graph.proveShapes(of: node)
        } catch {
            throw NodeProblem(error)
        }
        return output
    }

    /// The same elements under another shape.
    mutating func reshape(_ id: TensorID, _ shape: [Int]) throws(NodeProblem) -> TensorID {
        if graph[id].shape == shape { return id }
        return try emit(.reshape, [id], shape: shape, type: graph[id].type)
    }

    /// Output dimension `i` is input dimension `permutation[i]`.
    mutating func transpose(_ id: TensorID, _ permutation: [Int]) throws(NodeProblem) -> TensorID {
        let shape = graph[id].shape
        guard permutation.sorted() == Array(shape.indices) else {
            throw .inconsistent("\(permutation) does not permute the dimensions of \(shape)")
        }
        if permutation == Array(shape.indices) { return id }
        return try emit(
            .transpose(permutation: permutation),
            [id],
            shape: permutation.map { shape[$0] },
            type: graph[id].type
        )
    }

    /// An elementwise operator of one input.
    mutating func unary(_ kind: UnaryOperator, _ id: TensorID) throws(NodeProblem) -> TensorID {
        try emit(.unary(kind), [id], shape: graph[id].shape)
    }

    /// An elementwise operator of two inputs, which broadcast.
    mutating func binary(
        _ kind: BinaryOperator,
        _ a: TensorID,
        _ b: TensorID
    ) throws(NodeProblem) -> TensorID {
        let shape = try broadcastShape([graph[a].shape, graph[b].shape])
        return try emit(.binary(kind, .none), [a, b], shape: shape)
    }

    /// An elementwise operator with a number.
    mutating func binary(
        _ kind: BinaryOperator,
        _ a: TensorID,
        _ value: Float
    ) throws(NodeProblem) -> TensorID {
        try binary(kind, a, try add(floats: [value], shape: [], "\(value)"))
    }

    /// The shape to which all of `shapes` broadcast.
    func broadcastShape(_ shapes: [[Int]]) throws(NodeProblem) -> [Int] {
        let rank = shapes.map(\.count).max() ?? 0
        var result = [Int](repeating: 1, count: rank)
        for shape in shapes {
            for (index, extent) in shape.enumerated() {
                let place = rank - shape.count + index
                guard extent == result[place] || extent == 1 || result[place] == 1 else {
                    throw .inconsistent("\(shapes) do not broadcast")
                }
                if extent != 1 { result[place] = extent }
            }
        }
        return result
    }

    /// An axis that may count from the end.
    func axis(_ value: Int, rank: Int) throws(NodeProblem) -> Int {
        let index = value < 0 ? value + rank : value
        guard (0..<rank).contains(index) else {
            throw .inconsistent("axis \(value) of \(rank) dimensions")
        }
        return index
    }
}
