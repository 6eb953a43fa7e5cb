import ModelGraph

/// The variables of a model, by container and name.
///
/// An inference reads what the one before assigned. A read after an assignment in the same
/// inference is the assigned tensor itself.
struct TFLiteVariables {
    struct Key: Hashable {
        var container: String
        var name: String
    }

    /// The variable behind each tensor that is a handle.
    var keyOfHandle: [Int: Key] = [:]
    /// The constant that the initialiser assigns.
    var initial: [Key: TFLiteTensor] = [:]
    /// Where an inference first reads a variable, in the order of the reads.
    var reads: [(key: Key, place: Int, tensor: TensorID)] = []
    /// What this inference has assigned so far.
    var assigned: [Key: TensorID] = [:]
}

// CALL_ONCE, VAR_HANDLE, READ_VARIABLE and ASSIGN_VARIABLE become named states of the graph.
extension TFLiteImporter {
    /// CALL_ONCE: a subgraph that does nothing but assign constants to variables.
    mutating func importInitialiser() throws(NodeProblem) {
        let number = try options(103).integer(0)
        guard number >= 1 else { throw .inconsistent("the initialiser is subgraph \(number)") }
        guard variables.initial.isEmpty else {
            throw NodeProblem(
                .structure,
                "a second initialiser",
                help: "initialise all variables in one function"
            )
        }
        let initialiser: TFLiteModel
        do throws(ImportError) {
            initialiser = try TFLiteModel(model.file.bytes, subgraph: number)
        } catch {
            throw .inconsistent("the initialiser cannot be read: \(error)")
        }
        try assignInitial(initialiser)
    }

    private mutating func assignInitial(_ initialiser: TFLiteModel) throws(NodeProblem) {
        var handles: [Int: TFLiteVariables.Key] = [:]
        for node in initialiser.operators {
            switch TFLiteOperatorCode(rawValue: node.code) {
            case .varHandle:
                guard let output = node.outputs.first else { throw .inconsistent("no output") }
                handles[output] = try key(of: node, in: initialiser)
            case .assignVariable:
                guard let handle = node.inputs.first ?? nil, let key = handles[handle],
                    node.inputs.count == 2, let place = node.inputs[1]
                else { throw .inconsistent("an assignment without a variable or a value") }
                guard initialiser.tensors[place].constant != nil else {
                    throw .inconsistent("the initialiser assigns what is no constant")
                }
                variables.initial[key] = initialiser.tensors[place]
            default:
                throw NodeProblem(
                    .structure,
                    "the initialiser computes: it has the operator \(node.name)",
                    help: "initialise variables with constants"
                )
            }
        }
    }

    mutating func importHandle() throws(NodeProblem) {
        guard let output = current.outputs.first, model.tensors[output].type == .resource else {
            throw .inconsistent("the handle of a variable is no resource")
        }
        variables.keyOfHandle[output] = try key(of: current, in: model)
    }

    mutating func importRead() throws(NodeProblem) {
        let key = try variable()
        guard let place = current.outputs.first, internalIDs[place] == nil else {
            throw .inconsistent("a variable is read into a tensor that has a value")
        }
        if let known = variables.assigned[key]
            ?? variables.reads.first(where: { $0.key == key })?.tensor
        {
            try requireLike(known, place)
            internalIDs[place] = known
            return
        }
        variables.reads.append((key, place, try result()))
    }

    mutating func importAssign() throws(NodeProblem) {
        let key = try variable()
        let value = try value(1)
        if let read = variables.reads.first(where: { $0.key == key }) {
            try requireLike(value, read.place)
        }
        variables.assigned[key] = value
    }

    /// Gives the graph a state for each variable that an inference reads before it assigns it.
    mutating func importStates() {
        for (key, place, tensor) in variables.reads {
            do throws(NodeProblem) {
                let next = variables.assigned[key] ?? tensor
                let initial = try initialBytes(key, place, tensor)
                graph.states.append(
                    State(name: key.name, tensor: tensor, next: next, initial: initial)
                )
            } catch {
                report(error.kind, "variable '\(key.name)': \(error.reason)", help: error.help)
            }
        }
    }

    // MARK: Parts

    /// The variable that operand 0 of the current operator is a handle of.
    private func variable() throws(NodeProblem) -> TFLiteVariables.Key {
        guard let key = variables.keyOfHandle[try operand(0)] else {
            throw .inconsistent("operand 0 is not a handle of a variable")
        }
        return key
    }

    private func key(
        of node: TFLiteOperator,
        in model: TFLiteModel
    ) throws(NodeProblem) -> TFLiteVariables.Key {
        guard node.optionsType == 111 || node.optionsType == 0 else {
            throw .inconsistent("options of kind \(node.optionsType) where 111 belongs")
        }
        let table = node.optionsType == 0 ? nil : node.options
        let options = TFLiteOptions(file: model.file, table: table)
        let key = TFLiteVariables.Key(container: try options.text(0), name: try options.text(1))
        guard key.name.utf8.count < ImportLimits.nameSizeBytesMax,
            key.container.utf8.count < ImportLimits.nameSizeBytesMax
        else { throw .inconsistent("the variable's name is too long to tell it from others") }
        return key
    }

    private func requireLike(_ id: TensorID, _ place: Int) throws(NodeProblem) {
        let (known, tensor) = (graph[id], model.tensors[place])
        let quantization =
            isFloat
            ? nil : try self.quantization(of: tensor, isPerTensor: true, shift: shift(tensor))
        guard known.shape == tensor.shape, known.quantization == quantization else {
            throw NodeProblem(
                .option,
                "a variable changes its shape, scale or zero point: "
                    + "'\(known.name)' and '\(tensor.name)'",
                help: "assign what is read, quantized alike"
            )
        }
    }

    private func shift(_ tensor: TFLiteTensor) -> Int64 { tensor.type == .uint8 ? 128 : 0 }

    private func initialBytes(
        _ key: TFLiteVariables.Key,
        _ place: Int,
        _ tensor: TensorID
    ) throws(NodeProblem) -> [UInt8] {
        guard let initial = variables.initial[key], let bytes = initial.constant else {
            throw NodeProblem(
                .structure,
                "it is read before anything assigns it",
                help: "initialise it in the model's initialiser"
            )
        }
        let read = model.tensors[place]
        guard initial.shape == read.shape, initial.type == read.type,
            bytes.count == graph[tensor].sizeBytes, initial.isQuantized(like: read)
        else {
            throw .inconsistent("its initial value has another type, shape, scale or zero point")
        }
        if isFloat, !LittleEndian.float32s(bytes).allSatisfy(\.isFinite) {
            throw .inconsistent("its initial value holds NaN or infinity")
        }
        return initial.type == .uint8 ? bytes.map { $0 ^ 0x80 } : bytes
    }
}
