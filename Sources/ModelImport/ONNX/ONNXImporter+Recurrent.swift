import ModelGraph

/// A recurrent layer in one direction, over sequences of a known length.
private struct ONNXRecurrence {
    let type: String
    let hidden: Int
    let batch: Int
    let steps: Int
    /// The functions of the operator's definition: of gates, of candidates, of outputs.
    let functions: [UnaryOperator]
    /// Whether a GRU's reset gate comes behind the product.
    let isLinearBeforeReset: Bool

    /// Gates: rows of the weights, by the size of the state.
    var gateCount: Int { type == "LSTM" ? 4 : type == "GRU" ? 3 : 1 }

    /// The weights `W [gates * H, I]` and `R [gates * H, H]` with their biases and the peepholes.
    struct Weights {
        let input: ONNXTensor
        let state: ONNXTensor
        let inputBias: ONNXTensor
        let stateBias: ONNXTensor
        /// The peepholes of the gates input, output and forget, each `[H]`.
        let peepholes: [ONNXTensor]
    }
}

extension ONNXImporter {
    /// The longest sequence that is unrolled.
    private static let stepCountMax = 1_024

    /// A recurrent layer, unrolled into products and gates for each step of the sequence.
    mutating func importRecurrent(_ type: String) throws(NodeProblem) {
        let isBatchFirst = try int("layout", default: 0) == 1
        var x = try tensor(0)
        guard graph[x].shape.count == 3 else { throw .inconsistent("\(graph[x].shape) sequences") }
        if isBatchFirst { x = try transpose(x, [1, 0, 2]) }
        let direction = try string("direction", default: "forward")
        let count = direction == "bidirectional" ? 2 : 1
        let shape = graph[x].shape
        try checkRecurrence(steps: shape[0])
        var sequences: [[TensorID]] = []
        var finals: [(hidden: TensorID, cell: TensorID)] = []
        for index in 0..<count {
            let layer = try recurrence(type, shape, direction: index)
            let weights = try recurrentWeights(layer, count: count, direction: index)
            let state = try initialState(5, layer, index, isBatchFirst)
            let cell = type == "LSTM" ? try initialState(6, layer, index, isBatchFirst) : state
            let isReversed = direction == "reverse" || index == 1
            let (hidden, last) = try unroll(layer, weights, x, (state, cell), isReversed)
            guard let final = isReversed ? hidden.first : hidden.last else { return }
            sequences.append(hidden)
            finals.append((final, last))
        }
        if writes(0) { try defineSequence(sequences, isBatchFirst) }
        for (place, states) in [(1, finals.map(\.hidden)), (2, finals.map(\.cell))]
        where writes(place) {
            var parts: [TensorID] = []
            let extents = graph[states[0]].shape
            let own = isBatchFirst ? [extents[0], 1, extents[1]] : [1] + extents
            for state in states { parts.append(try reshape(state, own)) }
            var stacked = own
            stacked[isBatchFirst ? 1 : 0] = count
            let axis = isBatchFirst ? 1 : 0
            try define(.tensor(try concatenate(parts, axis: axis, shape: stacked)), output: place)
        }
    }

    /// Refuses what an unrolled layer does not compute.
    private mutating func checkRecurrence(steps: Int) throws(NodeProblem) {
        guard steps <= Self.stepCountMax else {
            throw NodeProblem(
                .structure,
                "a sequence of \(steps) steps would be unrolled",
                help: "run at most \(Self.stepCountMax) steps at a time"
            )
        }
        let hasClip = current?.attributes["clip"] != nil
        guard !hasClip, try int("input_forget", default: 0) == 0 else {
            throw NodeProblem(
                .option,
                "clip or input_forget",
                help: "export the recurrent layer without them"
            )
        }
        guard let lengths = try integers(4, "sequence lengths") else { return }
        guard lengths.allSatisfy({ $0 == steps }) else {
            throw NodeProblem(
                .option,
                "sequences of different lengths",
                help: "export with sequences of one length, without sequence_lens"
            )
        }
    }

    private func recurrence(
        _ type: String,
        _ shape: [Int],
        direction: Int
    ) throws(NodeProblem) -> ONNXRecurrence {
        let hidden = try int("hidden_size", default: 0)
        guard (1...ONNXWindow.extentMax).contains(hidden) else {
            throw .inconsistent("its hidden_size is \(hidden)")
        }
        let defaults: [String: [UnaryOperator]] = [
            "LSTM": [.logistic, .tanh, .tanh], "GRU": [.logistic, .tanh],
        ]
        var functions = defaults[type] ?? [.tanh]
        if let stated = try strings("activations"), !stated.isEmpty {
            let known: [String: UnaryOperator] = [
                "sigmoid": .logistic, "tanh": .tanh, "relu": .relu, "softplus": .softplus,
            ]
            let first = direction * functions.count
            for place in functions.indices {
                guard first + place < stated.count,
                    let function = known[stated[first + place].lowercased()]
                else {
                    throw NodeProblem(
                        .option,
                        "the activations \(stated)",
                        help: "use Sigmoid, Tanh, Relu or Softplus"
                    )
                }
                functions[place] = function
            }
        }
        return ONNXRecurrence(
            type: type,
            hidden: hidden,
            batch: shape[1],
            steps: shape[0],
            functions: functions,
            isLinearBeforeReset: try int("linear_before_reset", default: 0) != 0
        )
    }

