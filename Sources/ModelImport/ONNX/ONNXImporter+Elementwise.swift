import ModelGraph

extension ONNXImporter {
    /// Operators on each element; gives whether the node is one.
    mutating func importElementwise(_ type: String) throws(NodeProblem) -> Bool {
        if let kind = try plainUnary(type) {
            try define(.tensor(try unary(kind, try tensor(0))))
            return true
        }
        switch type {
        case "Add", "Sum": try importChain(.add)
        case "Sub": try importChain(.subtract)
        case "Mul": try importChain(.multiply)
        case "Max": try importChain(.maximum)
        case "Min": try importChain(.minimum)
        case "Div": try importDivision()
        case "Pow": try importPower()
        case "Mean":
            try importChain(.add)
            let count = Float(current?.inputs.count ?? 1)
            guard case .tensor(let sum)? = values[current?.outputs.first ?? ""] else { break }
            try define(.tensor(try binary(.multiply, sum, 1 / count)))
        case "Clip": try importClip()
        case "PRelu": try importPRelu()
        case "Where": try importWhere()
        case "Selu", "Celu", "Softsign", "Mish", "ThresholdedRelu", "Shrink", "Swish":
            try importComposed(type)
        default: return false
        }
        return true
    }

    /// The graph's operator for one of one input; `nil` when the node is none.
    private func plainUnary(_ type: String) throws(NodeProblem) -> UnaryOperator? {
        switch type {
        case "Relu": return .relu
        case "LeakyRelu": return .leakyRelu(alpha: try float("alpha", default: 0.01))
        case "Elu": return .elu(alpha: try float("alpha", default: 1))
        case "Sigmoid": return .logistic
        case "Tanh": return .tanh
        case "HardSigmoid":
            return .hardSigmoid(
                alpha: try float("alpha", default: 0.2),
                beta: try float("beta", default: 0.5)
            )
        case "HardSwish": return .hardSwish
        case "Softplus": return .softplus
        case "Gelu", "FastGelu", "QuickGelu":
            guard type == "Gelu" else { return nil }
            let kind = try string("approximate", default: "none")
            return .gelu(isApproximate: kind == "tanh")
        case "Erf": return .errorFunction
        case "Exp": return .exponential
        case "Log": return .logarithm
        case "Sqrt": return .squareRoot
        case "Reciprocal": return .reciprocal
        case "Neg": return .negate
        case "Abs": return .absolute
        case "Floor": return .floor
        case "Ceil": return .ceiling
        default: return nil
        }
    }

    /// An operator of two or more inputs, from left to right.
    private mutating func importChain(_ kind: BinaryOperator) throws(NodeProblem) {
        // Bounds may be infinite, and so may masks that are added to scores.
        let isBound = [.maximum, .minimum, .add].contains(kind)
        var result = try tensor(0, allowsInfinity: isBound)
        let count = current?.inputs.count ?? 0
        if count == 1 {
            try define(.tensor(try reshape(result, graph[result].shape)))
            return
        }
        for index in 1..<max(count, 2) {
            result = try binary(kind, result, try tensor(index, allowsInfinity: isBound))
        }
        try define(.tensor(result))
    }

    /// A division; by a constant it is a multiplication.
    private mutating func importDivision() throws(NodeProblem) {
        if let divisor = try constantIfKnown(1) {
            let reciprocals = divisor.floats.map { 1 / $0 }
            let factors = try add(floats: reciprocals, shape: divisor.shape, "reciprocal")
            try define(.tensor(try binary(.multiply, try tensor(0), factors)))
        } else if let dividend = try constantIfKnown(0) {
            let reciprocal = try unary(.reciprocal, try tensor(1))
            let isOne = dividend.elementCount == 1 && dividend.floats.first == 1
            if isOne && dividend.shape.count <= graph[reciprocal].shape.count {
                try define(.tensor(reciprocal))
            } else {
                try define(.tensor(try binary(.multiply, try tensor(0), reciprocal)))
            }
        } else {
            try define(.tensor(try binary(.divide, try tensor(0), try tensor(1))))
        }
    }

