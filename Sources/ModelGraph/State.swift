/// A value that a graph keeps from one inference to the next.
///
/// An inference reads it in `tensor`, which no node writes, and leaves in it what `next` holds when
/// all nodes have run. Reads thus never see what the same inference writes: a model that reads a
/// variable after assigning it uses the assigned tensor itself.
public struct State: Sendable {
    /// The name by which reports call it.
    public var name: String
    /// The tensor that holds the value when an inference starts.
    public var tensor: TensorID
    /// The tensor whose value is kept, of the same shape, type and quantization; `tensor` itself
    /// when no inference changes it.
    public var next: TensorID
    /// The stored bytes, little-endian and row-major, before the first inference and after a reset.
    public var initial: [UInt8]

    /// Makes a state from its parts, unchecked: `Graph.validate()` proves the invariants.
    public init(name: String, tensor: TensorID, next: TensorID, initial: [UInt8]) {
        self.name = name
        self.tensor = tensor
        self.next = next
        self.initial = initial
    }
}

extension Graph {
    /// Proves what concerns one state alone, before any node is looked at.
    func validate(_ state: State) throws(GraphError) {
        let (tensor, next) = (self[state.tensor], self[state.next])
        guard tensor.shape == next.shape, tensor.type == next.type,
            tensor.quantization == next.quantization
        else {
            throw .stateMismatch(
                state: state.name,
                detail: "'\(tensor.name)' and its next value '\(next.name)' differ in kind"
            )
        }
        guard state.initial.count == tensor.sizeBytes else {
            throw .stateMismatch(
                state: state.name,
                detail: "\(state.initial.count) initial bytes where \(tensor.sizeBytes) are needed"
            )
        }
    }

    /// The tensors whose values leave an inference: outputs, and what states keep.
    ///
    /// A pass that drops nodes keeps what these depend on.
    package var resultTensors: [TensorID] { outputs.map(\.tensor) + states.map(\.next) }
}
