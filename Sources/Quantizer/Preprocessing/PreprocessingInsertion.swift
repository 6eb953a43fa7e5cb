import ModelGraph

extension GraphRewrite {
    /// Puts the nodes of one transform behind an input.
    ///
    /// Each node goes as near to the first layer as it may, past nodes that only move elements, so
    /// that it can fold: the subtraction past transposes and reshapes, the multiplication past
    /// padding with zeros too. One offset of a byte input stays at the input itself, where it is a
    /// zero point.
    mutating func insert(
        _ transform: ChannelTransform,
        _ declared: InputPreprocessing,
        at index: Int,
        shape: [Int]
    ) {
        let name = graph.inputs[index].name
        graph.inputs[index].externalType = declared.type.dataType
        var place = ChannelPlace(tensor: graph.inputs[index].tensor, axis: transform.axis)
        if let layout = declared.layout {
            place = insertTranspose(layout, at: index, shape: shape, from: place)
        }
        if transform.offsets.contains(where: { $0 != 0 }) {
            if declared.type != .float32, let offset = transform.uniformOffset {
                let raw = ChannelPlace(
                    tensor: graph.inputs[index].tensor,
                    axis: transform.axis
                )
                let shifted = insertBinary(.subtract, [offset], "\(name).mean", raw)
                if place.tensor == raw.tensor { place.tensor = shifted }
            } else {
                place.advance(in: self, isUniform: transform.isUniform, passesPadding: false)
                place.tensor = insertBinary(.subtract, transform.offsets, "\(name).mean", place)
            }
        }
        if transform.factors.contains(where: { $0 != 1 }) {
            place.advance(in: self, isUniform: transform.isUniform, passesPadding: true)
            _ = insertBinary(.multiply, transform.factors, "\(name).scale", place)
        }
    }

    /// Makes the input take the raw layout; a transpose of the model that undoes the change goes
    /// together with it.
    private mutating func insertTranspose(
        _ layout: InputPreprocessing.Layout,
        at index: Int,
        shape: [Int],
        from place: ChannelPlace
    ) -> ChannelPlace {
        let port = graph.inputs[index]
        let raw = addActivation(shape: shape, name: "\(graph[port.tensor].name).raw")
        graph.inputs[index].tensor = raw
        var place = place
        place.tensor = raw
        if let reader = soleReader(of: port.tensor),
            case .transpose(let undoing) = graph.nodes[reader].operator,
            undoing.map({ layout.permutation[$0] }) == [0, 1, 2, 3],
            !graph.outputs.contains(where: { $0.tensor == graph.nodes[reader].outputs[0] })
        {
            let node = graph.nodes[reader]
            redirectReaders(of: node.outputs[0], to: raw)
            removeNode(reader)
            record(.removed, node.name, "with the layout change of input '\(port.name)'")
            return place
        }
        let node = Node(
            name: "\(port.name).layout",
            operator: .transpose(permutation: layout.permutation),
            inputs: [raw],
            outputs: [port.tensor]
        )
        graph.nodes.insert(node, at: 0)
        place.transpose(layout.permutation)
        place.tensor = port.tensor
        return place
    }

    private mutating func redirectReaders(of old: TensorID, to new: TensorID) {
        for (index, node) in graph.nodes.enumerated() {
            for (number, input) in node.inputs.enumerated() where input == old {
                graph.nodes[index].inputs[number] = new
            }
        }
    }

    /// Inserts a node between a tensor and all its readers.
    ///
    /// - Returns: the tensor that it writes.
    private mutating func insertBinary(
        _ kind: BinaryOperator,
        _ values: [Double],
        _ name: String,
        _ place: ChannelPlace
    ) -> TensorID {
        let shape = graph[place.tensor].shape
        var constantShape = [1]
        if values.count > 1 {
            constantShape = [values.count] + shape[(place.axis + 1)...].map { _ in 1 }
        }
        let constant = addConstant(
            values.map { Float($0) },
            shape: constantShape,
            name: name
        )
        let output = addActivation(shape: shape, name: "\(name).value")
        redirectReaders(of: place.tensor, to: output)
        for index in graph.outputs.indices where graph.outputs[index].tensor == place.tensor {
            graph.outputs[index].tensor = output
        }
        let node = Node(
            name: name,
            operator: .binary(kind, .none),
            inputs: [place.tensor, constant],
            outputs: [output]
        )
        let producer = producers()[place.tensor]
        graph.nodes.insert(node, at: producer.map { $0 + 1 } ?? 0)
        return output
    }
}

/// A tensor on the way from an input, and the dimension of its channels there.
private struct ChannelPlace {
    var tensor: TensorID
    private(set) var axis: Int

    init(tensor: TensorID, axis: Int) {
        self.tensor = tensor
        self.axis = axis
    }

    /// Follows the channels through a transpose.
    mutating func transpose(_ permutation: [Int]) {
        axis = permutation.firstIndex(of: axis) ?? axis
    }

    /// Walks on while one node reads the tensor and only moves its elements.
    mutating func advance(in rewrite: GraphRewrite, isUniform: Bool, passesPadding: Bool) {
        while let reader = rewrite.soleReader(of: tensor) {
            let node = rewrite.graph.nodes[reader]
            let shape = rewrite.graph[tensor].shape
            let output = rewrite.graph[node.outputs[0]].shape
            switch node.operator {
            case .transpose(let permutation): transpose(permutation)
            case .reshape:
                guard isUniform || reshape(shape, output) else { return }
            case .pad(_, _, let fill):
                guard passesPadding, fill == nil || fill == 0 else { return }
            default: return
            }
            tensor = node.outputs[0]
        }
    }

    /// Follows the channels through a reshape that adds or drops dimensions of size 1.
    private mutating func reshape(_ shape: [Int], _ output: [Int]) -> Bool {
        let before = shape.indices.filter { shape[$0] != 1 }
        let after = output.indices.filter { output[$0] != 1 }
        guard before.map({ shape[$0] }) == after.map({ output[$0] }),
            let place = before.firstIndex(of: axis)
        else { return false }
        axis = after[place]
        return true
    }
}

extension InputPreprocessing.RawType {
    /// The type that callers give.
    var dataType: DataType {
        switch self {
        case .uint8: .uint8
        case .int8: .int8
        case .float32: .float32
        }
    }

    /// The real numbers that the stored bytes stand for; `nil` for real numbers.
    public var range: ClosedRange<Double>? {
        switch self {
        case .uint8: 0...255
        case .int8: -128...127
        case .float32: nil
        }
    }
}