    /// A power; by one constant it is a unary operator.
    private mutating func importPower() throws(NodeProblem) {
        let base = try tensor(0)
        guard let exponent = try constantIfKnown(1), exponent.elementCount == 1,
            exponent.shape.count <= graph[base].shape.count
        else {
            try define(.tensor(try binary(.power, base, try tensor(1))))
            return
        }
        let value = try scalar(exponent)
        let kind: UnaryOperator =
            switch value {
            case 2: .square
            case 0.5: .squareRoot
            case -0.5: .reciprocalSquareRoot
            case -1: .reciprocal
            default: .power(exponent: value)
            }
        try define(.tensor(value == 1 ? base : try unary(kind, base)))
    }

    /// A clamp between constant bounds.
    private mutating func importClip() throws(NodeProblem) {
        let x = try tensor(0)
        var low = -Float.infinity
        var high = Float.infinity
        if opset < 11 {
            if current?.attributes["min"] != nil { low = try float("min", default: 0) }
            if current?.attributes["max"] != nil { high = try float("max", default: 0) }
        } else {
            if let bound = try constant(1, "bound") { low = try scalar(bound) }
            if let bound = try constant(2, "bound") { high = try scalar(bound) }
        }
        guard !low.isNaN, !high.isNaN else { throw .inconsistent("a bound is NaN") }
        // Where the bounds cross, ONNX's minimum, which comes last, decides.
        low = min(low, high)
        try define(.tensor(try unary(.bounded(low, high), x)))
    }

    private mutating func importPRelu() throws(NodeProblem) {
        let x = try tensor(0)
        let slope = try tensor(1)
        let shape = graph[x].shape
        try define(.tensor(try emit(.prelu, [x, slope], shape: shape)))
    }

    private mutating func importWhere() throws(NodeProblem) {
        guard let condition = try anyTensor(0) else { throw .inconsistent("input 0 is absent") }
        let a = try tensor(1, allowsInfinity: true)
        let b = try tensor(2, allowsInfinity: true)
        let shape = try broadcastShape([condition, a, b].map { graph[$0].shape })
        try define(.tensor(try emit(.select, [condition, a, b], shape: shape)))
    }

    /// Activations that are made of others.
    private mutating func importComposed(_ type: String) throws(NodeProblem) {
        let x = try tensor(0)
        let result: TensorID
        switch type {
        case "Selu":
            let alpha = try float("alpha", default: 1.673_263_2)
            let gamma = try float("gamma", default: 1.050_701)
            result = try binary(.multiply, try unary(.elu(alpha: alpha), x), gamma)
        case "Celu":
            // max(0, x) + min(0, a * (exp(x / a) - 1)) = a * elu(x / a), for a > 0.
            let alpha = try float("alpha", default: 1)
            guard alpha > 0 else { throw .inconsistent("alpha is \(alpha)") }
            let scaled = try binary(.multiply, x, 1 / alpha)
            result = try binary(.multiply, try unary(.elu(alpha: 1), scaled), alpha)
        case "Softsign":
            let divisor = try binary(.add, try unary(.absolute, x), 1)
            result = try binary(.multiply, x, try unary(.reciprocal, divisor))
        case "Mish":
            let factor = try unary(.tanh, try unary(.softplus, x))
            result = try binary(.multiply, x, factor)
        case "Swish":
            let alpha = try float("alpha", default: 1)
            let scaled = alpha == 1 ? x : try binary(.multiply, x, alpha)
            result = try binary(.multiply, x, try unary(.logistic, scaled))
        case "ThresholdedRelu":
            let threshold = try number(try float("alpha", default: 1))
            result = try select(try greater(x, threshold), x, try number(0))
        default:
            // Shrink: x + bias below -lambd, x - bias above lambd, else 0.
            let limit = try float("lambd", default: 0.5)
            let bias = try float("bias", default: 0)
            let above = try greater(x, try number(limit))
            let below = try greater(try number(-limit), x)
            let lower = try select(below, try binary(.add, x, bias), try number(0))
            result = try select(above, try binary(.add, x, -bias), lower)
        }
        try define(.tensor(result))
    }
}

extension UnaryOperator {
    /// The clamp between two bounds, as a rectifier where it is one.
    static func bounded(_ low: Float, _ high: Float) -> UnaryOperator {
        switch (low, high) {
        case (0, .infinity): .relu
        case (0, 6): .relu6
        case (-1, 1): .reluN1To1
        default: .clamp(low: low, high: high)
        }
    }
}
