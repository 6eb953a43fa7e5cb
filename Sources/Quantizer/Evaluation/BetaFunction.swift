import Glibc

/// The regularized incomplete beta function, and what follows from it.
enum BetaFunction {
    /// `I_x(a, b)` for `0 <= x <= 1` and positive `a` and `b`.
    ///
    /// The continued fraction of Abramowitz and Stegun, 26.5.8, evaluated by Lentz's method as in
    /// Press et al., Numerical Recipes (3rd edition), section 6.4.
    static func regularized(_ x: Double, _ a: Double, _ b: Double) -> Double {
        guard x > 0 else { return 0 }
        guard x < 1 else { return 1 }
        let logFactor =
            logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log1p(-x)
        let factor = exp(logFactor)
        // The fraction converges quickly below the mean; the other side is its complement.
        if x < (a + 1) / (a + b + 2) { return factor * fraction(x, a, b) / a }
        return 1 - factor * fraction(1 - x, b, a) / b
    }

    /// The quantile of Student's distribution that leaves 2.5 % on either side.
    ///
    /// `P(|T| > t) = I_x(n/2, 1/2)` with `x = n / (n + t²)` (Abramowitz and Stegun, 26.7.1);
    /// solved by bisection. From 10,000 degrees on `z + (z³ + z) / 4n` (26.7.5), which is off by
    /// less than 1e-7 there.
    ///
    /// - Parameter n: the degrees of freedom, at least 1, not necessarily whole.
    /// - Returns: The quantile, correct to 1e-7.
    static func studentQuantile(degreesOfFreedom n: Double) -> Double {
        let z = ConfidenceInterval.normalQuantile
        guard n < 10_000 else { return z + (z * z * z + z) / (4 * n) }
        // At one degree of freedom the quantile is 12.706, and it falls with more.
        var (low, high) = (1.9, 13.0)
        for _ in 0..<64 {
            let t = (low + high) / 2
            if regularized(n / (n + t * t), n / 2, 0.5) > 0.05 { low = t } else { high = t }
        }
        return (low + high) / 2
    }

    private static func logGamma(_ x: Double) -> Double {
        let (value, _): (Double, Int) = lgamma(x)
        return value
    }

    private static func fraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
        let tiny = 1e-300
        func bounded(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
        var c = 1.0
        var d = 1 / bounded(1 - (a + b) * x / (a + 1))
        var result = d
        // The number of steps grows with the root of the larger parameter.
        let stepCountMax = 1_000 + Int(4 * max(a, b).squareRoot())
        for step in 1...stepCountMax {
            let m = Double(step)
            let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            d = 1 / bounded(1 + even * d)
            c = bounded(1 + even / c)
            result *= d * c
            let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            d = 1 / bounded(1 + odd * d)
            c = bounded(1 + odd / c)
            result *= d * c
            if abs(d * c - 1) < 1e-16 { break }
        }
        return result
    }
}
