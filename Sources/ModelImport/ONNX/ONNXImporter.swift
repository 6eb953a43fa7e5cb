import ModelGraph

/// What a name of an ONNX graph stands for.
enum ONNXValue {
    /// Known before the model runs.
    case constant(ONNXTensor)
    /// Computed by the graph.
    case tensor(TensorID)
    /// Written by a node that was reported, or that reads such a value.
    case unknown
}

/// Translates a checked ONNX model into a graph, or collects everything that stands in the way.
///
/// One walk over the nodes infers shapes, folds what is constant and emits the rest. Tensors keep
/// ONNX's layout; an operator on images stands between two transposes, which `TransposeSinking`
/// moves and cancels afterwards.
struct ONNXImporter {
    let model: ONNXModel
    let options: ImportOptions
    let externalData: ExternalData
    let opset: Int
    var graph: Graph
    var values: [String: ONNXValue] = [:]
    /// Initializers that no node has read yet.
    var stored: [String: Onnx_TensorProto] = [:]
    /// Graph tensors of constants, by the constant's name.
    var constantIDs: [String: TensorID] = [:]
    /// The node that is being translated.
    var current: ONNXNode?
    /// The places of the nodes that write graph tensors.
    var writers: [TensorID: Int] = [:]
    /// Bytes of constants, read from other files or added to the graph.
    var constantSizeBytes = 0
    /// Elements that folding computed.
    var foldedElementCount = 0
    /// Nesting of `If` branches.
    var branchDepth = 0
    /// Inputs and initializers of narrow floating-point types, all of which are float32 here.
    let narrowTypes: [String: ONNXElementType]
    /// Names that a node reads or the graph gives.
    private let readNames: Set<String>
    private var features: [UnsupportedFeature] = []

    init(_ model: ONNXModel, name: String, options: ImportOptions) {
        self.model = model
        self.options = options
        externalData = ExternalData(folder: options.folder)
        opset = model.opset ?? 0
        graph = Graph(name: name)
        narrowTypes = model.narrowTypes
        readNames = Set(model.nodes.flatMap(\.reads) + model.proto.graph.output.map(\.name))
    }

    /// Translates the whole model and improves the graph.
    mutating func importGraph() throws(ImportError) -> Graph {
        let translated = try translatedGraph()
        do throws(GraphError) {
            let result = try translated.optimized()
            try result.proveWellFormed()
            return result
        } catch {
            throw .invalidGraph(error)
        }
    }

    /// Translates the whole model, node by node.
    mutating func translatedGraph() throws(ImportError) -> Graph {
        checkStructure()
        guard features.isEmpty else { throw .unsupported(features) }
        for constant in model.proto.graph.initializer { stored[constant.name] = constant }
        importInputs()
        let live = liveNodes()
        for node in live { translate(node) }
        current = nil
        importOutputs()
        guard features.isEmpty else { throw .unsupported(features) }
        do throws(GraphError) {
            try graph.validate()
        } catch {
            throw .invalidGraph(error)
        }
        return graph
    }

    /// The nodes that the outputs need.
    private func liveNodes() -> [ONNXNode] {
        var needed = Set(model.proto.graph.output.map(\.name))
        var live: [ONNXNode] = []
        for node in model.nodes.reversed() where node.outputs.contains(where: needed.contains) {
            live.append(node)
            needed.formUnion(node.reads)
        }
        return live.reversed()
    }

    /// Translates one node; a problem is reported and the walk goes on.
    mutating func translate(_ node: ONNXNode) {
        let outer = current
        current = node
        defer { current = outer }
        if let name = node.inputs.first(where: { isUnknown($0) }) {
            // What an unsupported node writes has no shape, so its readers cannot be judged.
            if values[name] == nil {
                report(.inconsistent("it reads '\(name)', which nothing writes"))
            }
            for output in node.outputs { values[output] = .unknown }
            return
        }
        do throws(NodeProblem) {
            let first = graph.tensors.count
            try importNode()
            nameOutputs(of: node, from: first)
        } catch {
            report(error)
            for output in node.outputs where !output.isEmpty { values[output] = .unknown }
        }
    }

    private func isUnknown(_ name: String) -> Bool {
        guard !name.isEmpty, stored[name] == nil else { return false }
        guard let value = values[name] else { return true }
        if case .unknown = value { return true }
        return false
    }

