import Quantizer
import Testing

@Suite("Two classifiers on the same samples")
struct PairedComparisonTests {
    /// Discordant counts, samples, and the interval of `(b - c) / n`.
    struct Table: Sendable {
        let b: Int, c: Int, n: Int
        let lower: Double, upper: Double
        let tolerance: Double

        init(
            _ b: Int,
            _ c: Int,
            _ n: Int,
            _ lower: Double,
            _ upper: Double,
            within tolerance: Double = 2e-7
        ) {
            (self.b, self.c, self.n) = (b, c, n)
            (self.lower, self.upper, self.tolerance) = (lower, upper, tolerance)
        }
    }

    // Published: complete response of 161 patients before and after a therapy (Cavo et al., 2012),
    // Tango's interval -0.1240 to -0.0054 in the tests of the R package contingencytables 3.0.0
    // (Fagerland, Lydersen and Laake, Statistical Analysis of Contingency Tables, 2017, chapter 8).
    //
    // The others: Tango's score with its constrained estimate found by numerical maximisation of
    // the likelihood (scipy 1.17.1, minimize_scalar) in place of the quadratic's root, solved by
    // brentq.
    static let tables = [
        Table(6, 16, 161, -0.1240, -0.0054, within: 5e-5),
        Table(1, 7, 21, -0.5172323, -0.0260030), Table(6, 16, 161, -0.1240234, -0.0054334),
        Table(12, 2, 50, 0.0611124, 0.3447087), Table(9, 2, 32, 0.0177999, 0.4112242),
        Table(0, 0, 30, -0.1135134, 0.1135134), Table(0, 5, 40, -0.2611212, -0.0264257),
        Table(60, 45, 1000, -0.0051651, 0.0355235), Table(5, 5, 100, -0.0702212, 0.0702212),
    ]

    @Test("the interval of the drop is Tango's", arguments: tables)
    func interval(table: Table) {
        let comparison = PairedComparison(
            referenceOnly: table.b,
            candidateOnly: table.c,
            samples: table.n
        )
        #expect(abs(comparison.dropInterval.lower - table.lower) < table.tolerance)
        #expect(abs(comparison.dropInterval.upper - table.upper) < table.tolerance)
    }

    @Test("the interval mirrors when the classifiers change places, also at the ends")
    func mirror() {
        for (b, c, n) in [(3, 9, 40), (0, 1, 1), (1, 0, 1), (40, 0, 40), (0, 40, 40), (20, 20, 40)]
        {
            let one = PairedComparison(referenceOnly: b, candidateOnly: c, samples: n).dropInterval
            let two = PairedComparison(referenceOnly: c, candidateOnly: b, samples: n).dropInterval
            #expect(abs(one.lower + two.upper) < 1e-12, "\(b) \(c) \(n)")
            #expect(one.lower >= -1 && one.upper <= 1, "\(b) \(c) \(n)")
            #expect(
                one.lower <= Double(b - c) / Double(n) && one.upper >= Double(b - c) / Double(n)
            )
        }
    }

    // statsmodels 0.15.0: mcnemar(table, exact=True).pvalue.
    @Test(
        "the exact p-value is McNemar's",
        arguments: [
            (1, 7, 0.0703125), (6, 16, 0.052478790283203125), (12, 2, 0.012939453125),
            (0, 5, 0.0625), (60, 45, 0.1715646971542424), (0, 0, 1.0), (7, 7, 1.0),
            (300, 250, 0.036578745549102676),
        ]
    )
    func pValue(b: Int, c: Int, expected: Double) {
        let comparison = PairedComparison(referenceOnly: b, candidateOnly: c, samples: 1_000)
        #expect(abs(comparison.exactPValue - expected) < 1e-12)
    }

    // The sample sizes: the oracle above at proportionally larger counts, solved by brentq.
    @Test(
        "the gate passes, fails, or names the samples that would decide",
        arguments: [
            (6, 2, 540, 0.05, GateVerdict.pass), (0, 0, 540, 0.01, .pass),
            (60, 5, 540, 0.02, .fail), (6, 2, 540, 0.02, .inconclusive(neededSampleCount: 593)),
            (6, 2, 540, 0.01, .inconclusive(neededSampleCount: 9305)),
            (0, 0, 100, 0.01, .inconclusive(neededSampleCount: 381)),
            (30, 10, 540, 0.03, .inconclusive(neededSampleCount: 5461)),
            (12, 2, 540, 0.01, .inconclusive(neededSampleCount: 1168)),
        ]
    )
    func gate(b: Int, c: Int, n: Int, limit: Double, expected: GateVerdict) {
        let comparison = PairedComparison(referenceOnly: b, candidateOnly: c, samples: n)
        #expect(comparison.verdict(maximalDrop: limit) == expected)
    }

    @Test("no number of samples decides when the estimate is the limit itself")
    func undecidable() {
        let comparison = PairedComparison(referenceOnly: 5, candidateOnly: 5, samples: 100)
        #expect(comparison.verdict(maximalDrop: 0) == .inconclusive(neededSampleCount: nil))
    }

    @Test("who is right is counted sample by sample")
    func counts() throws {
        let comparison = try PairedComparison(
            reference: [true, true, false, false, true],
            candidate: [true, false, true, false, false]
        )
        #expect(comparison.referenceOnlyCount == 2 && comparison.candidateOnlyCount == 1)
        #expect(abs(comparison.drop - 0.2) < 1e-15)
        #expect(throws: EvaluationError.countMismatch(predictions: 1, labels: 2)) {
            try PairedComparison(reference: [true, false], candidate: [true])
        }
    }
}
