import ModelGraph
import Quantizer

/// A small float graph that bytes describe: a chain of operators with skips and branches.
///
///     [input] [operator, parameters ...] [operator, parameters ...] ...
///
/// Whatever the bytes are, the graph is valid: what does not fit is left out. Missing bytes are 0.
struct FloatGraphRecipe {
    private static let nodeCountMax = 10
    private static let extentMax = 6
    private static let elementCountMax = 216
    /// More than ten nodes take, so that what does not fit costs little.
    private static let byteCountMax = 1_024
    private(set) var graph = Graph(name: "fuzz")
    private var bytes: ArraySlice<UInt8>
    /// The activations so far; the last is what the next operator reads.
    private var activations: [TensorID] = []
    private var constants: [TensorID] = []
    /// Whether the input is of bytes, which stand for themselves.
    private let takesBytes: Bool

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes.prefix(Self.byteCountMax)
        let first = self.bytes.popFirst() ?? 0
        takesBytes = first & 0xC0 == 0xC0
        let (rows, columns) = (Int(first % 6) + 1, Int(first / 6 % 6) + 1)
        let shape =
            first & 0x80 != 0 ? [1, rows, columns, 3] : [1, rows + 1, columns, 1 + rows / 2]
        let fitted = shape.map { min($0, Self.extentMax) }
        let x = graph.add(Tensor(name: "x", shape: fitted, type: .float32))
        let type: DataType = takesBytes ? .uint8 : .float32
        graph.inputs = [Port(name: "x", tensor: x, externalType: type)]
        activations = [x]
        while graph.nodes.count < Self.nodeCountMax, let kind = self.bytes.popFirst() {
            addNode(kind)
        }
        if graph.outputs.allSatisfy({ $0.tensor != last }) {
            graph.outputs.append(Port(name: "y", tensor: last, externalType: .float32))
        }
    }

    /// A value for each input, from one byte.
    func sample(_ seed: UInt8) -> [FloatTensor] {
        graph.inputs.compactMap { port in
            let shape = graph[port.tensor].shape
            var random = FuzzNumbers(UInt64(seed))
            let values = (0..<shape.reduce(1, *)).map { _ in
                takesBytes ? (random.next() * 32 + 128).rounded(.down) : random.next()
            }
            return FloatTensor(shape: shape, values: values)
        }
    }

    // MARK: Operators

    private var last: TensorID { activations[activations.count - 1] }
    private var shape: [Int] { graph[last].shape }

    private mutating func byte() -> Int { Int(bytes.popFirst() ?? 0) }

    private mutating func addNode(_ kind: UInt8) {
        switch kind % 16 {
        case 0: addConvolution()
        case 1: addDepthwise()
        case 2: addDense()
        case 3, 4: addAffine()
        case 5, 6: addUnary()
        case 7: addSkip()
        case 8: addPool()
        case 9: addReshape()
        case 10: addPad()
        case 11: addConcatenation()
        case 12: addReduction()
        case 13: addTranspose()
        case 14: activations.append(activations[byte() % activations.count])
        default:
            guard graph.outputs.count < 3, graph[last].constant == nil else { return }
            guard graph.outputs.allSatisfy({ $0.tensor != last }) else { return }
            let name = "y\(graph.outputs.count)"
            graph.outputs.append(Port(name: name, tensor: last, externalType: .float32))
        }
    }

    private mutating func add(_ operation: Operator, _ others: [TensorID?] = [], to output: [Int]) {
        append(Node(name: "", operator: operation, inputs: [last] + others, outputs: []), output)
    }

    private mutating func append(_ node: Node, _ output: [Int]) {
        let isSmall =
            output.reduce(1, *) <= Self.elementCountMax && output.count <= 6
            && (output.count < 4 || output.allSatisfy { $0 <= Self.extentMax })
        guard isSmall else { return }
        var node = node
        node.name = "n\(graph.nodes.count)"
        let y = graph.add(Tensor(name: "t\(graph.tensors.count)", shape: output, type: .float32))
        node.outputs = [y]
        graph.nodes.append(node)
        activations.append(y)
    }

    private static func activation(_ byte: Int) -> Activation {
        switch byte % 8 {
        case 5: .relu
        case 6: .relu6
        case 7: .reluN1To1
        default: .none
        }
    }

    /// A window that fits the image, and the extents of its output; `nil` for what is no image.
    private mutating func window(
        isDilated: Bool = true
    ) -> (taps: [Int], window: Window2D, output: [Int])? {
        guard shape.count == 4 else { return nil }
        let (size, form) = (byte(), byte())
        let taps = [1 + size % 3, 1 + size / 3 % 3]
        var window = Window2D(strideHeight: 1 + form & 1, strideWidth: 1 + form >> 1 & 1)
        if isDilated {
            window.dilationHeight += form >> 2 & 1
            window.dilationWidth += form >> 3 & 1
        }
        let spans = [
            (taps[0] - 1) * window.dilationHeight + 1, (taps[1] - 1) * window.dilationWidth + 1,
        ]
        if form & 0x10 != 0 { window.padding.top = spans[0] - 1 }
        if form & 0x20 != 0 { window.padding.left = spans[1] - 1 }
        if form & 0x40 != 0 { window.padding.bottom = spans[0] / 2 }
        if form & 0x80 != 0 { window.padding.right = spans[1] / 2 }
        let rows = shape[1] + window.padding.top + window.padding.bottom - spans[0]
        let columns = shape[2] + window.padding.left + window.padding.right - spans[1]
        guard rows >= 0, columns >= 0 else { return nil }
        let output = [rows / window.strideHeight + 1, columns / window.strideWidth + 1]
        guard output.allSatisfy({ $0 <= Self.extentMax }) else { return nil }
        return (taps, window, output)
    }

    private mutating func addConvolution() {
        guard let (taps, window, output) = window() else { return }
        let (form, channels) = (byte(), shape[3])
        // Of the groups that divide the channels, none or one a channel.
        let groups = form & 0x80 != 0 ? channels : 1
        let outputs = groups == 1 ? 1 + form % 6 : groups
        let weights = constant([outputs, taps[0], taps[1], channels / groups])
        let bias = form & 0x40 != 0 ? constant([outputs]) : nil
        let operation = Operator.convolution2D(window, Self.activation(form >> 3))
        add(
            operation,
            bias.map { [weights, $0] } ?? [weights],
            to: [shape[0]] + output + [outputs]
        )
    }

    private mutating func addDepthwise() {
        guard let (taps, window, output) = window() else { return }
        let form = byte()
        let multiplier = 2 * shape[3] <= Self.extentMax ? 1 + form & 1 : 1
        let outputs = multiplier * shape[3]
        let weights = constant([1, taps[0], taps[1], outputs])
        let bias = form & 0x40 != 0 ? constant([outputs]) : nil
        let operation = Operator.depthwiseConvolution2D(
            window,
            depthMultiplier: multiplier,
            Self.activation(form >> 3)
        )
        add(
            operation,
            bias.map { [weights, $0] } ?? [weights],
            to: [shape[0]] + output + [outputs]
        )
    }

    private mutating func addDense() {
        guard let depth = shape.last else { return }
        let form = byte()
        let outputs = 1 + form % 6
        let weights = constant([outputs, depth])
        let bias = form & 0x40 != 0 ? constant([outputs]) : nil
        let output = Array(shape.dropLast()) + [outputs]
        let operation = Operator.fullyConnected(Self.activation(form >> 3))
        add(operation, bias.map { [weights, $0] } ?? [weights], to: output)
    }

    private mutating func addAffine() {
        let (form, extents) = (byte(), shape)
        guard extents.count < GraphLimits.rankMax else { return }
        let kinds: [BinaryOperator] = [.add, .multiply, .subtract, .divide, .maximum, .minimum]
        let kind = kinds[form % 6]
        let channels = extents.last ?? 1
        let forms = [
            [channels], [1], extents, [], [1] + [Int](repeating: 1, count: extents.count),
            [1, channels], extents.dropLast() + [1],
        ]
        let other = forms[form / 6 % 7]
        let rank = max(extents.count, other.count)
        let output = [Int](repeating: 1, count: rank - extents.count) + extents
        // Only a constant divides, and not by next to nothing: the quotient stays finite.
        let isFirst = form & 0x80 != 0 && kind != .divide
        let place = kind == .divide ? divisor(other) : constant(other, isWhole: takesBytes)
        let operation = Operator.binary(kind, Self.activation(byte()))
        let inputs = isFirst ? [place, last] : [last, place]
        append(Node(name: "", operator: operation, inputs: inputs, outputs: []), output)
    }

    private mutating func addUnary() {
        let form = byte()
        let bound = Float(byte()) / 64
        let kinds: [UnaryOperator] = [
            .relu, .relu6, .reluN1To1, .tanh, .clamp(low: -bound, high: bound), .negate,
            .clamp(low: 0, high: .infinity), .clamp(low: bound, high: 4), .absolute,
            .leakyRelu(alpha: bound / 4),
        ]
        add(.unary(kinds[form % kinds.count]), to: shape)
    }

    private mutating func addSkip() {
        let form = byte()
        let fitting = activations.filter { graph[$0].shape == shape }
        let other = fitting[byte() % fitting.count]
        let kinds: [BinaryOperator] = [.add, .subtract, .maximum, .minimum]
        add(.binary(kinds[form % 4], Self.activation(form >> 2)), [other], to: shape)
    }

    private mutating func addPool() {
        guard var (taps, window, output) = window(isDilated: false) else { return }
        let form = byte()
        if form & 0x40 != 0 {
            (taps, window, output) = ([shape[1], shape[2]], Window2D(), [1, 1])
        }
        let activation = Self.activation(form >> 1)
        let operation =
            form & 1 == 0
            ? Operator.averagePool2D(height: taps[0], width: taps[1], window, activation)
            : .maxPool2D(height: taps[0], width: taps[1], window, activation)
        add(operation, to: [shape[0]] + output + [shape[3]])
    }

    private mutating func addReshape() {
        let count = shape.reduce(1, *)
        var forms = [[1, count], [count], [1, 1, count], [count, 1]]
        for rows in 1...Self.extentMax where count % rows == 0 {
            for columns in 1...Self.extentMax where count / rows % columns == 0 {
                forms.append([1, rows, columns, count / rows / columns])
            }
        }
        add(.reshape, to: forms[byte() % forms.count])
    }

    private mutating func addPad() {
        let (form, fill) = (byte(), byte())
        let before = shape.indices.map { form >> $0 & 1 }
        let after = shape.indices.map { form >> (4 + $0) & 1 }
        let output = shape.indices.map { before[$0] + shape[$0] + after[$0] }
        guard (1...4).contains(shape.count), output[0] == 1 else { return }
        let value = fill & 1 == 0 ? nil : Int32(Int8(truncatingIfNeeded: fill) / 32)
        add(.pad(before: before, after: after, fill: value), to: output)
    }

    private mutating func addConcatenation() {
        guard !shape.isEmpty else { return }
        let axis = byte() % shape.count
        var frame = shape
        frame[axis] = 0
        let fitting = activations.filter {
            var other = graph[$0].shape
            guard other.count == frame.count else { return false }
            other[axis] = 0
            return other == frame
        }
        let other = fitting[byte() % fitting.count]
        var output = shape
        output[axis] += graph[other].shape[axis]
        add(.concatenation(axis: axis), [other], to: output)
    }

    private mutating func addReduction() {
        let form = byte()
        let axes = shape.indices.filter { form >> $0 & 1 == 1 }
        guard !axes.isEmpty else { return }
        let kinds: [Reduction] = [.mean, .maximum, .sum, .minimum]
        let keeps = form & 0x80 != 0
        var output = shape
        for axis in axes.reversed() {
            if keeps { output[axis] = 1 } else { output.remove(at: axis) }
        }
        add(.reduce(kinds[form >> 5 & 3], axes: axes, keepsDimensions: keeps), to: output)
    }

    private mutating func addTranspose() {
        guard shape.count >= 2 else { return }
        let (first, second) = (byte() % shape.count, byte() % shape.count)
        var permutation = Array(shape.indices)
        permutation.swapAt(first, second)
        add(.transpose(permutation: permutation), to: permutation.map { shape[$0] })
    }
}

