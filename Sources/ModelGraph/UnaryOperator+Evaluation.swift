import Glibc

extension UnaryOperator {
    /// The operator's value in double precision.
    ///
    /// The definition of every unary operator: the reference interpreter evaluates it, and the
    /// planner's tables are filled by it. Where a function has no real value it gives what IEEE 754
    /// gives, so a logarithm of 0 is minus infinity.
    public func value(at x: Double) -> Double {
        switch self {
        case .relu: max(x, 0)
        case .relu6: min(max(x, 0), 6)
        case .reluN1To1: min(max(x, -1), 1)
        case .clamp(let low, let high): min(max(x, Double(low)), Double(high))
        case .leakyRelu(let alpha): x >= 0 ? x : x * Double(alpha)
        case .elu(let alpha): x > 0 ? x : Double(alpha) * expm1(x)
        case .hardSigmoid(let alpha, let beta): min(max(Double(alpha) * x + Double(beta), 0), 1)
        case .hardSwish: x * min(max(x + 3, 0), 6) / 6
        case .logistic: UnaryOperator.logistic(x)
        case .silu: x * UnaryOperator.logistic(x)
        case .softplus: max(x, 0) + log1p(exp(-abs(x)))
        case .gelu(let isApproximate): UnaryOperator.gelu(x, isApproximate: isApproximate)
        default: elementary(at: x)
        }
    }

    private func elementary(at x: Double) -> Double {
        switch self {
        case .tanh: Glibc.tanh(x)
        case .exponential: exp(x)
        case .logarithm: log(x)
        case .squareRoot: x.squareRoot()
        case .reciprocalSquareRoot: 1 / x.squareRoot()
        case .reciprocal: 1 / x
        case .errorFunction: erf(x)
        case .negate: -x
        case .absolute: abs(x)
        case .square: x * x
        case .floor: x.rounded(.down)
        case .ceiling: x.rounded(.up)
        case .power(let exponent): pow(x, Double(exponent))
        default: preconditionFailure("\(name) is evaluated above")
        }
    }

    /// `1 / (1 + exp(-x))`, without overflow on either side.
    private static func logistic(_ x: Double) -> Double {
        if x >= 0 { return 1 / (1 + exp(-x)) }
        let power = exp(x)
        return power / (1 + power)
    }

    private static func gelu(_ x: Double, isApproximate: Bool) -> Double {
        guard isApproximate else { return x / 2 * erfc(-x / 2.0.squareRoot()) }
        let argument = (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)
        return x / 2 * (1 + Glibc.tanh(argument))
    }
}

extension BinaryOperator {
    /// The operator's value in double precision.
    public func value(_ a: Double, _ b: Double) -> Double {
        switch self {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .maximum: max(a, b)
        case .minimum: min(a, b)
        case .power: pow(a, b)
        case .squaredDifference: (a - b) * (a - b)
        }
    }
}
