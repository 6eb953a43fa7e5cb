/// Why a graph cannot be calibrated on some samples.
public enum CalibrationError: Error, Sendable, Hashable {
    /// There is no sample.
    case noSamples
    /// The graph cannot be computed, or not on one of the samples.
    case interpreter(InterpreterError, sample: Int?)
    /// A tensor took a value that is NaN or infinite.
    case notFinite(tensor: String, sample: Int)
}

extension CalibrationError: CustomStringConvertible {
    /// What is wrong, and where.
    public var description: String {
        switch self {
        case .noSamples: "there are no calibration samples"
        case .interpreter(let error, let sample?): "calibration sample \(sample): \(error)"
        case .interpreter(let error, nil): "\(error)"
        case .notFinite(let tensor, let sample):
            "tensor '\(tensor)' is NaN or infinite on calibration sample \(sample)"
        }
    }
}
