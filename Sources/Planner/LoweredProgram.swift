import InferenceRuntime
import ModelGraph

/// A tensor on its way into a program: a value of the graph or a temporary of the lowering.
struct LoweredValue {
    var name: String
    var shape: [Int]
    var type: DataType
    var scale: Float
    var zeroPoint: Int32
    /// The bytes of a constant.
    var constant: [UInt8]?
    /// The value whose memory this one is, when it is a view.
    var view: View?

    struct View {
        var base: Int
        var offsetBytes: Int
    }

    var elementCount: Int { shape.reduce(1, *) }
    var sizeBytes: Int { elementCount * type.sizeBytes }

    /// Whether the stored integers of two values mean the same numbers.
    func isQuantized(like other: LoweredValue) -> Bool {
        scale == other.scale && zeroPoint == other.zeroPoint && type == other.type
    }
}

/// An operator of the program.
struct LoweredStep {
    var node: String
    var opcode: Opcode
    /// One or two values; none for a fill.
    var inputs: [Int]
    var output: Int
    var parameters: OperatorParameters
    var weights: [UInt8] = []
    var scales: [ScaleFactor] = []
    var constants: [UInt8] = []
    /// For a copy of a whole value to one contiguous place: the offset of the place.
    var contiguousTarget: Int?
    /// Of a long short-term memory: the values that it reads and writes, hidden values and cell,
    /// which are also inputs.
    var kept: [Int] = []
}

/// A value that lives from one inference to the next.
struct LoweredState {
    var name: String
    var value: Int
    var initial: [UInt8]
}

/// The graph as a sequence of the runtime's operators.
struct LoweredProgram {
    var values: [LoweredValue] = []
    var steps: [LoweredStep] = []
    var inputs: [Int] = []
    var outputs: [Int] = []
    var states: [LoweredState] = []

    /// Adds a value and returns its index.
    mutating func add(_ value: LoweredValue) -> Int {
        values.append(value)
        return values.count - 1
    }

    /// The value that owns the memory of `value`, and where in it this value starts.
    func storage(of value: Int) -> (root: Int, offsetBytes: Int) {
        var root = value
        var offset = 0
        while let view = values[root].view {
            offset += view.offsetBytes
            root = view.base
        }
        return (root, offset)
    }
}
