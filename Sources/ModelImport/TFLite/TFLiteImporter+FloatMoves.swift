import ModelGraph

// Operators of float models that pick, repeat and rearrange elements, or that are put together from
// several nodes.
extension TFLiteImporter {
    mutating func importFloatMove(_ code: TFLiteOperatorCode) throws(NodeProblem) {
        switch code {
        case .cast: try foldCast()
        case .depthToSpace: try importDepthToSpace()
        case .spaceToDepth: try importSpaceToDepth()
        default: throw .inconsistent("operator code \(code.rawValue)")
        }
    }

    /// CAST from float32 to float32 is the identity; a constant is converted here.
    private mutating func foldCast() throws(NodeProblem) {
        let source = try operand(0)
        guard let output = current.outputs.first else { throw .inconsistent("no output") }
        let (from, to) = (model.tensors[source], model.tensors[output])
        guard to.type == .float32 else { throw NodeProblem(typeOf: to) }
        guard from.shape == to.shape, to.constant == nil, !isInput[output],
            internalIDs[output] == nil
        else { throw .inconsistent("'\(to.name)' is not '\(from.name)' as float32") }
        guard from.constant != nil, from.type != .float32 else {
            internalIDs[output] = try floatTensor(source)
            return
        }
        let type: DataType
        switch from.type {
        case .int8: type = .int8
        case .uint8: type = .uint8
        case .int16: type = .int16
        case .int32: type = .int32
        case .int64: type = .int64
        case .float16: type = .float16
        case .bool: type = .bool
        default: throw NodeProblem(typeOf: from)
        }
        try check(from)
        // CAST converts stored integers, whatever scale they have.
        let stored = Tensor(
            name: from.name,
            shape: from.shape,
            type: type,
            constant: from.constant
        )
        guard let values = stored.realValues(), values.allSatisfy(\.isFinite),
            values.count == (try elementCount(from))
        else { throw .inconsistent("the constant '\(from.name)' does not fill its shape") }
        try spendRewritten(4 * values.count)
        internalIDs[output] = graph.add(
            Tensor(
                name: to.name,
                shape: to.shape,
                type: .float32,
                constant: LittleEndian.bytes(values)
            )
        )
    }

    /// DEPTH_TO_SPACE: the channels `[b, b, C]` of a pixel become a block of pixels.
    private mutating func importDepthToSpace() throws(NodeProblem) {
        let block = try options(94).integer(0)
        let shape = graph[try value(0)].shape
        guard shape.count == 4, (1...shape[3]).contains(block), shape[3] % (block * block) == 0
        else { throw .inconsistent("blocks of \(block) in \(shape)") }
        let depth = shape[3] / (block * block)
        try emitBlocks(
            apart: [shape[0], shape[1], shape[2], block, block, depth],
            together: [shape[0], shape[1], block, shape[2], block, depth]
        )
    }

    /// SPACE_TO_DEPTH: a block of pixels becomes the channels of one.
    private mutating func importSpaceToDepth() throws(NodeProblem) {
        let block = try options(19).integer(0)
        let shape = graph[try value(0)].shape
        guard shape.count == 4, block >= 1, shape[1] % block == 0, shape[2] % block == 0
        else { throw .inconsistent("blocks of \(block) in \(shape)") }
        let (rows, columns) = (shape[1] / block, shape[2] / block)
        try emitBlocks(
            apart: [shape[0], rows, block, columns, block, shape[3]],
            together: [shape[0], rows, columns, block, block, shape[3]]
        )
    }

    /// Reshapes to six dimensions, exchanges the third and the fourth, reshapes to the output.
    private mutating func emitBlocks(apart: [Int], together: [Int]) throws(NodeProblem) {
        let blocks = intermediate(apart, ".blocks")
        try emit(.reshape, [try value(0)], to: blocks, suffix: ".apart")
        let moved = intermediate(together, ".moved")
        try emit(.transpose(permutation: [0, 1, 3, 2, 4, 5]), [blocks], to: moved, suffix: ".move")
        try emit(.reshape, [moved], to: try result())
    }

    /// L2_NORMALIZATION over the last dimension: `x / max(√Σx², 1e-6)`, the reference's epsilon.
    mutating func importL2Normalization() throws(NodeProblem) {
        let activation = try options(12).activation(0)
        let (x, y) = (try value(0), try result())
        let shape = graph[x].shape
        guard let last = shape.indices.last else {
            throw .inconsistent("a normalization needs a dimension")
        }
        var kept = shape
        kept[last] = 1
        let squares = intermediate(shape, ".squares")
        try emit(.unary(.square), [x], to: squares, suffix: ".square")
        let total = intermediate(kept, ".total")
        let sum = Operator.reduce(.sum, axes: [last], keepsDimensions: true)
        try emit(sum, [squares], to: total, suffix: ".sum")
        let bounded = intermediate(kept, ".bounded")
        try emit(
            .unary(.clamp(low: 1e-12, high: .infinity)),
            [total],
            to: bounded,
            suffix: ".clamp"
        )
        let factor = intermediate(kept, ".factor")
        try emit(.unary(.reciprocalSquareRoot), [bounded], to: factor, suffix: ".rsqrt")
        try emit(.binary(.multiply, activation), [x, factor], to: y)
    }

    /// A float32 activation that the model does not have, between the nodes of one operator.
    private mutating func intermediate(_ shape: [Int], _ suffix: String) -> TensorID {
        graph.add(Tensor(name: "\(current.name)#\(index)\(suffix)", shape: shape, type: .float32))
    }
}
