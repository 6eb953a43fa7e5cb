import ModelGraph

extension Graph {
    /// The same function with fewer and better nodes.
    ///
    /// Patterns become single operators, transposes are moved and cancelled, reshapes merged,
    /// constant factors folded into weights, activations fused, and quantized regions made
    /// integer. Whatever no output needs falls away.
    func optimized() throws(GraphError) -> Graph {
        var graph = pruned()
        graph = graph.fusingPatterns().pruned()
        graph = graph.sinkingTransposes().pruned()
        graph = graph.mergingReshapes().pruned()
        graph = graph.foldingFactors().pruned()
        graph = graph.fusingActivations().pruned()
        graph = graph.foldingQuantization().pruned()
        return graph.compacted()
    }

    /// Without the nodes that no output needs.
    func pruned() -> Graph {
        var isNeeded = [Bool](repeating: false, count: tensors.count)
        for port in outputs { isNeeded[port.tensor.index] = true }
        var kept: [Node] = []
        for node in nodes.reversed() where node.outputs.contains(where: { isNeeded[$0.index] }) {
            kept.append(node)
            for case let input? in node.inputs { isNeeded[input.index] = true }
        }
        var graph = self
        graph.nodes = kept.reversed()
        return graph
    }

    /// Without the tensors that nothing names.
    func compacted() -> Graph {
        var places = [Int?](repeating: nil, count: tensors.count)
        var kept: [Tensor] = []
        func place(_ id: TensorID) -> TensorID {
            if let known = places[id.index] { return TensorID(known) }
            places[id.index] = kept.count
            kept.append(tensors[id.index])
            return TensorID(kept.count - 1)
        }
        var graph = Graph(name: name)
        graph.inputs = inputs.map {
            Port(name: $0.name, tensor: place($0.tensor), externalType: $0.externalType)
        }
        graph.nodes = nodes.map { node in
            var node = node
            node.inputs = node.inputs.map { $0.map(place) }
            node.outputs = node.outputs.map(place)
            return node
        }
        graph.outputs = outputs.map {
            Port(name: $0.name, tensor: place($0.tensor), externalType: $0.externalType)
        }
        graph.tensors = kept
        return graph
    }

    /// How often each tensor is read, by nodes or as an output.
    func readCounts() -> [Int] {
        var counts = [Int](repeating: 0, count: tensors.count)
        for node in nodes {
            for case let input? in node.inputs { counts[input.index] += 1 }
        }
        for port in outputs { counts[port.tensor.index] += 1 }
        return counts
    }

    /// The numbers of a float32 constant; `nil` for every other tensor.
    func floats(_ id: TensorID?) -> [Float]? {
        guard let id, let bytes = self[id].constant, self[id].type == .float32 else { return nil }
        return bytes.withUnsafeBytes { raw in
            (0..<raw.count / 4).map { raw.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self) }
        }
    }

    /// The number of a float32 constant of one element.
    func scalar(_ id: TensorID?) -> Float? {
        guard let id, self[id].constant != nil, self[id].elementCount == 1 else { return nil }
        return floats(id)?.first
    }

    /// Adds a float32 constant.
    mutating func add(floats: [Float], shape: [Int], name: String) -> TensorID {
        add(
            Tensor(
                name: name,
                shape: shape,
                type: .float32,
                constant: floats.withUnsafeBytes { Array($0) }
            )
        )
    }

    /// Adds a constant whose dimension `i` is dimension `permutation[i]` of another's.
    mutating func addTransposed(_ id: TensorID, _ permutation: [Int]) -> TensorID {
        var tensor = self[id]
        guard let bytes = tensor.constant else { return id }
        let size = tensor.type.sizeBytes
        tensor.constant = tensor.shape.sourceIndices(permutation: permutation).flatMap {
            bytes[$0 * size..<($0 + 1) * size]
        }
        tensor.shape = permutation.map { tensor.shape[$0] }
        if var quantization = tensor.quantization, !quantization.isPerTensor {
            quantization.axis = permutation.firstIndex(of: quantization.axis) ?? 0
            tensor.quantization = quantization
        }
        return add(tensor)
    }

    /// Adds a constant with the same elements under another shape, which must keep the extent
    /// and the place from the end of a channel axis.
    mutating func addReshaped(_ id: TensorID, _ shape: [Int]) -> TensorID {
        var tensor = self[id]
        if var quantization = tensor.quantization, !quantization.isPerTensor {
            quantization.axis += shape.count - tensor.shape.count
            tensor.quantization = quantization
        }
        tensor.shape = shape
        return add(tensor)
    }

    /// Adds constant weights `[O, ...]` with the dimensions behind the first in another form.
    mutating func addReshaped(
        _ id: TensorID,
        channels: Int,
        _ rest: [Int]
    ) -> TensorID {
        var tensor = self[id]
        tensor.shape = [channels] + rest
        return add(tensor)
    }
}