    private mutating func recurrentWeights(
        _ layer: ONNXRecurrence,
        count: Int,
        direction: Int
    ) throws(NodeProblem) -> ONNXRecurrence.Weights {
        let (rows, overflow) = layer.gateCount.multipliedReportingOverflow(by: layer.hidden)
        guard let input = try constant(1, "weights"), let state = try constant(2, "weights"),
            !overflow, input.shape.count == 3, input.shape[0] == count, input.shape[1] == rows,
            state.shape == [count, rows, layer.hidden]
        else { throw .inconsistent("its weights do not fit a state of \(layer.hidden)") }
        func part(_ tensor: ONNXTensor, _ range: Range<Int>, _ shape: [Int]) -> ONNXTensor {
            let size = tensor.elementCount / count
            return tensor.taking(range.map { direction * size + $0 }, shape: shape)
        }
        let zeros = ONNXTensor(floats: [0], shape: []).broadcast(to: [count, 2 * rows])
        let bias = try constant(3, "bias") ?? zeros
        guard bias.shape == [count, 2 * rows] else {
            throw .inconsistent("its bias is \(bias.shape)")
        }
        var peepholes: [ONNXTensor] = []
        if layer.type == "LSTM", let stored = try constant(7, "peepholes") {
            guard stored.shape == [count, 3 * layer.hidden] else {
                throw .inconsistent("its peepholes are \(stored.shape)")
            }
            peepholes = (0..<3).map { gate in
                part(stored, gate * layer.hidden..<(gate + 1) * layer.hidden, [layer.hidden])
            }
        }
        let width = input.shape[2]
        return ONNXRecurrence.Weights(
            input: part(input, 0..<rows * width, [rows, width]),
            state: part(state, 0..<rows * layer.hidden, [rows, layer.hidden]),
            inputBias: part(bias, 0..<rows, [rows]),
            stateBias: part(bias, rows..<2 * rows, [rows]),
            peepholes: peepholes
        )
    }

    /// The state `[batch, H]` before the first step, zeros where the model gives none.
    private mutating func initialState(
        _ index: Int,
        _ layer: ONNXRecurrence,
        _ direction: Int,
        _ isBatchFirst: Bool
    ) throws(NodeProblem) -> TensorID {
        let shape = [layer.batch, layer.hidden]
        guard var state = try tensorIfPresent(index) else {
            try checkFolding(shape)
            let zeros = ONNXTensor(floats: [0], shape: []).broadcast(to: shape)
            return try add(zeros, name: "state")
        }
        guard graph[state].shape.count == 3 else {
            throw .inconsistent("its initial state is \(graph[state].shape)")
        }
        if isBatchFirst { state = try transpose(state, [1, 0, 2]) }
        let sizes = [1] + shape
        return try reshape(try slice(state, begin: [direction, 0, 0], sizes: sizes), shape)
    }

    /// All steps of one direction: the state behind each, in the order of the sequence, and the
    /// last cell.
    private mutating func unroll(
        _ layer: ONNXRecurrence,
        _ weights: ONNXRecurrence.Weights,
        _ x: TensorID,
        _ initial: (hidden: TensorID, cell: TensorID),
        _ isReversed: Bool
    ) throws(NodeProblem) -> (hidden: [TensorID], cell: TensorID) {
        let (steps, batch) = (layer.steps, layer.batch)
        let width = graph[x].shape[2]
        let rows = try reshape(x, [steps * batch, width])
        let products = try product(rows, weights.input, weights.inputBias)
        var (hidden, cell) = initial
        var results = [TensorID](repeating: hidden, count: steps)
        for step in 0..<steps {
            let place = isReversed ? steps - 1 - step : step
            let gates = try slice(
                products,
                begin: [place * batch, 0],
                sizes: [batch, graph[products].shape[1]]
            )
            switch layer.type {
            case "LSTM": (hidden, cell) = try lstmStep(layer, weights, gates, hidden, cell)
            case "GRU": hidden = try gruStep(layer, weights, gates, hidden)
            default:
                let sum = try product(hidden, weights.state, weights.stateBias)
                hidden = try unary(layer.functions[0], try binary(.add, gates, sum))
            }
            results[place] = hidden
        }
        return (results, cell)
    }