// MARK: Constants

extension FloatGraphRecipe {
    /// A constant of finite values of at most 4 in magnitude, of a kind that a byte tells.
    private mutating func constant(_ shape: [Int], isWhole: Bool = false) -> TensorID {
        let style = byte()
        let known = constants.filter { graph[$0].shape == shape }
        if style % 8 == 7, let shared = known.last, !isWhole { return shared }
        let values = values(shape, style)
        return store(shape, isWhole ? values.map { $0.rounded() } : values)
    }

    private mutating func divisor(_ shape: [Int]) -> TensorID {
        let values = values(shape, byte())
        return store(shape, values.map { abs($0) < 0x1p-5 ? 0.5 : $0 })
    }

    private mutating func values(_ shape: [Int], _ style: Int) -> [Float] {
        let count = shape.reduce(1, *)
        var random = FuzzNumbers(UInt64(style >> 3))
        switch style % 8 {
        case 0: return [Float](repeating: 0, count: count)
        case 1:
            return [Float](repeating: Float(Int8(truncatingIfNeeded: byte())) / 32, count: count)
        case 2: return (0..<count).map { _ in Float(Int8(truncatingIfNeeded: byte())) / 32 }
        case 3:
            let channels = max(shape.last ?? 1, 1)
            return (0..<count).map {
                random.next() * Float(sign: .plus, exponent: -7 * ($0 % channels), significand: 1)
            }
        case 4:
            let pitch = max(shape.dropFirst().reduce(1, *), 1)
            return (0..<count).map {
                random.next() * Float(sign: .plus, exponent: -7 * ($0 / pitch % 6), significand: 1)
            }
        case 5:
            let scale = Float(sign: .plus, exponent: -(byte() % 148), significand: 1)
            return (0..<count).map { _ in random.next() * scale }
        default: return (0..<count).map { _ in random.next() }
        }
    }

    private mutating func store(_ shape: [Int], _ values: [Float]) -> TensorID {
        let bytes = values.flatMap { value in
            (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
        }
        let name = "c\(graph.tensors.count)"
        let id = graph.add(Tensor(name: name, shape: shape, type: .float32, constant: bytes))
        constants.append(id)
        return id
    }
}

/// SplitMix64 as floats from -4 to 4: the same for one seed everywhere.
struct FuzzNumbers {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> Float {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return Float(Int32(truncatingIfNeeded: (z ^ (z >> 31)) >> 32)) / 0x1p29
    }
}
