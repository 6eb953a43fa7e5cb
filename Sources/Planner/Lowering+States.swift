import InferenceRuntime
import ModelGraph

// Values that live from one inference to the next. They keep their place in the arena; the last
// steps of the program write what the next inference reads.
extension Lowering {
    /// Whether a value that owns memory is a state's.
    func isState(_ root: Int) -> Bool { program.states.contains { $0.value == root } }

    /// Adds the steps that leave each state's next value in the state's place.
    ///
    /// A next value that lies in the memory of a state (another's, or a part of its own) is first
    /// copied out of it, so that no step reads what another has already replaced.
    mutating func keepStates() {
        var moves: [(source: Int, state: LoweredState)] = []
        for (state, lowered) in zip(graph.states, program.states) {
            var source = value(state.next)
            let (root, offset) = program.storage(of: source)
            if root == lowered.value, offset == 0 { continue }
            if isState(root) {
                let shape = program.values[source].shape
                let copy = temporary(".kept", shape: shape, like: source)
                node.name = "state \(lowered.name)"
                copyWhole(source, to: copy)
                source = copy
            }
            moves.append((source, lowered))
        }
        for (source, state) in moves {
            node.name = "state \(state.name)"
            copyWhole(source, to: state.value)
        }
    }

    /// Whether a node may write the next value of a state over the state: the node alone reads the
    /// state, and what it writes is the state's next value.
    func mayUpdateInPlace(_ id: TensorID, to next: TensorID) -> Bool {
        guard graph.states.contains(where: { $0.tensor == id && $0.next == next }) else {
            return false
        }
        let readers = graph.nodes.reduce(0) { count, node in
            count + node.inputs.count { $0 == id }
        }
        return readers == 1 && !graph.outputs.contains { $0.tensor == id }
            && graph.states.count { $0.next == id } == 0
    }
}
