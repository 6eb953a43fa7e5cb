import ModelGraph

/// Builds the integer graph: every tensor of the float graph keeps its identifier, new tensors and
/// requantizations are added.
struct GraphQuantizer {
    private(set) var graph: Graph
    private(set) var decisions: [Decision] = []
    /// Signal to noise of the weights, by the name of the node.
    private(set) var weightNoise: [String: SignalNoise] = [:]
    /// The bits of the weights, by the name of the node.
    private(set) var weightBits: [String: Scheme.WeightBits] = [:]
    let ranges: ActivationRanges
    private let float: GraphRewrite

    /// - Parameters:
    ///   - float: the float graph, each of its activation constants read by one node.
    ///   - ranges: the quantizations of its activations.
    ///   - weightBits: the bits of the weights of all products but the first and the last.
    /// - Throws: `QuantizationError.constantNotFinite` for weights that are NaN or infinite.
    init(
        _ float: Graph,
        _ ranges: ActivationRanges,
        weightBits: Scheme.WeightBits = .eight
    ) throws(QuantizationError) {
        graph = float
        let products = float.nodes.indices.filter { float.nodes[$0].operator.isProduct }
        let ends = Set([products.first, products.last])
        self.ranges = ranges
        self.float = GraphRewrite(float)
        quantizeActivations()
        var nodes: [Node] = []
        for (index, node) in float.nodes.enumerated() {
            var node = node
            if node.operator.isProduct {
                try quantizeProduct(&node, ends.contains(index) ? .eight : weightBits)
            }
            for place in ranges.groups.requantized where place.node == index {
                if let inserted = requantization(of: place.input, &node) { nodes.append(inserted) }
            }
            if case .pad(let before, let after, let fill?) = node.operator {
                let stored = storedFill(fill, node.outputs[0])
                node.operator = .pad(before: before, after: after, fill: stored)
            }
            nodes.append(node)
        }
        graph.nodes = nodes
    }

    private mutating func quantizeActivations() {
        for index in graph.tensors.indices {
            guard let quantization = ranges.quantizations[index] else { continue }
            let values = float.reals(TensorID(index))
            let type = ranges.type(index)
            graph.tensors[index].type = type
            graph.tensors[index].quantization = quantization
            graph.tensors[index].constant = values?.flatMap { value -> [UInt8] in
                let stored = StoredRange.stored(Double(value), quantization, type)
                return LittleEndian.lowBytes(of: Int64(stored), count: type.sizeBytes)
            }
        }
    }

    private mutating func quantizeProduct(
        _ node: inout Node,
        _ weightBits: Scheme.WeightBits
    ) throws(QuantizationError) {
        guard let weights = node.inputs[1], let x = node.inputs[0],
            let scale = ranges.quantizations[x.index]?.scales[0],
            let product = ProductWeights(node, in: float)
        else { preconditionFailure("'\(node.name)' has float constants, as proved") }
        let name = float.graph[weights].name
        guard product.isFinite else { throw .constantNotFinite(tensor: name) }
        let bias = node.inputs.count > 2 ? node.inputs[2].map { float.graph[$0].name } : nil
        var axis = 0
        if case .depthwiseConvolution2D = node.operator { axis = 3 }
        let stored = StoredProduct(
            product,
            names: (name, bias ?? "\(node.name).bias"),
            shape: float.graph[weights].shape,
            axis: axis,
            inputScale: scale,
            isWide: ranges.type(x.index) == .int16,
            bits: weightBits
        )
        node.inputs = [x, graph.add(stored.weights), graph.add(stored.bias)]
        weightNoise[node.name] = stored.weightNoise
        self.weightBits[node.name] = weightBits
        if stored.raisedCount > 0 {
            let reason = "the scale of \(stored.raisedCount) channel(s), so that the bias fits"
            decisions.append(Decision(kind: .raised, place: node.name, reason: reason))
        }
    }

