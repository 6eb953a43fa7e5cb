import ModelGraph

extension Graph {
    /// The same function with reshapes moved behind elementwise operators and merged.
    func mergingReshapes() -> Graph {
        var pass = ReshapeMerging(graph: self)
        pass.run()
        return pass.graph
    }
}

private struct ReshapeMerging {
    var graph: Graph
    /// Tensors that are another one under their own shape.
    private var sources: [TensorID: TensorID] = [:]
    private var written: [TensorID: [[Int]: TensorID]] = [:]
    private var nodes: [Node] = []

    init(graph: Graph) { self.graph = graph }

    mutating func run() {
        let isOutput = Set(graph.outputs.map(\.tensor))
        for node in graph.nodes { rewrite(node, isOutput) }
        for index in graph.outputs.indices {
            let port = graph.outputs[index]
            graph.outputs[index] = Port(
                name: port.name,
                tensor: resolve(port.tensor),
                externalType: port.externalType
            )
        }
        graph.nodes = nodes
    }

    private mutating func resolve(_ id: TensorID) -> TensorID {
        guard let source = sources[id] else { return id }
        let shape = graph[id].shape
        let isPort = graph.inputs.contains { $0.tensor == source }
        let isCopy = isPort && graph.outputs.contains { $0.tensor == id }
        if graph[source].shape == shape && !isCopy { return source }
        if let known = written[source]?[shape] { return known }
        nodes.append(
            Node(name: graph[id].name, operator: .reshape, inputs: [source], outputs: [id])
        )
        written[source, default: [:]][shape] = id
        return id
    }

    private mutating func rewrite(_ node: Node, _ isOutput: Set<TensorID>) {
        switch node.operator {
        case .reshape:
            guard let input = node.inputs[0] else { break }
            if graph[input].constant != nil { break }
            sources[node.outputs[0]] = sources[input] ?? input
            return
        case .unary, .quantize, .dequantize, .requantize:
            guard let input = node.inputs[0], let source = sources[input] else { break }
            run(node, on: [source], shape: graph[source].shape)
            return
        case .binary:
            if mergeBinary(node) { return }
        default: break
        }
        var kept = node
        kept.inputs = node.inputs.map { input in input.map { resolve($0) } }
        nodes.append(kept)
    }

    private mutating func run(_ node: Node, on inputs: [TensorID?], shape: [Int]) {
        var tensor = graph[node.outputs[0]]
        tensor.shape = shape
        let id = graph.add(tensor)
        var moved = node
        moved.inputs = inputs
        moved.outputs = [id]
        nodes.append(moved)
        sources[node.outputs[0]] = id
    }

    /// Two tensors that were reshaped alike, or one and a constant that fits both shapes.
    private mutating func mergeBinary(_ node: Node) -> Bool {
        guard let a = node.inputs[0], let b = node.inputs[1] else { return false }
        let shape = graph[node.outputs[0]].shape
        if let first = sources[a], let second = sources[b] {
            guard graph[first].shape == graph[second].shape, graph[a].shape == shape,
                graph[b].shape == shape
            else { return false }
            run(node, on: [first, second], shape: graph[first].shape)
            return true
        }
        let (variable, other) = sources[a] != nil ? (a, b) : (b, a)
        guard let source = sources[variable], graph[variable].shape == shape,
            let constant = fitting(other, from: shape, to: graph[source].shape)
        else { return false }
        let inputs = variable == a ? [source, constant] : [constant, source]
        run(node, on: inputs, shape: graph[source].shape)
        return true
    }

    /// A constant of one element or one value a channel, under a form that fits both shapes.
    private mutating func fitting(
        _ id: TensorID,
        from shape: [Int],
        to target: [Int]
    ) -> TensorID? {
        let tensor = graph[id]
        guard tensor.constant != nil else { return nil }
        if tensor.elementCount == 1 { return graph.addReshaped(id, []) }
        guard let channels = shape.last, target.last == channels,
            tensor.shape.last == channels, tensor.elementCount == channels
        else { return nil }
        return graph.addReshaped(id, [channels])
    }
}
