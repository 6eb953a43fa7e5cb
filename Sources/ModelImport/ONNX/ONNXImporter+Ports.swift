import ModelGraph

extension ONNXImporter {
    /// Reports what concerns the whole model.
    mutating func checkStructure() {
        let versions = "\(ONNXLimits.opsets.lowerBound) to \(ONNXLimits.opsets.upperBound)"
        let isOld = (1..<ONNXLimits.opsets.lowerBound).contains(opset)
        let isReadable =
            isOld && model.nodes.allSatisfy { ONNXLimits.unchangedOperators.contains($0.type) }
        if !ONNXLimits.opsets.contains(opset) && !isReadable {
            report(
                NodeProblem(
                    .structure,
                    model.opset == nil
                        ? "no version of the operator set is named"
                        : "operator set \(opset), only \(versions) are known",
                    help: "export with opset_version=17"
                )
            )
        }
        let irVersion = model.proto.irVersion
        if !(3...ONNXLimits.irVersionMax).contains(irVersion) {
            report(
                NodeProblem(
                    .structure,
                    "file format version \(irVersion), only 3 to \(ONNXLimits.irVersionMax)",
                    help: "save the model with a current version of onnx"
                )
            )
        }
        if !model.proto.functions.isEmpty {
            report(
                NodeProblem(
                    .structure,
                    "the model defines \(model.proto.functions.count) functions",
                    help: "inline them with onnx.inliner.inline_local_functions"
                )
            )
        }
        if !model.proto.graph.sparseInitializer.isEmpty {
            report(
                NodeProblem(
                    .structure,
                    "constants are stored sparsely",
                    help: "store them as dense tensors"
                )
            )
        }
        for domain in Set(model.nodes.map(\.domain)).sorted()
        where !["", "com.microsoft"].contains(domain) {
            report(
                NodeProblem(
                    .operator,
                    "operators of the domain '\(domain)'",
                    help: "export with the operators of ai.onnx alone"
                )
            )
        }
    }

    // MARK: Inputs

    /// Makes a port of every input that is no initializer.
    mutating func importInputs() {
        let constants = Set(model.proto.graph.initializer.map(\.name))
        var names: Set<String> = []
        for input in model.proto.graph.input where !constants.contains(input.name) {
            do throws(NodeProblem) {
                guard names.insert(input.name).inserted else {
                    throw .inconsistent("there are two inputs of this name")
                }
                try importInput(input)
            } catch {
                values[input.name] = .unknown
                report(
                    NodeProblem(
                        error.kind,
                        "input '\(input.name)': \(error.reason)",
                        help: error.help
                    )
                )
            }
        }
        for name in options.shapes.keys.sorted() where !names.contains(name) {
            let known = names.sorted().joined(separator: "', '")
            report(
                NodeProblem(
                    .inconsistency,
                    "a shape is given for '\(name)', which is no input",
                    help: "the inputs are '\(known)'"
                )
            )
        }
    }

    private mutating func importInput(_ input: Onnx_ValueInfoProto) throws(NodeProblem) {
        guard case .tensorType(let tensor)? = input.type.value else {
            throw NodeProblem(.type, "it is no tensor", help: "export a model of tensors")
        }
        let type = ONNXElementType(rawValue: Int(tensor.elemType))
        guard let type, let graphType = type.graphType, graphType != .int16 else {
            throw NodeProblem(
                .type,
                "its type is \(ONNXElementType.name(of: Int(tensor.elemType)))",
                help: "export with float32 inputs"
            )
        }
        let shape = try inputShape(input.name, tensor)
        try checkShape(shape)
        let name = String(input.name.prefix(ImportLimits.nameSizeBytesMax))
        let id = graph.add(Tensor(name: name, shape: shape, type: graphType))
        graph.inputs.append(Port(name: name, tensor: id, externalType: graphType))
        values[input.name] = .tensor(id)
    }

    /// The shape that is given, else the stored one with an open batch of 1.
    private func inputShape(
        _ name: String,
        _ type: Onnx_TypeProto.Tensor
    ) throws(NodeProblem) -> [Int] {
        let stated = type.shape.dim.map { dim -> Int? in
            guard case .dimValue(let extent)? = dim.value, extent >= 1 else { return nil }
            return Int(extent)
        }
        if let given = options.shapes[name] {
            let fits =
                !type.hasShape
                || stated.count == given.count
                    && zip(stated, given).allSatisfy { $0 == nil || $0 == $1 }
            guard given.allSatisfy({ $0 >= 1 }) else {
                throw NodeProblem(
                    .structure,
                    "a tensor without elements",
                    help: "give a shape of extents from 1 on"
                )
            }
            guard fits else {
                throw .inconsistent("the given shape \(given) does not fit the model's")
            }
            return given
        }
        guard type.hasShape else {
            throw NodeProblem(
                .structure,
                "it has no shape",
                help: "give one with --shape '\(name)=1x3x224x224'"
            )
        }
        var open: [String] = []
        let shape = stated.enumerated().map { place, extent -> Int in
            if let extent { return extent }
            let label = type.shape.dim[place].dimParam
            if place > 0 { open.append(label.isEmpty || label == "?" ? "number \(place)" : label) }
            return 1
        }
        guard open.isEmpty else {
            let example = shape.enumerated().map { stated[$0] == nil && $0 > 0 ? "N" : "\($1)" }
            throw NodeProblem(
                .structure,
                "its dimensions \(open.joined(separator: ", ")) are dynamic",
                help: "set them with --shape '\(name)=\(example.joined(separator: "x"))'"
            )
        }
        return shape
    }

    // MARK: Outputs

    /// Makes a port of every output.
    mutating func importOutputs() {
        var names: Set<String> = []
        for output in model.proto.graph.output {
            do throws(NodeProblem) {
                guard names.insert(output.name).inserted else {
                    throw .inconsistent("there are two outputs of this name")
                }
                let id: TensorID
                switch try value(named: output.name) {
                case .unknown: continue
                case .constant(let tensor):
                    // Nothing is computed with it.
                    id = try add(tensor, name: output.name, allowsNaN: true)
                case .tensor(let tensor): id = try ownOutput(tensor)
                }
                let name = String(output.name.prefix(ImportLimits.nameSizeBytesMax))
                graph.outputs.append(
                    Port(name: name, tensor: id, externalType: graph[id].type)
                )
            } catch {
                report(
                    NodeProblem(
                        error.kind,
                        "output '\(output.name)': \(error.reason)",
                        help: error.help
                    )
                )
            }
        }
    }

    /// A tensor that is no input of the graph: an output that is one becomes a copy.
    private mutating func ownOutput(_ id: TensorID) throws(NodeProblem) -> TensorID {
        guard graph.inputs.contains(where: { $0.tensor == id }) else { return id }
        return try emit(.reshape, [id], shape: graph[id].shape, type: graph[id].type)
    }
}
