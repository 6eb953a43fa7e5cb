import ModelGraph

/// A tensor as a transpose of another: dimension `i` is dimension `permutation[i]` of `source`.
private struct TransposedView: Hashable {
    let source: TensorID
    let permutation: [Int]

    var isIdentity: Bool { permutation == Array(permutation.indices) }
}

extension Graph {
    /// The same function with transposes moved towards the outputs until they cancel.
    ///
    /// A transpose is not written where it stands, only noted; operators that work in any layout
    /// run on its source instead, and what remains is written where a reader needs it.
    func sinkingTransposes() -> Graph {
        var pass = TransposeSinking(graph: self)
        pass.run()
        return pass.graph
    }
}

private struct TransposeSinking {
    var graph: Graph
    private var views: [TensorID: TransposedView] = [:]
    /// Tensors that are a transpose in which each batch was then read as one row.
    private var rows: [TensorID: TransposedView] = [:]
    private var written: [TransposedView: TensorID] = [:]
    /// Constants under a shape with dimensions of 1 in front, by rank.
    private var padded: [TensorID: [Int: TensorID]] = [:]
    /// The bytes of constants that were written in another order, and the most.
    private var movedSizeBytes = 0
    private static let movedSizeBytesMax = 1 << 30
    private var nodes: [Node] = []

    init(graph: Graph) { self.graph = graph }

