import ModelGraph

extension ONNXImporter {
    /// Comparisons and logic of computed values; gives whether the node is one.
    ///
    /// Truth values are the numbers 0 and 1. A difference of floats is 0 only where they are equal,
    /// and NaN is neither 0 nor larger than it; infinite values of one sign have no difference, so
    /// they compare as unequal.
    mutating func importTruth(_ type: String) throws(NodeProblem) -> Bool {
        let result: TensorID
        switch type {
        case "Equal": result = try equal(try comparable(0), try comparable(1))
        case "Less": result = try greater(try comparable(1), try comparable(0))
        case "Greater": result = try greater(try comparable(0), try comparable(1))
        case "LessOrEqual", "GreaterOrEqual":
            let places = type == "LessOrEqual" ? (1, 0) : (0, 1)
            let (a, b) = (try comparable(places.0), try comparable(places.1))
            let isEqual = try equal(a, b)
            result = try select(try greater(a, b), try number(1), isEqual)
        case "Not": result = try select(try comparable(0), try number(0), try number(1))
        case "And": result = try select(try comparable(0), try comparable(1), try number(0))
        case "Or": result = try select(try comparable(0), try number(1), try comparable(1))
        case "Xor":
            let other = try comparable(1)
            let inverse = try select(other, try number(0), try number(1))
            result = try select(try comparable(0), inverse, other)
        default: return false
        }
        try define(.tensor(result))
        return true
    }

    /// 1 where a value is not 0.
    mutating func truth(of id: TensorID) throws(NodeProblem) -> TensorID {
        try select(id, try number(1), try number(0))
    }

    /// The graph tensor of input `index`, whose values a float holds exactly.
    private mutating func comparable(_ index: Int) throws(NodeProblem) -> TensorID {
        let id = try movable(index)
        let isExact = [.bool, .int8, .uint8, .int16].contains(graph[id].type)
        if !isExact || graph[id].quantization != nil { try requireFloat(id) }
        return id
    }

    mutating func number(_ value: Float) throws(NodeProblem) -> TensorID {
        try add(floats: [value], shape: [], "\(value)")
    }

    /// `a` where the condition is not 0, else `b`.
    mutating func select(
        _ condition: TensorID,
        _ a: TensorID,
        _ b: TensorID
    ) throws(NodeProblem) -> TensorID {
        let shape = try broadcastShape([condition, a, b].map { graph[$0].shape })
        return try emit(.select, [condition, a, b], shape: shape)
    }

    private mutating func equal(_ a: TensorID, _ b: TensorID) throws(NodeProblem) -> TensorID {
        try select(try binary(.subtract, a, b), try number(0), try number(1))
    }

    mutating func greater(_ a: TensorID, _ b: TensorID) throws(NodeProblem) -> TensorID {
        // With the number first, the maximum of 0 and NaN is 0.
        let difference = try binary(.subtract, a, b)
        return try truth(of: try binary(.maximum, try number(0), difference))
    }
}
