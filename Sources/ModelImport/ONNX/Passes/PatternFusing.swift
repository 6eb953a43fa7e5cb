import ModelGraph

extension Graph {
    /// The same function with groups of operators replaced by the one that they spell.
    func fusingPatterns() -> Graph {
        var pass = PatternFusing(graph: self)
        pass.run()
        return pass.graph
    }
}

/// Recognises activations and layer normalization behind their exporters' spellings.
///
/// A match replaces the last operator of the group alone; the others fall away when nothing else
/// reads them.
struct PatternFusing {
    var graph: Graph
    private var writers: [TensorID: Int] = [:]
    private var nodes: [Node] = []

    init(graph: Graph) { self.graph = graph }

    mutating func run() {
        for node in graph.nodes {
            var node = node
            if let (operation, inputs) = replacement(of: node) {
                node.operator = operation
                node.inputs = inputs
            }
            for output in node.outputs { writers[output] = nodes.count }
            nodes.append(node)
        }
        graph.nodes = nodes
    }

    private mutating func replacement(of node: Node) -> (Operator, [TensorID?])? {
        switch node.operator {
        case .binary(.multiply, .none), .binary(.divide, .none):
            if let (kind, input) = activation(node) { return (.unary(kind), [input]) }
            return layerNormalization(node).map { ($0.operator, $0.inputs) }
        case .binary(.add, .none): return shiftedNormalization(node)
        default: return nil
        }
    }

    // MARK: Reading the graph

    /// The node that writes a tensor.
    func writer(_ id: TensorID?) -> Node? { id.flatMap { writers[$0] }.map { nodes[$0] } }

    /// The input of a unary operator of one kind.
    func input(of id: TensorID?, _ kind: UnaryOperator) -> TensorID? {
        guard let node = writer(id), case .unary(let found) = node.operator, found == kind else {
            return nil
        }
        return node.inputs[0]
    }

    /// The inputs of a binary operator of one kind.
    func inputs(of id: TensorID?, _ kind: BinaryOperator) -> (TensorID, TensorID)? {
        guard let node = writer(id), case .binary(kind, .none) = node.operator,
            let a = node.inputs[0], let b = node.inputs[1]
        else { return nil }
        return (a, b)
    }

    /// The other summand of a sum with a number close to `value`.
    private func summand(of id: TensorID?, beside value: Float) -> TensorID? {
        guard let (a, b) = inputs(of: id, .add) else { return nil }
        if isClose(b, value) { return a }
        return isClose(a, value) ? b : nil
    }

    private func isClose(_ id: TensorID, _ value: Float) -> Bool {
        graph.scalar(id).map { abs($0 - value) <= abs(value) * 1e-4 } ?? false
    }

    /// The other factor of a product with a number, and the number.
    private func scaled(_ id: TensorID?) -> (TensorID, Float)? {
        guard let (a, b) = inputs(of: id, .multiply) else { return nil }
        if let factor = graph.scalar(b) { return (a, factor) }
        return graph.scalar(a).map { (b, $0) }
    }

    // MARK: Activations

    /// The factors of a product of products, numbers multiplied together.
    private func factors(_ node: Node) -> (variable: [TensorID], number: Float) {
        var variable: [TensorID] = []
        var number: Float = 1
        func collect(_ id: TensorID, depth: Int) {
            if let value = graph.scalar(id) {
                number *= value
            } else if depth < 3, let (a, b) = inputs(of: id, .multiply) {
                collect(a, depth: depth + 1)
                collect(b, depth: depth + 1)
            } else {
                variable.append(id)
            }
        }
        for case let input? in node.inputs { collect(input, depth: 0) }
        return (variable, number)
    }

    private func activation(_ node: Node) -> (UnaryOperator, TensorID)? {
        guard case .binary(.multiply, .none) = node.operator else { return nil }
        let (variable, number) = factors(node)
        let shape = graph[node.outputs[0]].shape
        if variable.count == 1 {
            // relu6(x + 3) / 6 is a hard sigmoid.
            guard abs(number - 1 / 6) < 1e-5, let sum = input(of: variable[0], .relu6),
                let x = summand(of: sum, beside: 3), graph[x].shape == shape
            else { return nil }
            return (.hardSigmoid(alpha: 1 / 6, beta: 0.5), x)
        }
        guard variable.count == 2 else { return nil }
        for (x, gate) in [(variable[0], variable[1]), (variable[1], variable[0])] {
            guard graph[x].shape == shape, let kind = gated(x, gate, number) else { continue }
            return (kind, x)
        }
        return nil
    }

    /// The activation `number * x * gate(x)`.
    private func gated(_ x: TensorID, _ gate: TensorID, _ number: Float) -> UnaryOperator? {
        if number == 1, input(of: gate, .logistic) == x { return .silu }
        if abs(number - 1 / 6) < 1e-5, let sum = input(of: gate, .relu6),
            summand(of: sum, beside: 3) == x
        {
            return .hardSwish
        }
        if number == 1, let node = writer(gate), node.inputs[0] == x,
            case .unary(.hardSigmoid(let alpha, let beta)) = node.operator,
            abs(alpha - 1 / 6) < 1e-5, abs(beta - 0.5) < 1e-6
        {
            return .hardSwish
        }
        guard abs(number - 0.5) < 1e-6, let curve = summand(of: gate, beside: 1) else { return nil }
        if let argument = input(of: curve, .errorFunction), let (inner, factor) = scaled(argument),
            inner == x, abs(factor - 0.707_106_8) < 1e-4
        {
            return .gelu(isApproximate: false)
        }
        if let argument = input(of: curve, .tanh), isCubic(argument, of: x) {
            return .gelu(isApproximate: true)
        }
        return nil
    }