    mutating func run() {
        for node in graph.nodes { rewrite(node) }
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

    // MARK: Views

    private func view(_ id: TensorID) -> TransposedView {
        views[id]
            ?? TransposedView(source: id, permutation: Array(graph[id].shape.indices))
    }

    /// A tensor that holds the view's elements, writing a transpose where there is none yet.
    private mutating func resolve(_ id: TensorID) -> TensorID {
        if let row = rows[id] {
            let moved = write(row)
            rows[id] = nil
            nodes.append(Node(name: "rows", operator: .reshape, inputs: [moved], outputs: [id]))
            return id
        }
        return write(view(id))
    }

    private mutating func write(_ view: TransposedView) -> TensorID {
        if view.isIdentity { return view.source }
        if let id = written[view] { return id }
        let source = graph[view.source]
        let size = source.sizeBytes
        if source.constant != nil, size <= Self.movedSizeBytesMax - movedSizeBytes {
            movedSizeBytes += size
            let id = graph.addTransposed(view.source, view.permutation)
            written[view] = id
            return id
        }
        var tensor = source
        tensor.constant = nil
        tensor.name = "\(source.name) transposed"
        tensor.shape = view.permutation.map { source.shape[$0] }
        let id = graph.add(tensor)
        let operation: Operator =
            isFree(view) ? .reshape : .transpose(permutation: view.permutation)
        let node = Node(
            name: tensor.name,
            operator: operation,
            inputs: [view.source],
            outputs: [id]
        )
        nodes.append(node)
        written[view] = id
        return id
    }

    /// Whether the elements keep their order: only extents of 1 move.
    private func isFree(_ view: TransposedView) -> Bool {
        let shape = graph[view.source].shape
        let moving = view.permutation.filter { shape[$0] != 1 }
        return zip(moving, moving.dropFirst()).allSatisfy { $0 < $1 }
    }

    // MARK: Nodes

    private mutating func rewrite(_ node: Node) {
        switch node.operator {
        case .transpose(let permutation):
            if let input = node.inputs[0], rows[input] == nil {
                let view = view(input)
                views[node.outputs[0]] = TransposedView(
                    source: view.source,
                    permutation: permutation.map { view.permutation[$0] }
                )
                return
            }
        case .reshape: if noteRows(node) { return }
        case .fullyConnected: if absorb(node) { return }
        case .unary, .quantize, .dequantize, .requantize:
            if let input = node.inputs[0], let row = rows[input] {
                let moved = runOnSource(node, [row.source], shape: graph[row.source].shape)
                rows[node.outputs[0]] = TransposedView(
                    source: moved,
                    permutation: row.permutation
                )
                return
            }
        default: break
        }
        if sink(node) { return }
        var kept = node
        kept.inputs = node.inputs.map { input in input.map { resolve($0) } }
        nodes.append(kept)
    }

    /// Writes the node on other inputs; its output has another shape.
    private mutating func runOnSource(
        _ node: Node,
        _ inputs: [TensorID?],
        operator operation: Operator? = nil,
        shape: [Int]
    ) -> TensorID {
        var tensor = graph[node.outputs[0]]
        tensor.shape = shape
        let id = graph.add(tensor)
        var moved = node
        moved.operator = operation ?? node.operator
        moved.inputs = inputs
        moved.outputs = [id]
        nodes.append(moved)
        return id
    }

    // MARK: Rows for dot products

    /// Notes a reshape of a transposed tensor to rows, in case weights can follow the order.
    private mutating func noteRows(_ node: Node) -> Bool {
        guard let input = node.inputs[0], rows[input] == nil else { return false }
        let view = view(input)
        let output = graph[node.outputs[0]].shape
        let shape = graph[input].shape
        guard !view.isIdentity, !isFree(view), view.permutation.first == 0, output.count == 2,
            output[0] == shape[0]
        else { return false }
        rows[node.outputs[0]] = view
        return true
    }

    /// A dot product on such rows: its weights take the order of the source.
    private mutating func absorb(_ node: Node) -> Bool {
        guard let input = node.inputs[0], let row = rows[input], let weights = node.inputs[1],
            graph[weights].constant != nil, graph[weights].shape[1] == graph[input].shape[1]
        else { return false }
        let channels = graph[weights].shape[0]
        let seen = row.permutation.dropFirst().map { graph[row.source].shape[$0] }
        let image = graph.addReshaped(weights, channels: channels, seen)
        let ordered = graph.addTransposed(image, row.permutation.inverse)
        let flat = graph.addReshaped(ordered, channels: channels, [graph[input].shape[1]])
        var tensor = graph[input]
        tensor.name = "\(graph[row.source].name) as rows"
        let source = graph.add(tensor)
        nodes.append(
            Node(name: tensor.name, operator: .reshape, inputs: [row.source], outputs: [source])
        )
        var moved = node
        moved.inputs[0] = source
        moved.inputs[1] = flat
        nodes.append(moved)
        return true
    }

    // MARK: Sinking

    private mutating func sink(_ node: Node) -> Bool {
        guard node.outputs.count == 1 else { return false }
        switch node.operator {
        case .unary, .quantize, .dequantize, .requantize, .binary, .prelu, .select:
            return sinkElementwise(node) { _ in node.operator }
        case .concatenation(let axis):
            return sinkElementwise(node) { .concatenation(axis: $0[axis]) }
        case .pad(let before, let after, let fill):
            return sinkElementwise(node) {
                .pad(before: $0.placing(before), after: $0.placing(after), fill: fill)
            }
        case .tile(let multiples):
            return sinkElementwise(node) { .tile(multiples: $0.placing(multiples)) }
        case .slice(let begin, let strides, let sizes):
            guard graph[node.outputs[0]].shape == sizes else { return false }
            return sinkElementwise(node) {
                .slice(
                    begin: $0.placing(begin),
                    strides: $0.placing(strides),
                    sizes: $0.placing(sizes)
                )
            }
        case .softmax, .logSoftmax, .layerNormalization: return sinkLastDimension(node)
        case .reduce(let kind, let axes, let keeps): return sinkReduction(node, kind, axes, keeps)
        case .argMax(let axis): return sinkArgMax(node, axis)
        default: return false
        }
    }

    /// Runs an operator that treats dimensions alike on the sources of its inputs.
    private mutating func sinkElementwise(
        _ node: Node,
        _ rebuild: ([Int]) -> Operator
    ) -> Bool {
        let output = graph[node.outputs[0]].shape
        guard let permutation = commonPermutation(node, rank: output.count) else { return false }
        var inputs: [TensorID?] = []
        for case let input? in node.inputs {
            inputs.append(moved(input, permutation, rank: output.count))
        }
        let id = runOnSource(
            node,
            inputs,
            operator: rebuild(permutation),
            shape: permutation.placing(output)
        )
        views[node.outputs[0]] = TransposedView(source: id, permutation: permutation)
        return true
    }

    /// The permutation of the largest transposed input, if the others follow cheaply.
    private func commonPermutation(_ node: Node, rank: Int) -> [Int]? {
        let inputs = node.inputs.compactMap { $0 }
        guard inputs.allSatisfy({ rows[$0] == nil }) else { return nil }
        let candidates = inputs.filter { id in
            let view = view(id)
            return !view.isIdentity && view.permutation.count == rank
        }
        let largest = candidates.max { graph[$0].elementCount < graph[$1].elementCount }
        guard let largest else { return nil }
        let permutation = view(largest).permutation
        var gain = 0
        for input in inputs where graph[input].constant == nil {
            let view = view(input)
            if view.permutation == permutation {
                gain += graph[input].elementCount
            } else if !isFreeMove(input, permutation, rank: rank) {
                gain -= graph[input].elementCount
            }
        }
        return gain > 0 ? permutation : nil
    }

    /// The view of an input of lower rank with dimensions of 1 in front, undone by `permutation`.
    private func isFreeMove(_ id: TensorID, _ permutation: [Int], rank: Int) -> Bool {
        let own = view(id)
        guard own.permutation.count == rank else {
            let shape = [Int](repeating: 1, count: rank - own.permutation.count) + graph[id].shape
            let moving = permutation.inverse.filter { shape[$0] != 1 }
            return own.isIdentity && zip(moving, moving.dropFirst()).allSatisfy { $0 < $1 }
        }
        return isFree(
            TransposedView(
                source: own.source,
                permutation: permutation.inverse.map { own.permutation[$0] }
            )
        )
    }

    /// The tensor whose transpose by `permutation` is the input.
    private mutating func moved(_ id: TensorID, _ permutation: [Int], rank: Int) -> TensorID {
        let own = view(id)
        if own.permutation == permutation { return own.source }
        if graph[id].elementCount == 1 && graph[id].constant != nil { return id }
        if own.permutation.count == rank {
            return write(
                TransposedView(
                    source: own.source,
                    permutation: permutation.inverse.map { own.permutation[$0] }
                )
            )
        }
        let missing = [Int](repeating: 1, count: rank - own.permutation.count)
        let shape = missing + graph[id].shape
        let wider: TensorID
        if graph[id].constant != nil {
            wider = padded[id]?[rank] ?? graph.addReshaped(id, shape)
            padded[id, default: [:]][rank] = wider
        } else {
            var tensor = graph[id]
            tensor.shape = shape
            wider = graph.add(tensor)
            let source = resolve(id)
            nodes.append(
                Node(name: tensor.name, operator: .reshape, inputs: [source], outputs: [wider])
            )
        }
        return write(TransposedView(source: wider, permutation: permutation.inverse))
    }

    private mutating func sinkLastDimension(_ node: Node) -> Bool {
        guard let input = node.inputs[0], rows[input] == nil else { return false }
        let view = view(input)
        let last = view.permutation.count - 1
        guard !view.isIdentity, view.permutation.last == last else { return false }
        let id = runOnSource(
            node,
            [view.source] + node.inputs.dropFirst(),
            shape: graph[view.source].shape
        )
        views[node.outputs[0]] = TransposedView(source: id, permutation: view.permutation)
        return true
    }

    private mutating func sinkReduction(
        _ node: Node,
        _ kind: Reduction,
        _ axes: [Int],
        _ keeps: Bool
    ) -> Bool {
        guard let input = node.inputs[0], rows[input] == nil else { return false }
        let view = view(input)
        guard !view.isIdentity else { return false }
        let places = axes.map { view.permutation[$0] }.sorted()
        let source = graph[view.source].shape
        let shape = source.indices.compactMap { index -> Int? in
            places.contains(index) ? (keeps ? 1 : nil) : source[index]
        }
        let id = runOnSource(
            node,
            [view.source],
            operator: .reduce(kind, axes: places, keepsDimensions: keeps),
            shape: shape
        )
        views[node.outputs[0]] = TransposedView(
            source: id,
            permutation: keeps ? view.permutation : view.permutation.removing(places)
        )
        return true
    }

    private mutating func sinkArgMax(_ node: Node, _ axis: Int) -> Bool {
        guard let input = node.inputs[0], rows[input] == nil else { return false }
        let view = view(input)
        guard !view.isIdentity else { return false }
        let place = view.permutation[axis]
        var shape = graph[view.source].shape
        shape.remove(at: place)
        let id = runOnSource(node, [view.source], operator: .argMax(axis: place), shape: shape)
        views[node.outputs[0]] = TransposedView(
            source: id,
            permutation: view.permutation.removing([place])
        )
        return true
    }
}

extension [Int] {
    /// The permutation that undoes this one.
    var inverse: [Int] {
        var result = self
        for (place, value) in enumerated() { result[value] = place }
        return result
    }

    /// Values of the transposed dimensions at the places of the source's dimensions.
    func placing(_ values: [Int]) -> [Int] {
        var result = values
        for (place, value) in enumerated() { result[value] = values[place] }
        return result
    }

    /// The permutation of what is left when the dimensions `places` of the source are gone.
    fileprivate func removing(_ places: [Int]) -> [Int] {
        let left = sorted().filter { !places.contains($0) }
        return compactMap { left.firstIndex(of: $0) }
    }
}
