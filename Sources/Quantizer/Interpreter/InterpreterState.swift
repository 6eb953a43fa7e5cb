import ModelGraph

/// The values of a graph's states between two runs of the reference interpreter.
public struct InterpreterState: Sendable {
    /// One tensor a state, in the graph's order.
    var values: [FloatTensor]

    /// The initial values of a valid graph's states.
    init(_ graph: Graph) throws(InterpreterError) {
        var values: [FloatTensor] = []
        for state in graph.states {
            var tensor = graph[state.tensor]
            tensor.constant = state.initial
            guard let reals = tensor.realValues() else {
                throw .constantUnreadable(tensor: tensor.name, type: tensor.type)
            }
            values.append(FloatTensor(proved: tensor.shape, reals))
        }
        self.values = values
    }
}