    private mutating func nameOutputs(of node: ONNXNode, from first: Int) {
        for output in node.outputs {
            guard case .tensor(let id)? = values[output], id.index >= first else { continue }
            graph[id].name = String(output.prefix(ImportLimits.nameSizeBytesMax))
        }
    }

    // MARK: Reports

    /// Reports a problem of the current node, or of the whole model.
    mutating func report(_ problem: NodeProblem) {
        let operands = (current?.inputs ?? []) + (current?.outputs ?? [])
        features.append(
            UnsupportedFeature(
                kind: problem.kind,
                nodeIndex: current?.index,
                operatorName: current.map { "\($0.type) '\($0.name)'" },
                operands: operands.filter { !$0.isEmpty }.map(operand),
                reason: problem.reason,
                help: problem.help
            )
        )
    }

    private func operand(_ name: String) -> UnsupportedFeature.Operand {
        switch values[name] {
        case .tensor(let id):
            UnsupportedFeature.Operand(
                name: name,
                type: graph[id].type.rawValue,
                shape: graph[id].shape
            )
        case .constant(let tensor):
            UnsupportedFeature.Operand(name: name, type: "\(tensor.type)", shape: tensor.shape)
        default:
            UnsupportedFeature.Operand(
                name: name,
                type: stored[name].map { ONNXElementType.name(of: Int($0.dataType)) } ?? "",
                shape: stored[name].map { $0.dims.map { Int($0) } } ?? []
            )
        }
    }

    // MARK: Operands of the current node

    /// The name of input `index`; `nil` when it is absent.
    func inputName(_ index: Int) -> String? {
        guard let inputs = current?.inputs, inputs.indices.contains(index) else { return nil }
        return inputs[index].isEmpty ? nil : inputs[index]
    }

    /// Whether someone reads output `index`.
    func writes(_ index: Int) -> Bool {
        guard let outputs = current?.outputs, outputs.indices.contains(index) else { return false }
        // Inside a branch every output may be read.
        return !outputs[index].isEmpty && (branchDepth > 0 || readNames.contains(outputs[index]))
    }

    /// The value of a name, reading an initializer at its first use.
    mutating func value(named name: String) throws(NodeProblem) -> ONNXValue {
        if let proto = stored[name] {
            if proto.dataLocation == .external {
                try spend(bytes: ONNXTensor.sizeBytes(proto))
            }
            let tensor = try ONNXTensor(proto, externalData: externalData)
            stored[name] = nil
            values[name] = .constant(tensor)
            return .constant(tensor)
        }
        guard let value = values[name] else {
            throw .inconsistent("it reads '\(name)', which nothing writes")
        }
        return value
    }

    /// The value of input `index`; `nil` when it is absent.
    mutating func value(_ index: Int) throws(NodeProblem) -> ONNXValue? {
        guard let name = inputName(index) else { return nil }
        return try value(named: name)
    }

    /// The constant at input `index`; `nil` when it is absent or computed.
    mutating func constantIfKnown(_ index: Int) throws(NodeProblem) -> ONNXTensor? {
        guard case .constant(let tensor)? = try value(index) else { return nil }
        return tensor
    }

    /// The constant at input `index`; `nil` when it is absent.
    mutating func constant(_ index: Int, _ role: String) throws(NodeProblem) -> ONNXTensor? {
        guard let value = try value(index) else { return nil }
        guard case .constant(let tensor) = value else {
            throw NodeProblem(
                .structure,
                "its \(role) '\(inputName(index) ?? "")' is computed while the model runs",
                help: "export with constant \(role), or with a fixed input shape"
            )
        }
        return tensor
    }

    /// The integers at input `index`; `nil` when it is absent.
    mutating func integers(_ index: Int, _ role: String) throws(NodeProblem) -> [Int]? {
        try constant(index, role)?.integers.map { Int($0) }
    }

    /// Says what output `index` is.
    mutating func define(_ value: ONNXValue, output index: Int = 0) throws(NodeProblem) {
        guard let outputs = current?.outputs, outputs.indices.contains(index) else {
            throw .inconsistent("it has no output \(index)")
        }
        guard !outputs[index].isEmpty else { return }
        values[outputs[index]] = value
    }
}
