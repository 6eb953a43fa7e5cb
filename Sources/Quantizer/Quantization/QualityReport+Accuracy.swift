extension QualityReport {
    /// A share with its 95 % interval.
    public struct Share: Sendable, Hashable, Codable {
        /// The share, an accuracy in `0...1` or a drop in `-1...1`.
        public var value: Double
        /// The lower end of the interval.
        public var lower: Double
        /// The upper end of the interval.
        public var upper: Double

        /// Makes a share from its parts.
        public init(value: Double, lower: Double, upper: Double) {
            self.value = value
            self.lower = lower
            self.upper = upper
        }

        /// The accuracy of a classifier.
        public init(_ evaluation: ClassificationEvaluation) {
            let interval = evaluation.accuracyInterval
            self.init(value: evaluation.accuracy, lower: interval.lower, upper: interval.upper)
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
            case accuracyDrop, accuracy, memoryBytes
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

        /// A gate on the drop of accuracy.
        public init(drop: Double, limit: Double, verdict: GateVerdict) {
            self.init(measure: .accuracyDrop, limit: limit, value: drop, verdict: .pass)
            switch verdict {
            case .pass: break
            case .fail: self.verdict = .fail
            case .inconclusive(let needed):
                self.verdict = .inconclusive
                neededSampleCount = needed
            }
        }
    }

    /// A classifier on labelled samples, in integers and in floating point.
    public struct Accuracy: Sendable, Hashable, Codable {
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

        /// The labelled samples.
        public var sampleCount: Int
        /// The number of classes.
        public var classCount: Int
        /// The accuracy of the integers.
        public var integer: Share
        /// The accuracy in floating point on the same samples, where it was measured.
        public var float: Share?
        /// The share of samples on which both predict the same class.
        public var agreement: Double?
        /// Samples that only the float model has right.
        public var lostCount: Int?
        /// Samples that only the integers have right.
        public var wonCount: Int?
        /// How much accuracy the integers cost, with the paired interval.
        public var drop: Share?
        /// `table[label][prediction]` counts samples; absent for many classes.
        public var table: [[Int]]?
        /// The most frequent confusions, descending.
        public var confusions: [Confusion]

        /// The accuracy of the integers alone.
        public init(_ evaluation: ClassificationEvaluation) {
            sampleCount = evaluation.sampleCount
            classCount = evaluation.confusion.count
            integer = Share(evaluation)
            table = classCount <= Self.tableClassCountMax ? evaluation.confusion : nil
            var found: [Confusion] = []
            for (label, row) in evaluation.confusion.enumerated() {
                for (prediction, count) in row.enumerated() where count > 0 && label != prediction {
                    found.append(Confusion(label: label, prediction: prediction, count: count))
                }
            }
            found.sort { ($1.count, $0.label, $0.prediction) < ($0.count, $1.label, $1.prediction) }
            confusions = Array(found.prefix(Self.confusionCountMax))
        }
    }
}
