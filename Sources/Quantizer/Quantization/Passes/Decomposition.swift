import ModelGraph

extension GraphRewrite {
    /// Replaces operators that have no integer kernel, or a coarse one, by others that compute the
    /// same.
    mutating func decompose() {
        replaceNodes { rewrite, node in
            let new = rewrite.decomposition(of: node)
            if let new {
                let names = new.map(\.operator.name).joined(separator: ", ")
                rewrite.record(.replaced, node.name, "\(node.operator.name) by \(names)")
            }
            return new
        }
    }

    private mutating func decomposition(of node: Node) -> [Node]? {
        switch node.operator {
        case .binary(let kind, let activation): binaryDecomposition(node, kind, activation)
        case .averagePool2D(let height, let width, let window, .none):
            globalPool(node, height, width, window)
        case .reduce(let kind, let axes, let keeps): reduction(node, kind, axes, keeps)
        case .prelu: leakyRelu(node)
        case .batchMatMul(false, let isTransposed): denseProduct(node, isTransposed)
        default: nil
        }
    }

    private mutating func binaryDecomposition(
        _ node: Node,
        _ kind: BinaryOperator,
        _ activation: Activation
    ) -> [Node]? {
        guard let a = node.inputs[0], let b = node.inputs[1] else { return nil }
        var new = node
        let scalar = reals(b).flatMap { $0.count == 1 ? $0[0] : nil }
        let isSameShape = graph[a].shape == graph[node.outputs[0]].shape
        switch kind {
        case .divide:
            guard let divisors = reals(b), !divisors.contains(0) else { return nil }
            let factors = divisors.map { 1 / $0 }
            let id = addConstant(factors, shape: graph[b].shape, name: "1 / \(graph[b].name)")
            new.operator = .binary(.multiply, activation)
            new.inputs = [a, id]
        case .power:
            guard let scalar, activation == .none, isSameShape else { return nil }
            new.operator = .unary(scalar == 2 ? .square : .power(exponent: scalar))
            new.inputs = [a]
        case .maximum, .minimum:
            guard let scalar, activation == .none, isSameShape, scalar.isFinite else { return nil }
            let (low, high) = kind == .maximum ? (scalar, Float.infinity) : (-.infinity, scalar)
            new.operator = .unary(.clamp(low: low, high: high))
            new.inputs = [a]
        case .squaredDifference:
            guard activation == .none else { return nil }
            let shape = graph[node.outputs[0]].shape
            let difference = addActivation(shape: shape, name: "\(node.name).difference")
            new.operator = .unary(.square)
            new.inputs = [difference]
            let subtraction = Node(
                name: "\(node.name).difference",
                operator: .binary(.subtract, .none),
                inputs: [a, b],
                outputs: [difference]
            )
            return [subtraction, new]
        default: return nil
        }
        return [new]
    }

    /// A pool over the whole image is a mean, which may have a scale of its own.
    private func globalPool(
        _ node: Node,
        _ height: Int,
        _ width: Int,
        _ window: Window2D
    ) -> [Node]? {
        guard let x = node.inputs[0], graph[x].shape.count == 4, graph[x].shape[1] == height,
            graph[x].shape[2] == width, window.padding == Padding2D()
        else { return nil }
        var new = node
        new.operator = .reduce(.mean, axes: [1, 2], keepsDimensions: true)
        return [new]
    }

    /// A sum is a mean times the count; an extreme over neighbouring axes is a pool of a reshaped
    /// image.
    private mutating func reduction(
        _ node: Node,
        _ kind: Reduction,
        _ axes: [Int],
        _ keeps: Bool
    ) -> [Node]? {
        guard let x = node.inputs[0], let first = axes.first else { return nil }
        let (shape, output) = (graph[x].shape, graph[node.outputs[0]].shape)
        switch kind {
        case .mean: return nil
        case .sum:
            guard !output.isEmpty else { return nil }
            let count = Float(axes.reduce(1) { $0 * shape[$1] })
            let mean = addActivation(shape: output, name: "\(node.name).mean")
            let factor = addConstant([count], shape: [1], name: "\(node.name).count")
            var (one, two) = (node, node)
            one.name += ".mean"
            one.operator = .reduce(.mean, axes: axes, keepsDimensions: keeps)
            one.outputs = [mean]
            two.operator = .binary(.multiply, .none)
            two.inputs = [mean, factor]
            return [one, two]
        case .maximum, .minimum:
            guard axes == Array(first..<first + axes.count) else { return nil }
            return pool(node, x, first..<first + axes.count, isMinimum: kind == .minimum)
        }
    }

    /// The largest along neighbouring axes; `-max(-x)` for the smallest.
    private mutating func pool(
        _ node: Node,
        _ x: TensorID,
        _ axes: Range<Int>,
        isMinimum: Bool
    ) -> [Node] {
        let shape = graph[x].shape
        let output = graph[node.outputs[0]].shape
        let outer = shape[..<axes.lowerBound].reduce(1, *)
        let (count, inner) = (shape[axes].reduce(1, *), shape[axes.upperBound...].reduce(1, *))
        let window = Operator.maxPool2D(height: count, width: 1, Window2D(), .none)
        var steps: [(String, Operator, [Int])] = [
            ("image", .reshape, [outer, count, 1, inner]),
            ("pool", window, [outer, 1, 1, inner]), ("shape", .reshape, output),
        ]
        if isMinimum {
            steps.insert(("negated", .unary(.negate), shape), at: 0)
            steps.append(("minimum", .unary(.negate), output))
        }
        var nodes: [Node] = []
        var last = x
        for (index, (suffix, operation, shape)) in steps.enumerated() {
            let isLast = index == steps.count - 1
            let name = isLast ? node.name : "\(node.name).\(suffix)"
            let target = isLast ? node.outputs[0] : addActivation(shape: shape, name: name)
            nodes.append(
                Node(name: name, operator: operation, inputs: [last], outputs: [target])
            )
            last = target
        }
        return nodes
    }

    /// A slope that is the same everywhere.
    private func leakyRelu(_ node: Node) -> [Node]? {
        guard let slopes = reals(node.inputs[1]), let slope = slopes.first,
            slopes.allSatisfy({ $0 == slope }), slope >= 0
        else { return nil }
        var new = node
        new.operator = .unary(.leakyRelu(alpha: slope))
        new.inputs = [node.inputs[0]]
        return [new]
    }

    /// A product with a constant matrix is a dense product.
    private mutating func denseProduct(_ node: Node, _ isTransposed: Bool) -> [Node]? {
        guard let x = node.inputs[0], let id = node.inputs[1], graph[id].shape.count == 2,
            let values = reals(id), graph[x].shape.count == graph[node.outputs[0]].shape.count
        else { return nil }
        let (rows, columns) = (graph[id].shape[0], graph[id].shape[1])
        var (weights, shape) = (values, [rows, columns])
        if !isTransposed {
            weights = values.indices.map { values[$0 % rows * columns + $0 / rows] }
            shape = [columns, rows]
        }
        var new = node
        new.operator = .fullyConnected(.none)
        new.inputs = [x, addConstant(weights, shape: shape, name: graph[id].name)]
        return [new]
    }
}
