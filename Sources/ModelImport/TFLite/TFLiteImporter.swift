import ModelGraph

/// Translates a checked TFLite model into a graph, or collects everything that stands in the way.
///
/// A tensor of the model has up to two tensors in the graph: the internal one, int8 or int16, on
/// which nodes compute, and for a uint8 input or output of the model the edge one, uint8, that
/// callers see. An explicit requantization joins the two.
struct TFLiteImporter {
    let model: TFLiteModel
    var graph: Graph
    /// The internal tensor of each tensor of the model, once it is needed.
    var internalIDs: [TensorID?]
    /// The uint8 tensor at the model's edge.
    var edgeIDs: [TensorID?]
    /// Tensors that are inputs of the model.
    let isInput: [Bool]
    /// Tensors that are outputs of the model.
    let isOutput: [Bool]
    /// The operator that is being translated.
    var index = 0
    /// Whether the model computes in floating point; then all activations are float32.
    private(set) var isFloat = false
    /// Bytes of constants that were rewritten: uint8 to int8, or to float32.
    var rewrittenBytes = 0
    /// The variables that the model keeps between calls.
    var variables = TFLiteVariables()
    private var features: [UnsupportedFeature] = []

    init(_ model: TFLiteModel, name: String) {
        self.model = model
        graph = Graph(name: name)
        let none = [TensorID?](repeating: nil, count: model.tensors.count)
        internalIDs = none
        edgeIDs = none
        var isInput = [Bool](repeating: false, count: model.tensors.count)
        var isOutput = isInput
        for input in model.inputs { isInput[input] = true }
        for output in model.outputs { isOutput[output] = true }
        self.isInput = isInput
        self.isOutput = isOutput
    }

    /// The operator that is being translated.
    var current: TFLiteOperator { model.operators[index] }

    /// Translates the whole model.
    mutating func importGraph() throws(ImportError) -> Graph {
        checkStructure()
        let live = liveOperators()
        isFloat = computesInFloat(live)
        importInputs(live)
        for position in live {
            index = position
            attempt { importer throws(NodeProblem) in try importer.importOperator() }
        }
        if features.isEmpty { importStates() }
        importOutputs(live)
        guard features.isEmpty else { throw .unsupported(features) }
        do throws(GraphError) {
            try graph.validate()
        } catch {
            throw .invalidGraph(error)
        }
        return graph
    }

    // MARK: Reports

    private mutating func attempt(
        _ body: (inout TFLiteImporter) throws(NodeProblem) -> Void
    ) {
        do throws(NodeProblem) {
            try body(&self)
        } catch {
            let places = current.inputs.compactMap { $0 } + current.outputs
            let operands = places.map { place in
                let tensor = model.tensors[place]
                return UnsupportedFeature.Operand(
                    name: tensor.name,
                    type: tensor.typeName,
                    shape: tensor.shape
                )
            }
            features.append(
                UnsupportedFeature(
                    kind: error.kind,
                    nodeIndex: index,
                    operatorName: current.name,
                    operands: operands,
                    reason: error.reason,
                    help: error.help
                )
            )
        }
    }

    mutating func report(
        _ kind: UnsupportedFeature.Kind,
        _ reason: String,
        help: String
    ) {
        features.append(
            UnsupportedFeature(
                kind: kind,
                nodeIndex: nil,
                operatorName: nil,
                operands: [],
                reason: reason,
                help: help
            )
        )
    }

    // MARK: The whole model

    private mutating func checkStructure() {
        if model.schemaVersion != TFLiteModel.version {
            report(
                .structure,
                "schema version \(model.schemaVersion), only \(TFLiteModel.version) is known",
                help: "convert the model with a current converter"
            )
        }
        let initialisers = model.operators.count { $0.code == TFLiteOperatorCode.callOnce.rawValue }
        if model.subgraphCount != 1 + min(initialisers, 1) {
            report(
                .structure,
                "\(model.subgraphCount) subgraphs, only one and its initialiser are supported",
                help: "export a model without control flow or several signatures"
            )
        }
    }

    /// The operators that the outputs need, in the model's order.
    ///
    /// An operator without outputs acts on state and is always kept. Arithmetic on shapes that only
    /// feeds operands which are not read falls away.
    private func liveOperators() -> [Int] {
        var isNeeded = isOutput
        var live: [Int] = []
        for position in model.operators.indices.reversed() {
            let node = model.operators[position]
            guard node.outputs.isEmpty || node.outputs.contains(where: { isNeeded[$0] }) else {
                continue
            }
            live.append(position)
            for case let input? in readOperands(of: node) { isNeeded[input] = true }
        }
        return live.reversed()
    }

