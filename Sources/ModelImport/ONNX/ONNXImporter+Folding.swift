import ModelGraph

extension ONNXImporter {
    /// Computes the current node when everything it reads is constant; gives whether it did.
    mutating func fold(_ type: String) throws(NodeProblem) -> Bool {
        guard let node = current else { return false }
        var inputs: [ONNXTensor?] = []
        for index in node.inputs.indices {
            guard let value = try value(index) else {
                inputs.append(nil)
                continue
            }
            guard case .constant(let tensor) = value else { return false }
            inputs.append(tensor)
        }
        guard let first = inputs.first ?? nil else { return false }
        if type == "Split" {
            try foldSplit(first)
            return true
        }
        guard let result = try folded(type, inputs, first) else { return false }
        foldedElementCount += result.elementCount
        guard foldedElementCount <= ONNXLimits.foldedElementCountMax else {
            throw NodeProblem(
                .structure,
                "constants that the model computes have too many elements",
                help: "simplify the model with onnxsim before importing it"
            )
        }
        try define(.constant(result))
        return true
    }

    private mutating func folded(
        _ type: String,
        _ inputs: [ONNXTensor?],
        _ first: ONNXTensor
    ) throws(NodeProblem) -> ONNXTensor? {
        switch type {
        case "Cast": return try foldCast(first)
        case "CastLike":
            let narrow = inputName(1).flatMap { narrowTypes[$0] }
            return inputs.last.flatMap { $0 }.map { cast(first, to: narrow ?? $0.type) }
        case "Transpose":
            let reversed = Array(first.shape.indices.reversed())
            let permutation = try ints("perm") ?? reversed
            guard permutation.sorted() == Array(first.shape.indices) else {
                throw .inconsistent("\(permutation) on \(first.shape)")
            }
            return first.transposed(permutation)
        case "Reshape", "Flatten", "Squeeze", "Unsqueeze":
            let shape = try newShape(type, first.shape)
            guard shape.isBounded(by: GraphLimits.elementCountMax) else {
                throw .inconsistent("a constant has the unusable shape \(shape)")
            }
            return first.reshaped(shape)
        case "Concat": return try foldConcat(inputs.compactMap { $0 })
        case "Slice": return try foldSlice(first)
        case "Gather": return try foldGather(first, inputs)
        case "Expand": return try foldExpand(first)
        case "ConstantOfShape": return try foldConstantOfShape(first)
        case "Range": return try foldRange(inputs.compactMap { $0 })
        case "Where": return try foldWhere(inputs.compactMap { $0 })
        case "NonZero": return foldNonZero(first)
        case "Clip": return foldClip(inputs)
        case "QuantizeLinear": return try foldQuantize(inputs)
        case "Tile": return try foldTile(first)
        case "Not":
            return ONNXTensor(
                integers: first.integers.map { $0 == 0 ? 1 : 0 },
                shape: first.shape,
                type: .bool
            )
        case "ReduceProd", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceMean":
            return try foldReduction(type, first)
        default:
            if let kind = ConstantArithmetic(type), inputs.count >= 2 {
                // With `fmod` the rest has the sign of the dividend, which only floats get here.
                let isTruncated = type == "Mod" ? try int("fmod", default: 0) == 1 : false
                if isTruncated && !first.type.isFloat { return nil }
                return try foldArithmetic(kind, inputs.compactMap { $0 })
            }
            return try foldUnary(type, first)
        }
    }

    // MARK: Arithmetic

    private mutating func foldArithmetic(
        _ kind: ConstantArithmetic,
        _ inputs: [ONNXTensor]
    ) throws(NodeProblem) -> ONNXTensor? {
        guard var result = inputs.first else { return nil }
        for next in inputs.dropFirst() {
            let shape = try broadcastShape([result.shape, next.shape])
            try checkFolding(shape)
            let (a, b) = (result.broadcast(to: shape), next.broadcast(to: shape))
            if a.type.isFloat || b.type.isFloat {
                let values = zip(a.floats, b.floats).map { kind.value(Double($0), Double($1)) }
                result =
                    kind.isComparison
                    ? ONNXTensor(integers: values.map { Int64($0) }, shape: shape, type: .bool)
                    : ONNXTensor(floats: values.map { Float($0) }, shape: shape)
            } else {
                var values: [Int64] = []
                for (x, y) in zip(a.integers, b.integers) {
                    guard let value = kind.value(x, y) else {
                        throw .inconsistent("a division by 0 or an overflow in constants")
                    }
                    values.append(a.type.wrapped(value))
                }
                let type: ONNXElementType = kind.isComparison ? .bool : a.type
                result = ONNXTensor(integers: values, shape: shape, type: type)
            }
        }
        return result
    }