    /// Gives one operand the quantization of the output, by a node of its own.
    private mutating func requantization(of number: Int, _ node: inout Node) -> Node? {
        guard let input = node.inputs[number],
            let quantization = ranges.quantizations[node.outputs[0].index],
            graph[input].quantization != quantization
        else { return nil }
        let name = "\(node.name).requantize\(number)"
        let copy = graph.add(
            Tensor(
                name: "\(graph[input].name).requantized",
                shape: graph[input].shape,
                type: ranges.type(node.outputs[0].index),
                quantization: quantization
            )
        )
        decisions.append(
            Decision(
                kind: .requantized,
                place: graph[input].name,
                reason: "for '\(node.name)', since it has a scale of its own elsewhere"
            )
        )
        node.inputs[number] = copy
        return Node(name: name, operator: .requantize, inputs: [input], outputs: [copy])
    }

    /// The stored integer of a fill value, which a float graph gives as a whole real number.
    private func storedFill(_ fill: Int32, _ output: TensorID) -> Int32? {
        ranges.quantizations[output.index].map {
            StoredRange.stored(Double(fill), $0, ranges.type(output.index))
        }
    }

    /// Gives a product weights that are rounded by what its inputs are.
    ///
    /// - Parameters:
    ///   - index: a product's place among the nodes.
    ///   - truth: the float node that it stands for.
    ///   - rounding: how the weights of an output channel are rounded; `nil` leaves them.
    mutating func roundWeights(
        ofNode index: Int,
        truth: Node,
        by rounding: (_ channel: Int) -> CompensatedRounding?
    ) {
        let node = graph.nodes[index]
        guard let id = node.inputs[1], let scales = graph[id].quantization?.scales,
            var bytes = graph[id].constant, let reals = ProductWeights(truth, in: float)
        else { return }
        let largest = (weightBits[node.name] ?? .eight).largest
        let places = reals.placesByOutput
        let roundings = places.indices.map(rounding)
        let stored = Computation.onAllCores(places.count) { channel -> [Int8]? in
            roundings[channel]?.rounded(
                places[channel].map { Double(reals.values[$0]) },
                step: Double(scales[channel % scales.count]),
                largest: largest
            )
        }
        for (channel, integers) in stored.enumerated() {
            for (place, integer) in zip(places[channel], integers ?? []) {
                bytes[place] = UInt8(bitPattern: integer)
            }
        }
        graph[id].constant = bytes
        var noise = SignalNoise()
        for (channel, row) in places.enumerated() {
            let step = Double(scales[channel % scales.count])
            for place in row {
                noise.add(
                    Double(reals.values[place]),
                    Double(Int8(bitPattern: bytes[place])) * step
                )
            }
        }
        weightNoise[node.name] = noise
    }

    /// Adds to the bias of a product.
    ///
    /// - Parameters:
    ///   - index: a product's place among the nodes.
    ///   - shift: what to add to each output channel, in real numbers.
    mutating func shiftBias(ofNode index: Int, by shift: [Double]) {
        guard let (id, steps) = graph.biasSteps(of: graph.nodes[index]) else { return }
        let words = graph.storedBias(id) ?? []
        graph[id].constant = StoredProduct.biasBytes(
            words.indices.map { words[$0] + shift[$0] / steps[$0] },
            isWide: graph[id].type == .int64
        )
    }
}

extension Graph {
    /// The bias of a quantized product, and the real number of one step of each element.
    func biasSteps(of node: Node) -> (TensorID, [Double])? {
        guard node.operator.isProduct, node.inputs.count == 3, let bias = node.inputs[2],
            storedBias(bias) != nil,
            let input = node.inputs[0].flatMap({ self[$0].quantization }),
            let weights = node.inputs[1].flatMap({ self[$0].quantization })
        else { return nil }
        return (bias, weights.scales.map { Double(input.scales[0]) * Double($0) })
    }
}
