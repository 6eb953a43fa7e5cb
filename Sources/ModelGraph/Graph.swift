/// The family of TFLite reference kernels whose rounding a node follows.
///
/// A uint8 model is imported as int8 by subtracting 128 from every stored value. That is exact
/// except where the reference rounds by the sign of the stored value or computes the effective
/// scale in another width; those places read this mark.
public enum KernelFamily: String, Sendable, Hashable {
    /// The int8 kernels: effective scale of convolutions in double precision, average pooling
    /// rounds half away from zero.
    case int8
    /// The legacy uint8 kernels: product of input and weight scale in single precision, average
    /// pooling rounds half up.
    case uint8
}

/// One operator applied to tensors.
public struct Node: Sendable {
    /// The name in the source model, or `operator#index`, for messages.
    public var name: String
    /// What the node computes.
    public var `operator`: Operator
    /// The inputs in the operator's order; `nil` for an absent optional input.
    public var inputs: [TensorID?]
    /// The outputs in the operator's order.
    public var outputs: [TensorID]
    /// The reference kernels that define the node's rounding.
    public var family: KernelFamily

    /// Makes a node from its parts.
    public init(
        name: String,
        operator: Operator,
        inputs: [TensorID?],
        outputs: [TensorID],
        family: KernelFamily = .int8
    ) {
        self.name = name
        self.operator = `operator`
        self.inputs = inputs
        self.outputs = outputs
        self.family = family
    }
}

/// A tensor that enters or leaves the graph.
public struct Port: Sendable {
    /// The name by which callers know it.
    public var name: String
    /// The tensor inside the graph.
    public var tensor: TensorID
    /// The type that the source model takes or gives here.
    ///
    /// `float32` beside an int8 tensor means that the model quantizes (or dequantizes) at its
    /// edge; the caller does so in its place.
    public var externalType: DataType

    /// Makes a port from its parts.
    public init(name: String, tensor: TensorID, externalType: DataType) {
        self.name = name
        self.tensor = tensor
        self.externalType = externalType
    }
}

/// A trained model: tensors, and nodes in an order in which every input is computed before use.
public struct Graph: Sendable {
    /// The model's name, for reports.
    public var name: String
    /// All tensors; `TensorID` indexes them.
    public var tensors: [Tensor]
    /// The nodes in topological order.
    public var nodes: [Node]
    /// What callers provide.
    public var inputs: [Port]
    /// What callers receive.
    public var outputs: [Port]
    /// What the graph keeps from one inference to the next.
    public var states: [State]

    /// Makes a graph from its parts, unchecked: `validate()` proves the invariants.
    public init(
        name: String,
        tensors: [Tensor] = [],
        nodes: [Node] = [],
        inputs: [Port] = [],
        outputs: [Port] = [],
        states: [State] = []
    ) {
        self.name = name
        self.tensors = tensors
        self.nodes = nodes
        self.inputs = inputs
        self.outputs = outputs
        self.states = states
    }

    /// The tensor that an identifier of this graph names.
    public subscript(id: TensorID) -> Tensor {
        get { tensors[id.index] }
        set { tensors[id.index] = newValue }
    }

    /// Adds a tensor and returns its identifier.
    public mutating func add(_ tensor: Tensor) -> TensorID {
        tensors.append(tensor)
        return TensorID(tensors.count - 1)
    }
}