    /// Whether a tensor is √(2/π) * (x + 0.044715 x³).
    private func isCubic(_ id: TensorID, of x: TensorID) -> Bool {
        guard let (sum, factor) = scaled(id), abs(factor - 0.797_884_6) < 1e-4,
            let (a, b) = inputs(of: sum, .add)
        else { return false }
        guard let (cube, third) = scaled(a == x ? b : a), a == x || b == x,
            abs(third - 0.044_715) < 1e-5
        else { return false }
        if input(of: cube, .power(exponent: 3)) == x { return true }
        guard let (p, q) = inputs(of: cube, .multiply) else { return false }
        return isSquare(p == x ? q : p, of: x) && (p == x || q == x)
    }

    private func isSquare(_ id: TensorID, of x: TensorID) -> Bool {
        if input(of: id, .square) == x { return true }
        return inputs(of: id, .multiply).map { $0 == x && $1 == x } ?? false
    }

    // MARK: Layer normalization

    /// `x - mean(x)` over the last dimension: the tensor `x`.
    private func centred(_ id: TensorID) -> TensorID? {
        guard let (x, mean) = inputs(of: id, .subtract), isLastMean(mean, of: x) else {
            return nil
        }
        return x
    }

    private func isLastMean(_ id: TensorID, of x: TensorID) -> Bool {
        guard let node = writer(id), node.inputs[0] == x,
            case .reduce(.mean, let axes, true) = node.operator
        else { return false }
        return axes == [graph[x].shape.count - 1]
    }

    /// The epsilon of `√(mean(d²) + epsilon)`.
    private func epsilon(_ id: TensorID, of d: TensorID) -> Float? {
        guard let sum = input(of: id, .squareRoot), let (a, b) = inputs(of: sum, .add),
            let epsilon = graph.scalar(b) ?? graph.scalar(a)
        else { return nil }
        let variance = graph.scalar(b) != nil ? a : b
        guard let node = writer(variance), let square = node.inputs[0],
            case .reduce(.mean, let axes, true) = node.operator,
            axes == [graph[d].shape.count - 1], isSquareOfCentred(square, d)
        else { return nil }
        return epsilon
    }

    /// Exporters that know no common subexpressions compute `x - mean(x)` twice.
    private func isSquareOfCentred(_ id: TensorID, _ d: TensorID) -> Bool {
        if isSquare(id, of: d) { return true }
        guard let other = input(of: id, .square), let x = centred(d) else { return false }
        return centred(other) == x
    }

    /// The most channels of a layer normalization; the widest layers have some thousand.
    private static let normalizedCountMax = 1 << 20

    /// `d / √(mean(d²) + epsilon)`, alone or times a scale a channel.
    private mutating func layerNormalization(_ node: Node) -> Node? {
        guard let a = node.inputs[0], let b = node.inputs[1], let channels = graph[a].shape.last,
            let outputChannels = graph[node.outputs[0]].shape.last,
            max(channels, outputChannels) <= Self.normalizedCountMax
        else { return nil }
        var result = node
        if case .binary(.divide, .none) = node.operator {
            guard let x = centred(a), let epsilon = epsilon(b, of: a) else { return nil }
            let ones = [Float](repeating: 1, count: channels)
            let scale = graph.add(floats: ones, shape: [channels], name: "ones")
            result.operator = .layerNormalization(epsilon: epsilon)
            result.inputs = [x, scale]
            return result
        }
        for (d, factor) in [(a, b), (b, a)] {
            if let x = centred(d), let root = input(of: factor, .reciprocal),
                let epsilon = epsilon(root, of: d)
            {
                let count = graph[d].shape.last ?? 1
                let ones = [Float](repeating: 1, count: count)
                let scale = graph.add(floats: ones, shape: [count], name: "ones")
                result.operator = .layerNormalization(epsilon: epsilon)
                result.inputs = [x, scale]
                return result
            }
            // A normalization with a scale of ones takes a scale that follows.
            guard let inner = writer(d), case .layerNormalization = inner.operator,
                inner.inputs.count == 2, isRow(factor, of: d),
                graph.floats(inner.inputs[1])?.allSatisfy({ $0 == 1 }) == true
            else { continue }
            let scale = graph.addReshaped(factor, [graph[d].shape.last ?? 1])
            result.operator = inner.operator
            result.inputs = [inner.inputs[0], scale]
            return result
        }
        return nil
    }

    /// A normalization without a bias takes the summand that follows.
    private mutating func shiftedNormalization(_ node: Node) -> (Operator, [TensorID?])? {
        guard let a = node.inputs[0], let b = node.inputs[1] else { return nil }
        for (d, summand) in [(a, b), (b, a)] {
            guard let inner = writer(d), case .layerNormalization = inner.operator,
                inner.inputs.count == 2, isRow(summand, of: d)
            else { continue }
            let bias = graph.addReshaped(summand, [graph[d].shape.last ?? 1])
            return (inner.operator, inner.inputs + [bias])
        }
        return nil
    }

    /// Whether a constant has one value a channel of the last dimension.
    private func isRow(_ id: TensorID, of d: TensorID) -> Bool {
        graph.floats(id) != nil && graph[id].elementCount == graph[d].shape.last
            && graph[id].shape.last == graph[d].shape.last
            && graph[id].shape.count <= graph[d].shape.count
    }
}
