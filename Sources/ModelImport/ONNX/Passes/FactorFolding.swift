import ModelGraph

extension Graph {
    /// The same function with constant factors and summands in the weights before them.
    ///
    /// That covers batch normalization, which the importer gives as a multiplication and an
    /// addition a channel, and the bias that some exporters add in an operator of its own.
    func foldingFactors() -> Graph {
        var pass = FactorFolding(graph: self)
        pass.run()
        return pass.graph
    }

    /// The same function with clamps in the operators before them.
    func fusingActivations() -> Graph {
        var graph = self
        let counts = readCounts()
        var writers: [TensorID: Int] = [:]
        graph.nodes = []
        for node in nodes {
            if case .unary(let kind) = node.operator, let activation = Activation(kind),
                let input = node.inputs[0], counts[input.index] == 1, let place = writers[input],
                let fused = graph.nodes[place].operator.fused(with: activation)
            {
                graph.nodes[place].operator = fused
                graph.nodes[place].outputs = node.outputs
                writers[node.outputs[0]] = place
                continue
            }
            for output in node.outputs { writers[output] = graph.nodes.count }
            graph.nodes.append(node)
        }
        return graph
    }
}

extension Activation {
    fileprivate init?(_ kind: UnaryOperator) {
        switch kind {
        case .relu: self = .relu
        case .relu6: self = .relu6
        case .reluN1To1: self = .reluN1To1
        default: return nil
        }
    }
}

extension Operator {
    /// The operator followed by an activation; `nil` when it has one or takes none.
    fileprivate func fused(with activation: Activation) -> Operator? {
        switch self {
        case .convolution2D(let window, .none): .convolution2D(window, activation)
        case .depthwiseConvolution2D(let window, let multiplier, .none):
            .depthwiseConvolution2D(window, depthMultiplier: multiplier, activation)
        case .fullyConnected(.none): .fullyConnected(activation)
        case .transposeConvolution2D(let window, .none):
            .transposeConvolution2D(window, activation)
        case .binary(let kind, .none) where kind == .add || kind == .subtract || kind == .multiply:
            .binary(kind, activation)
        default: nil
        }
    }
}

private struct FactorFolding {
    var graph: Graph
    private let counts: [Int]
    private var writers: [TensorID: Int] = [:]
    private var nodes: [Node] = []
    /// How often something was folded into a node, and the most: exporters need a few.
    private var foldCounts: [Int: Int] = [:]
    private static let foldCountMax = 16

    init(graph: Graph) {
        self.graph = graph
        counts = graph.readCounts()
    }

    mutating func run() {
        for node in graph.nodes {
            if fold(node) { continue }
            for output in node.outputs { writers[output] = nodes.count }
            nodes.append(node)
        }
        graph.nodes = nodes
    }

    private mutating func fold(_ node: Node) -> Bool {
        guard case .binary(let kind, .none) = node.operator,
            let a = node.inputs[0], let b = node.inputs[1]
        else { return false }
        let (input, other) = graph[a].constant != nil ? (b, a) : (a, b)
        guard let place = writers[input], counts[input.index] == 1,
            channelAxis(place) != nil, foldCounts[place, default: 0] < Self.foldCountMax,
            graph[node.outputs[0]].shape == graph[input].shape
        else { return false }
        if kind == .add, graph[other].type == .int32 { return adopt(other, place, node) }
        guard let values = graph.floats(other) else { return false }
        let isReversed = input == b
        let shape = graph[input].shape
        guard let channels = shape.last, let row = row(values, graph[other].shape, channels) else {
            return false
        }
        switch kind {
        case .multiply: return scale(place, by: row, node)
        case .add: return shift(place, by: row, node)
        case .subtract where !isReversed: return shift(place, by: row.map { -$0 }, node)
        default: return false
        }
    }

    /// A quantized summand becomes the bias where there is none.
    private mutating func adopt(_ other: TensorID, _ place: Int, _ node: Node) -> Bool {
        guard let axis = channelAxis(place), let id = nodes[place].inputs[1],
            graph[other].constant != nil, graph[other].quantization != nil,
            graph[other].elementCount == graph[id].shape[axis],
            graph[other].shape.last == graph[id].shape[axis],
            nodes[place].inputs.count < 3 || nodes[place].inputs[2] == nil
        else { return false }
        let bias = graph.addReshaped(other, [graph[id].shape[axis]])
        nodes[place].inputs = Array(nodes[place].inputs.prefix(2)) + [bias]
        return take(place, node)
    }

    /// One value a channel; `nil` when a constant varies along other dimensions.
    private func row(_ values: [Float], _ shape: [Int], _ channels: Int) -> [Float]? {
        if values.count == 1 { return [Float](repeating: values[0], count: channels) }
        return values.count == channels && shape.last == channels ? values : nil
    }

    /// The channel axis of a node's weights; `nil` when nothing can be folded into it.
    private func channelAxis(_ place: Int) -> Int? {
        switch nodes[place].operator {
        case .convolution2D(_, .none), .fullyConnected(.none), .transposeConvolution2D(_, .none):
            0
        case .depthwiseConvolution2D(_, _, .none): 3
        default: nil
        }
    }

    private mutating func scale(_ place: Int, by row: [Float], _ node: Node) -> Bool {
        guard let axis = channelAxis(place), let id = nodes[place].inputs[1],
            let weights = graph.floats(id), graph[id].shape[axis] == row.count
        else { return false }
        let bias = nodes[place].inputs.count > 2 ? nodes[place].inputs[2] : nil
        let offsets = graph.floats(bias)
        if bias != nil && offsets == nil { return false }
        let inner = graph[id].shape[(axis + 1)...].reduce(1, *)
        let scaled = weights.indices.map { weights[$0] * row[$0 / inner % row.count] }
        guard scaled.allSatisfy(\.isFinite) else { return false }
        let name = graph[id].name
        nodes[place].inputs[1] = graph.add(floats: scaled, shape: graph[id].shape, name: name)
        if let offsets, let bias {
            let moved = zip(offsets, row).map { $0 * $1 }
            let tensor = graph[bias]
            nodes[place].inputs[2] = graph.add(
                floats: moved,
                shape: tensor.shape,
                name: tensor.name
            )
        }
        return take(place, node)
    }

    private mutating func shift(_ place: Int, by row: [Float], _ node: Node) -> Bool {
        guard let axis = channelAxis(place), let id = nodes[place].inputs[1],
            graph.floats(id) != nil, graph[id].shape[axis] == row.count
        else { return false }
        let bias = nodes[place].inputs.count > 2 ? nodes[place].inputs[2] : nil
        let offsets = graph.floats(bias)
        if bias != nil && offsets == nil { return false }
        let sum = offsets.map { zip($0, row).map { $0 + $1 } } ?? row
        let name = bias.map { graph[$0].name } ?? "\(graph[id].name) bias"
        let added = graph.add(floats: sum, shape: [row.count], name: name)
        if nodes[place].inputs.count > 2 {
            nodes[place].inputs[2] = added
        } else {
            nodes[place].inputs.append(added)
        }
        return take(place, node)
    }

    /// The node before gives what the folded node gave.
    private mutating func take(_ place: Int, _ node: Node) -> Bool {
        foldCounts[place, default: 0] += 1
        nodes[place].outputs = node.outputs
        for output in node.outputs { writers[output] = place }
        return true
    }
}