    /// The operands that are read: those that repeat the output's own shape are not.
    private func readOperands(of node: TFLiteOperator) -> ArraySlice<Int?> {
        switch TFLiteOperatorCode(rawValue: node.code) {
        case .reshape, .broadcastTo: node.inputs.prefix(1)
        case .transposeConv: node.inputs.dropFirst()
        default: node.inputs[...]
        }
    }

    /// Whether the model computes in floating point throughout: it has float activations, and no
    /// integers of 8 or 16 bits but constants.
    private func computesInFloat(_ live: [Int]) -> Bool {
        var hasFloat = false
        for position in live {
            let node = model.operators[position]
            for place in node.inputs.compactMap({ $0 }) + node.outputs {
                let tensor = model.tensors[place]
                guard tensor.constant == nil else { continue }
                switch tensor.type {
                case .int8, .uint8, .int16: return false
                case .float32: hasFloat = true
                default: continue
                }
            }
        }
        return hasFloat
    }

    // MARK: Ports

    private mutating func importInputs(_ live: [Int]) {
        for input in model.inputs {
            let tensor = model.tensors[input]
            do throws(NodeProblem) {
                let id: TensorID
                switch tensor.type {
                case .int32 where isFloat, .int64 where isFloat: id = try indexTensor(input)
                case .bool where isFloat: id = try conditionTensor(input)
                case _ where isFloat: id = try floatTensor(input)
                case .float32: id = try quantizedInput(input, live)
                case .uint8: id = try edgeTensor(input)
                case .int32, .int64, .bool: id = try plainTensor(input)
                default: id = try internalTensor(input)
                }
                let type: DataType = tensor.type == .float32 ? .float32 : graph[id].type
                graph.inputs.append(Port(name: tensor.name, tensor: id, externalType: type))
            } catch {
                report(error.kind, "input '\(tensor.name)': \(error.reason)", help: error.help)
            }
        }
    }

    /// The integer tensor behind a float32 input that the model quantizes at once.
    private mutating func quantizedInput(
        _ input: Int,
        _ live: [Int]
    ) throws(NodeProblem) -> TensorID {
        let consumers = live.map { model.operators[$0] }.filter { $0.inputs.contains(input) }
        guard let first = consumers.first?.outputs.first,
            consumers.allSatisfy({ $0.code == TFLiteOperatorCode.quantize.rawValue })
        else { throw NodeProblem(typeOf: model.tensors[input]) }
        let id = try internalTensor(first)
        for other in consumers.compactMap({ $0.outputs.first }) where other != first {
            guard model.tensors[other].isQuantized(like: model.tensors[first]) else {
                throw NodeProblem(
                    .structure,
                    "the float32 input is quantized in two ways",
                    help: "export with int8 inputs"
                )
            }
            internalIDs[other] = id
        }
        return id
    }

    private mutating func importOutputs(_ live: [Int]) {
        for output in model.outputs {
            let tensor = model.tensors[output]
            do throws(NodeProblem) {
                let id: TensorID
                switch tensor.type {
                case .int32, .int64: id = try indexTensor(output)
                case _ where isFloat: id = try floatTensor(output)
                case .float32: id = try dequantizedOutput(output, live)
                case .uint8: id = try edgeTensor(output)
                default: id = try internalTensor(output)
                }
                let type: DataType = tensor.type == .float32 ? .float32 : graph[id].type
                graph.outputs.append(Port(name: tensor.name, tensor: id, externalType: type))
            } catch {
                report(error.kind, "output '\(tensor.name)': \(error.reason)", help: error.help)
            }
        }
    }

    /// The integer tensor behind a float32 output that the model dequantizes last.
    private mutating func dequantizedOutput(
        _ output: Int,
        _ live: [Int]
    ) throws(NodeProblem) -> TensorID {
        let producer = live.map { model.operators[$0] }.first { $0.outputs.contains(output) }
        guard let producer, producer.code == TFLiteOperatorCode.dequantize.rawValue,
            case let source?? = producer.inputs.first
        else { throw NodeProblem(typeOf: model.tensors[output]) }
        return try internalTensor(source)
    }
}
