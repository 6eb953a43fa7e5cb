import ModelGraph

/// The weights and bias of a convolution or dense product, addressed by channel.
struct ProductWeights: Sendable {
    var values: [Float]
    /// One element an output channel; zeros where the node has no bias.
    var bias: [Float]
    let outputCount: Int
    let inputCount: Int
    /// Output channel and input channel of each weight, by its position.
    private let output: @Sendable (Int) -> Int
    private let input: @Sendable (Int) -> Int

    /// Reads a node's weights; `nil` for other operators and for weights that are not constant.
    init?(_ node: Node, in rewrite: GraphRewrite) {
        guard node.operator.isProduct, node.inputs.count >= 2, let x = node.inputs[0],
            let id = node.inputs[1], let values = rewrite.reals(id)
        else { return nil }
        let shape = rewrite.graph[id].shape
        switch node.operator {
        case .convolution2D:
            let channels = rewrite.graph[x].shape[3]
            let (depth, pitch) = (shape[3], shape[1...].reduce(1, *))
            let perGroup = shape[0] / (channels / depth)
            outputCount = shape[0]
            inputCount = channels
            output = { $0 / pitch }
            input = { $0 / pitch / perGroup * depth + $0 % depth }
        case .transposeConvolution2D:
            let (depth, pitch) = (shape[3], shape[1...].reduce(1, *))
            outputCount = shape[0]
            inputCount = depth
            output = { $0 / pitch }
            input = { $0 % depth }
        case .depthwiseConvolution2D(_, let multiplier, _):
            let count = shape[3]
            outputCount = count
            inputCount = count / multiplier
            output = { $0 % count }
            input = { $0 % count / multiplier }
        default:
            let depth = shape[1]
            outputCount = shape[0]
            inputCount = depth
            output = { $0 / depth }
            input = { $0 % depth }
        }
        self.values = values
        guard node.inputs.count > 2, let biasID = node.inputs[2] else {
            bias = [Float](repeating: 0, count: outputCount)
            return
        }
        guard let stored = rewrite.reals(biasID), stored.count == outputCount else { return nil }
        bias = stored
    }

    /// The output and the input channel of a weight, by its position.
    func channels(of index: Int) -> (output: Int, input: Int) { (output(index), input(index)) }

    /// The positions of the weights of each output channel, ascending.
    var placesByOutput: [[Int]] {
        var places = [[Int]](repeating: [], count: outputCount)
        for index in values.indices { places[output(index)].append(index) }
        return places
    }

    var isFinite: Bool { values.allSatisfy(\.isFinite) && bias.allSatisfy(\.isFinite) }

    /// Multiplies the weights by a factor for each output channel, not the bias.
    mutating func scaleOutputs(_ factors: [Float]) {
        for index in values.indices { values[index] *= factors[output(index)] }
    }

    /// Multiplies the weights by a factor for each input channel.
    mutating func scaleInputs(_ factors: [Float]) {
        for index in values.indices { values[index] *= factors[input(index)] }
    }

    /// The largest magnitude of the weights of each output channel.
    var outputReach: [Float] { reach(outputCount, output) }
    /// The largest magnitude of the weights of each input channel.
    var inputReach: [Float] { reach(inputCount, input) }

    private func reach(_ count: Int, _ channel: (Int) -> Int) -> [Float] {
        var reach = [Float](repeating: 0, count: count)
        for (index, value) in values.enumerated() {
            reach[channel(index)] = max(reach[channel(index)], abs(value))
        }
        return reach
    }

    /// What a constant added to each input channel adds to each output, where no tap is padding.
    func sums(ofInputs constants: [Float]) -> [Double] {
        var sums = [Double](repeating: 0, count: outputCount)
        for (index, value) in values.enumerated() {
            sums[output(index)] += Double(value) * Double(constants[input(index)])
        }
        return sums
    }

    /// Gives the node new constants with these weights and this bias.
    ///
    /// The old constants stay, since other nodes may share them.
    func store(in rewrite: inout GraphRewrite, node index: Int) {
        let node = rewrite.graph.nodes[index]
        guard let id = node.inputs[1] else { return }
        let old = node.inputs.count > 2 ? node.inputs[2] : nil
        let name = old.map { rewrite.graph[$0].name } ?? "\(node.name).bias"
        let weights = rewrite.addConstant(
            values,
            shape: rewrite.graph[id].shape,
            name: rewrite.graph[id].name
        )
        let stored = rewrite.addConstant(bias, shape: [outputCount], name: name)
        rewrite.graph.nodes[index].inputs = [node.inputs[0], weights, stored]
    }
}
