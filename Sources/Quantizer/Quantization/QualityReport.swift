import Foundation

/// How faithful an integer graph is to its float graph, and how it came about.
public struct QualityReport: Sendable, Hashable, Codable {
    /// One tensor that a node writes, or an input of the graph.
    public struct Layer: Sendable, Hashable, Codable {
        /// The node, or `input`.
        public let node: String
        /// The operator, or `Input`.
        public let operatorName: String
        /// The tensor.
        public let tensor: String
        /// The activations that the node reads.
        public let inputs: [String]
        /// The width of the stored integers.
        public let activationBits: Int
        /// The width of the stored weights; absent without weights.
        public let weightBits: Int?
        /// The scale of the stored integers.
        public let scale: Float
        /// The stored integer that stands for 0.
        public let zeroPoint: Int32
        /// The smallest value seen in calibration.
        public let seenMinimum: Float?
        /// The largest value seen in calibration.
        public let seenMaximum: Float?
        /// The smallest value that the stored integers reach.
        public let chosenMinimum: Double
        /// The largest value that the stored integers reach.
        public let chosenMaximum: Double
        /// The values seen in calibration; absent when there was none but 0.
        public let histogram: Histogram?
        /// Whether more samples would likely widen what was seen.
        public let isRangeGrowing: Bool
        /// The share of the seen values that the stored integers do not reach, in `0...1`.
        public let saturation: Double
        /// Signal to noise of the tensor, all errors before it included, in decibels; absent when
        /// there is no error.
        public let signalToNoise: Double?
        /// Signal to noise of the node's weights in decibels.
        public let weightSignalToNoise: Double?
        /// The multiply-accumulates of one inference.
        public let multiplyAccumulates: Int
        /// The size of the stored weights and bias in bytes.
        public let weightBytes: Int
    }

    /// One output of the graph.
    public struct Output: Sendable, Hashable, Codable {
        /// The port's name.
        public let name: String
        /// Signal to noise in decibels; absent when there is no error.
        public let signalToNoise: Double?
    }

    /// How the ranges of activations were chosen.
    public let rangeMethod: String
    /// How the ranges of the inputs were chosen.
    public let inputRangeMethod: String
    /// Whether biases were corrected.
    public let correctsBiases: Bool
    /// The calibration samples.
    public let sampleCount: Int
    /// The samples that the errors were measured on.
    public let evidenceCount: Int
    /// The share of those whose largest output stays in its place, in `0...1`.
    public let agreement: Double
    /// The outputs.
    public let outputs: [Output]
    /// The lowest signal to noise of what the outputs are made of, before a final softmax or
    /// sigmoid, in decibels; absent when there is no error.
    public let scoreSignalToNoise: Double?
    /// The tensors in the order of the graph.
    public let layers: [Layer]
    /// Tensors whose ranges would likely widen with more samples.
    public let growingTensors: [String]
    /// What is suspicious about the data.
    public var dataFindings: [DataFinding] = []
    /// What was done, and why.
    public internal(set) var decisions: [Decision]
    /// The layers that add the most noise, the worst first.
    public let suggestions: [Suggestion]
    /// What the packager found out; set by the packager.
    public var deployment: Deployment?

    /// The report as JSON with sorted keys.
    ///
    /// - Throws: an encoding error for numbers that are not finite.
    public func json() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(self)) + [0x0A]
    }

    /// The lowest signal to noise of an output; infinite when no output has an error.
    public var outputSignalToNoise: Double {
        outputs.map { $0.signalToNoise ?? .infinity }.min() ?? .infinity
    }
}
