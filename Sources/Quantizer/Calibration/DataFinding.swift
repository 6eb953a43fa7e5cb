/// Something suspicious about data, with what to try.
public struct DataFinding: Sendable, Hashable, Codable {
    /// What was found.
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// There are fewer samples than ranges need to settle.
        case tooFewSamples
        /// Samples are one number repeated.
        case constantSamples
        /// Samples occur twice.
        case repeatedSamples
        /// Samples are in the calibration and in the evaluation data.
        case sharedSamples
        /// Numbers lie outside what the model was declared to be trained on.
        case wrongRange
        /// Numbers look as if they had been prepared already, or not yet.
        case wrongPreparation
        /// Features lie far from their declared mean.
        case outlyingFeature
        /// The channels of images seem to lie elsewhere.
        case wrongLayout
        /// Some classes have many more samples than others.
        case unbalancedClasses
        /// Classes of the evaluation data do not occur in the calibration data.
        case missingClasses
        /// The stored integers do not reach many of the values.
        case saturation
        /// Ranges rest on single samples.
        case growingRange
        /// An array has another element type than one would expect.
        case elementType
    }

    /// How likely the finding spoils the result, in ascending order.
    public enum Severity: String, Sendable, Hashable, Codable, CaseIterable {
        /// Worth knowing.
        case note
        /// Likely to cost accuracy.
        case warning
        /// The result is not to be trusted.
        case error
    }

    /// What was found.
    public let kind: Kind
    /// How bad it is.
    public let severity: Severity
    /// The data set, and the input or tensor.
    public let place: String
    /// What is wrong, with numbers.
    public let message: String
    /// What to try.
    public let advice: String

    /// Makes a finding.
    public init(
        _ kind: Kind,
        _ severity: Severity,
        place: String,
        message: String,
        advice: String
    ) {
        self.kind = kind
        self.severity = severity
        self.place = place
        self.message = message
        self.advice = advice
    }
}

extension DataFinding: CustomStringConvertible {
    /// The finding in one line.
    public var description: String { "\(place): \(message); \(advice)" }
}