    private mutating func product(
        _ x: TensorID,
        _ weights: ONNXTensor,
        _ bias: ONNXTensor
    ) throws(NodeProblem) -> TensorID {
        let name = current?.name ?? "recurrent"
        let row = try add(bias, name: "\(name) bias")
        return try fullyConnected(x, weights, name: "\(name) weights", bias: row)
    }

    /// The columns of one gate.
    private mutating func gate(
        _ gates: TensorID,
        _ index: Int,
        _ layer: ONNXRecurrence
    ) throws(NodeProblem) -> TensorID {
        try slice(gates, begin: [0, index * layer.hidden], sizes: [layer.batch, layer.hidden])
    }

    /// Gates in the order input, output, forget, candidate (operator definition of LSTM).
    private mutating func lstmStep(
        _ layer: ONNXRecurrence,
        _ weights: ONNXRecurrence.Weights,
        _ gates: TensorID,
        _ hidden: TensorID,
        _ cell: TensorID
    ) throws(NodeProblem) -> (TensorID, TensorID) {
        let recurrent = try product(hidden, weights.state, weights.stateBias)
        let sums = try binary(.add, gates, recurrent)
        var parts: [TensorID] = []
        for index in 0..<4 { parts.append(try gate(sums, index, layer)) }
        if !weights.peepholes.isEmpty {
            for (index, peephole) in [(0, 0), (2, 2)] {
                let row = try add(weights.peepholes[peephole], name: "peephole")
                parts[index] = try binary(.add, parts[index], try binary(.multiply, cell, row))
            }
        }
        let input = try unary(layer.functions[0], parts[0])
        let forget = try unary(layer.functions[0], parts[2])
        let candidate = try unary(layer.functions[1], parts[3])
        let kept = try binary(.multiply, forget, cell)
        let next = try binary(.add, kept, try binary(.multiply, input, candidate))
        if !weights.peepholes.isEmpty {
            let row = try add(weights.peepholes[1], name: "peephole")
            parts[1] = try binary(.add, parts[1], try binary(.multiply, next, row))
        }
        let output = try unary(layer.functions[0], parts[1])
        let squashed = try unary(layer.functions[2], next)
        return (try binary(.multiply, output, squashed), next)
    }

    /// Gates in the order update, reset, candidate (operator definition of GRU).
    private mutating func gruStep(
        _ layer: ONNXRecurrence,
        _ weights: ONNXRecurrence.Weights,
        _ gates: TensorID,
        _ hidden: TensorID
    ) throws(NodeProblem) -> TensorID {
        let recurrent = try product(hidden, weights.state, weights.stateBias)
        var parts: [TensorID] = []
        for index in 0..<2 {
            let sum = try binary(
                .add,
                try gate(gates, index, layer),
                try gate(recurrent, index, layer)
            )
            parts.append(try unary(layer.functions[0], sum))
        }
        var candidate: TensorID
        if layer.isLinearBeforeReset {
            candidate = try binary(.multiply, parts[1], try gate(recurrent, 2, layer))
        } else {
            let size = layer.hidden
            let rows = (2 * size * size)..<(3 * size * size)
            let matrix = weights.state.taking(Array(rows), shape: [size, size])
            let bias = weights.stateBias.taking(Array(2 * size..<3 * size), shape: [size])
            candidate = try product(try binary(.multiply, parts[1], hidden), matrix, bias)
        }
        candidate = try binary(.add, try gate(gates, 2, layer), candidate)
        candidate = try unary(layer.functions[1], candidate)
        // (1 - z) * n + z * h = n + z * (h - n)
        let difference = try binary(.subtract, hidden, candidate)
        return try binary(.add, candidate, try binary(.multiply, parts[0], difference))
    }

    /// The states of all steps and directions as `Y`.
    private mutating func defineSequence(
        _ sequences: [[TensorID]],
        _ isBatchFirst: Bool
    ) throws(NodeProblem) {
        guard let first = sequences.first?.first else { return }
        let extents = graph[first].shape
        let steps = sequences[0].count
        var rows: [TensorID] = []
        for step in 0..<steps {
            var parts: [TensorID] = []
            for sequence in sequences {
                parts.append(try reshape(sequence[step], [1, 1] + extents))
            }
            let shape = [1, sequences.count] + extents
            rows.append(try concatenate(parts, axis: 1, shape: shape))
        }
        let shape = [steps, sequences.count] + extents
        let all = try concatenate(rows, axis: 0, shape: shape)
        try define(.tensor(isBatchFirst ? try transpose(all, [2, 0, 1, 3]) : all))
    }
}
