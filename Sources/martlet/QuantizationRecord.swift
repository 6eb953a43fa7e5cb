import Packager
import Quantizer

/// How the integers of a model came about, as a bundle carries it in its metadata: every choice, in
/// order, under the bundle's signature.
struct QuantizationRecord: Encodable {
    /// The file's name in the bundle.
    static let fileName = "quantization.json"
    /// The version of the file.
    static let currentVersion = 1

    let version: Int
    let rangeMethod: String
    let inputRangeMethod: String
    let calibrationSamples: Int
    let scoreSignalToNoiseDecibels: Double?
    let decisions: [Decision]

    /// The metadata file; none for a model that came as integers.
    ///
    /// - Throws: an encoding error for numbers that are not finite.
    static func files(_ report: QualityReport?) throws -> [MetadataFile] {
        guard let report else { return [] }
        let record = QuantizationRecord(
            version: currentVersion,
            rangeMethod: report.rangeMethod,
            inputRangeMethod: report.inputRangeMethod,
            calibrationSamples: report.sampleCount,
            scoreSignalToNoiseDecibels: report.scoreSignalToNoise,
            decisions: report.decisions
        )
        return [try MetadataFile(name: fileName, json: record)]
    }
}
