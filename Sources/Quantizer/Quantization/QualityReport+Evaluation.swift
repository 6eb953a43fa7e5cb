extension QualityReport {
    /// A measure with its 95 % interval.
    public struct Estimate: Sendable, Hashable, Codable {
        /// The measure.
        public var value: Double
        /// The lower end of the interval, where there is one.
        public var lower: Double?
        /// The upper end of the interval, where there is one.
        public var upper: Double?

        /// Makes an estimate from its parts.
        public init(value: Double, lower: Double?, upper: Double?) {
            self.value = value
            self.lower = lower
            self.upper = upper
        }
    }

    /// What one gate says.
    public struct Gate: Sendable, Hashable, Codable {
        /// The verdict in a word.
        public enum Verdict: String, Sendable, Hashable, Codable {
            case pass, fail, inconclusive
        }

        /// What is compared with the limit.
        public enum Measure: String, Sendable, Hashable, Codable {
            case drop, accuracy, memoryBytes
        }

        /// What is compared.
        public var measure: Measure
        /// The limit, in the unit of the measure.
        public var limit: Double
        /// What was found, in the unit of the measure.
        public var value: Double
        /// The verdict.
        public var verdict: Verdict
        /// The samples that would decide at the same rates, where it is open.
        public var neededSampleCount: Int?

        /// Makes a gate from its parts.
        public init(
            measure: Measure,
            limit: Double,
            value: Double,
            verdict: Verdict,
            neededSampleCount: Int? = nil
        ) {
            self.measure = measure
            self.limit = limit
            self.value = value
            self.verdict = verdict
            self.neededSampleCount = neededSampleCount
        }

        /// A gate on what the integers lose.
        ///
        /// All numbers are in the unit of the metric.
        public init(drop: Double, limit: Double, verdict: GateVerdict) {
            self.init(measure: .drop, limit: limit, value: drop, verdict: .pass)
            switch verdict {
            case .pass: break
            case .fail: self.verdict = .fail
            case .inconclusive(let needed):
                self.verdict = .inconclusive
                neededSampleCount = needed
            }
        }
    }

    /// A model on labelled samples, in integers and in floating point.
    public struct Evaluation: Sendable, Hashable, Codable {
        /// What is measured.
        public enum Metric: String, Sendable, Hashable, Codable {
            /// The share of samples that are classified right, in `0...1`; more is better.
            case accuracy
            /// The area under the ROC curve, in `0...1`; more is better.
            case area
            /// The mean absolute error in the unit of the output; less is better.
            case meanAbsoluteError
        }

        /// Samples of one class that were taken for another.
        public struct Confusion: Sendable, Hashable, Codable {
            /// The true class.
            public var label: Int
            /// The predicted class.
            public var prediction: Int
            /// How many samples.
            public var count: Int
        }

        /// The most classes whose whole table is kept.
        public static let tableClassCountMax = 20
        /// The most confusions that are kept.
        public static let confusionCountMax = 20

        /// What is measured.
        public var metric: Metric
        /// The labelled samples.
        public var sampleCount: Int
        /// The integers.
        public var integer: Estimate
        /// The float model on the same samples, where it was measured.
        public var float: Estimate?
        /// How much worse the integers are, in the unit of the metric, with the interval of the
        /// pairs.
        public var drop: Estimate?
        /// The share of samples on which both predict the same class.
        public var agreement: Double?
        /// Samples that only the float model has right.
        public var lostCount: Int?
        /// Samples that only the integers have right.
        public var wonCount: Int?
        /// The number of classes, where samples were classified.
        public let classCount: Int?
        /// `table[label][prediction]` counts samples; absent for many classes.
        public let table: [[Int]]?
        /// The most frequent confusions, descending.
        public let confusions: [Confusion]

        /// The integers alone.
        ///
        /// - Parameters:
        ///   - metric: what was measured.
        ///   - sampleCount: the labelled samples.
        ///   - integer: what was found.
        ///   - confusion: `confusion[label][prediction]` counts samples; square.
        public init(
            metric: Metric,
            sampleCount: Int,
            integer: Estimate,
            confusion: [[Int]]? = nil
        ) {
            self.metric = metric
            self.sampleCount = sampleCount
            self.integer = integer
            classCount = confusion?.count
            table = confusion.flatMap { $0.count <= Self.tableClassCountMax ? $0 : nil }
            var found: [Confusion] = []
            for (label, row) in (confusion ?? []).enumerated() {
                for (prediction, count) in row.enumerated() where count > 0 && label != prediction {
                    found.append(Confusion(label: label, prediction: prediction, count: count))
                }
            }
            found.sort { ($1.count, $0.label, $0.prediction) < ($0.count, $1.label, $1.prediction) }
            confusions = Array(found.prefix(Self.confusionCountMax))
        }
    }
}