    private func foldUnary(
        _ type: String,
        _ x: ONNXTensor
    ) throws(NodeProblem) -> ONNXTensor? {
        if !x.type.isFloat {
            guard type == "Neg" || type == "Abs" else { return nil }
            let values = x.integers.map { type == "Neg" || $0 < 0 ? 0 &- $0 : $0 }
            return ONNXTensor(integers: values, shape: x.shape, type: x.type)
        }
        let kind: UnaryOperator
        switch type {
        case "Neg": kind = .negate
        case "Abs": kind = .absolute
        case "Sqrt": kind = .squareRoot
        case "Exp": kind = .exponential
        case "Log": kind = .logarithm
        case "Floor": kind = .floor
        case "Ceil": kind = .ceiling
        case "Reciprocal": kind = .reciprocal
        case "Relu": kind = .relu
        case "Sigmoid": kind = .logistic
        case "Tanh": kind = .tanh
        case "Erf": kind = .errorFunction
        default: return nil
        }
        return ONNXTensor(
            floats: x.floats.map { Float(kind.value(at: Double($0))) },
            shape: x.shape
        )
    }

    func cast(_ x: ONNXTensor, to type: ONNXElementType) -> ONNXTensor {
        if type.isFloat {
            let floats = x.floats.map { type.rounded($0) }
            return ONNXTensor(floats: floats, shape: x.shape)
        }
        if type == .bool && x.type.isFloat {
            let values: [Int64] = x.floats.map { $0 == 0 ? 0 : 1 }
            return ONNXTensor(integers: values, shape: x.shape, type: .bool)
        }
        return ONNXTensor(
            integers: x.integers.map { type.wrapped($0) },
            shape: x.shape,
            type: type
        )
    }

    private func foldCast(_ x: ONNXTensor) throws(NodeProblem) -> ONNXTensor {
        let number = try int("to", default: 0)
        guard let type = ONNXElementType(rawValue: number), type.sizeBytes != nil else {
            throw NodeProblem(
                .type,
                "a cast to \(ONNXElementType.name(of: number))",
                help: "use float or int64"
            )
        }
        return cast(x, to: type)
    }

    /// Refuses a constant that would be too large before it is made.
    func checkFolding(_ shape: [Int]) throws(NodeProblem) {
        guard shape.isBounded(by: ONNXLimits.computedElementCountMax) else {
            throw NodeProblem(
                .structure,
                "a constant of the shape \(shape) would be computed",
                help: "export with a smaller fixed input shape"
            )
        }
    }
}

/// Arithmetic and comparison of constants.
enum ConstantArithmetic: String {
    case add = "Add", sub = "Sub", mul = "Mul", div = "Div", mod = "Mod", pow = "Pow"
    case min = "Min", max = "Max", equal = "Equal", less = "Less", greater = "Greater"
    case lessOrEqual = "LessOrEqual", greaterOrEqual = "GreaterOrEqual"
    case and = "And", or = "Or", xor = "Xor"

    init?(_ type: String) { self.init(rawValue: type) }

    var isComparison: Bool {
        switch self {
        case .equal, .less, .greater, .lessOrEqual, .greaterOrEqual, .and, .or, .xor: true
        default: false
        }
    }

    func value(_ a: Double, _ b: Double) -> Double {
        switch self {
        case .add: a + b
        case .sub: a - b
        case .mul: a * b
        case .div: a / b
        case .mod: a.truncatingRemainder(dividingBy: b)
        case .pow: BinaryOperator.power.value(a, b)
        case .min: Swift.min(a, b)
        case .max: Swift.max(a, b)
        case .equal: a == b ? 1 : 0
        case .less: a < b ? 1 : 0
        case .greater: a > b ? 1 : 0
        case .lessOrEqual: a <= b ? 1 : 0
        case .greaterOrEqual: a >= b ? 1 : 0
        case .and: a != 0 && b != 0 ? 1 : 0
        case .or: a != 0 || b != 0 ? 1 : 0
        case .xor: (a != 0) != (b != 0) ? 1 : 0
        }
    }

    /// The value on integers; `nil` for a division by 0 or a quotient that has no value.
    func value(_ a: Int64, _ b: Int64) -> Int64? {
        switch self {
        case .add: return a &+ b
        case .sub: return a &- b
        case .mul: return a &* b
        case .div:
            let (quotient, overflow) = a.dividedReportingOverflow(by: b)
            return overflow ? nil : quotient
        case .mod:
            let (rest, overflow) = a.remainderReportingOverflow(dividingBy: b)
            guard !overflow else { return nil }
            return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest
        case .pow:
            return Int64(exactly: BinaryOperator.power.value(Double(a), Double(b)).rounded())
        case .min: return Swift.min(a, b)
        case .max: return Swift.max(a, b)
        default: return Int64(value(Double(a), Double(b)))
        }
    }
}
