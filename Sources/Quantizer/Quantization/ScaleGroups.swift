import ModelGraph

/// The tensors that must share one scale and zero point.
///
/// Operators that move or select stored integers make their input and output one group. Softmax,
/// logistic and tanh fix the quantization of their outputs, and so that of the group. An operand
/// of a concatenation, maximum or minimum joins the output's group unless its group is fixed or
/// read elsewhere; then it is requantized.
struct ScaleGroups {
    private let graph: Graph
    /// The parent of each tensor in a forest; roots are their own.
    private var parents: [Int]
    /// The quantization that an operator demands, by root.
    private var fixed: [Int: Quantization] = [:]
    /// Operands that need a requantization: node and number of the input.
    private(set) var requantized: [(node: Int, input: Int)] = []

    /// - Parameters:
    ///   - graph: the float graph.
    ///   - wide: the tensors that have 16 bits.
    init(_ graph: Graph, wide: Set<Int> = []) {
        self.graph = graph
        parents = Array(graph.tensors.indices)
        for node in graph.nodes {
            guard let output = node.outputs.first else { continue }
            let isWide = wide.contains(output.index)
            if let demanded = node.operator.demandedOutput(isWide: isWide) {
                fixed[output.index] = demanded
            }
        }
        for node in graph.nodes where node.operator.movesStoredIntegers {
            if let input = node.inputs[0] { unite(input.index, node.outputs[0].index) }
        }
        for (index, node) in graph.nodes.enumerated() where node.operator.comparesStoredIntegers {
            uniteOperands(of: node, at: index)
        }
    }

    /// The tensor that stands for the group of another.
    func root(_ tensor: Int) -> Int {
        var tensor = tensor
        while parents[tensor] != tensor { tensor = parents[tensor] }
        return tensor
    }

    /// The quantization that an operator demands of a tensor's group.
    func demanded(_ tensor: Int) -> Quantization? { fixed[root(tensor)] }

    private mutating func unite(_ a: Int, _ b: Int) {
        let (a, b) = (root(a), root(b))
        guard a != b else { return }
        let demanded = fixed[a] ?? fixed[b]
        (fixed[a], fixed[b]) = (nil, nil)
        parents[max(a, b)] = min(a, b)
        fixed[min(a, b)] = demanded
    }

    private mutating func uniteOperands(of node: Node, at index: Int) {
        let output = node.outputs[0].index
        let operands = node.inputs.compactMap { $0?.index }
        let demands = operands.map { demanded($0) }
        if let first = demands.first, let first, demands.allSatisfy({ $0 == first }),
            demanded(output) == nil || demanded(output) == first
        {
            for operand in operands { unite(operand, output) }
            return
        }
        for (number, operand) in operands.enumerated() where root(operand) != root(output) {
            if demanded(operand) == nil, !isReadElsewhere(operand) {
                unite(operand, output)
            } else {
                requantized.append((index, number))
            }
        }
    }

    /// Whether a tensor of the group has several readers, or leaves or enters the graph.
    private func isReadElsewhere(_ tensor: Int) -> Bool {
        let group = root(tensor)
        for port in graph.outputs + graph.inputs where root(port.tensor.index) == group {
            return true
        }
        var readCounts: [Int: Int] = [:]
        for node in graph.nodes {
            for case let input? in node.inputs where root(input.index) == group {
                readCounts[input.index, default: 0] += 1
            }
        }
        return readCounts.values.contains { $0 > 1 }
    }
}

extension Operator {
    /// The output's quantization where the reference kernels demand one (fixed-point-spec, 5.9, 6).
    fileprivate func demandedOutput(isWide: Bool) -> Quantization? {
        switch self {
        case .softmax, .unary(.logistic):
            isWide
                ? Quantization(scale: 0x1p-15, zeroPoint: 0)
                : Quantization(scale: 1.0 / 256, zeroPoint: -128)
        case .unary(.tanh): Quantization(scale: isWide ? 0x1p-15 : 1.0 / 128, zeroPoint: 0)
        case .logSoftmax: Quantization(scale: 1.0 / 16, zeroPoint: 127)
        default: nil
        }
    }

    /// Whether the first input and the output hold the same kind of stored integers.
    var movesStoredIntegers: Bool {
        switch self {
        case .reshape, .transpose, .slice, .pad, .maxPool2D, .averagePool2D, .resizeNearest,
            .resizeBilinear, .gather, .broadcast, .tile, .reduce(.maximum, _, _),
            .reduce(.minimum, _, _):
            true
        default: false
        }
    }

    /// Whether all inputs and the output must share one quantization.
    var comparesStoredIntegers: Bool {
        switch self {
        case .concatenation, .binary(.maximum, _), .binary(.minimum, _): true
        default: false
        }
    }
}
