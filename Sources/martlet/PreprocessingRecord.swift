import BundleFormat
import Foundation
import Packager
import Quantizer
import Terminal

/// The declared preprocessing as a bundle carries it, in its metadata.
struct PreprocessingRecord: Codable {
    /// The file's name in the bundle.
    static let fileName = "preprocessing.json"
    /// The version of the file.
    static let currentVersion = 1
    /// The largest file: offsets and factors of ten thousand features.
    static let sizeMax = 4_000_000

    let version: Int
    /// One entry for each input of the model in order; absent where nothing was declared.
    let inputs: [RawInput?]

    /// The metadata file; none when nothing was declared.
    ///
    /// - Throws: an encoding error.
    static func files(_ inputs: [RawInput?]) throws -> [MetadataFile] {
        guard inputs.contains(where: { $0 != nil }) else { return [] }
        let record = PreprocessingRecord(version: currentVersion, inputs: inputs)
        return [try MetadataFile(name: fileName, json: record)]
    }

    /// The declarations for the record of build options.
    static func options(_ inputs: [RawInput?]) -> [String: String] {
        var options: [String: String] = [:]
        for case let input? in inputs {
            options["preprocessing.\(input.name)"] =
                "\(input.declared.summary); on the \(input.place.rawValue)"
        }
        return options
    }

    /// What callers give at each input of a verified bundle.
    ///
    /// - Parameters:
    ///   - bundle: the bundle.
    ///   - model: its model, whose inputs the record must fit.
    ///   - path: the bundle's path, for messages.
    /// - Returns: one entry an input; none when nothing was declared.
    /// - Throws: `Failure` for a record that cannot be used.
    static func rawInputs(
        of bundle: HostBundle,
        model: HostModel,
        path: String
    ) throws -> [RawInput?] {
        guard let bytes = bundle.metadata(fileName) else { return [] }
        guard bytes.count <= sizeMax,
            let record = try? JSONDecoder().decode(PreprocessingRecord.self, from: Data(bytes)),
            record.version == currentVersion,
            record.inputs.count == model.inputs.count,
            zip(record.inputs, model.inputs).allSatisfy({ raw, port in
                raw.map { $0.transform.fits(port.shape) } ?? true
            })
        else {
            throw Failure(
                .unsupported,
                "the record of the preprocessing cannot be read",
                place: path
            )
        }
        return record.inputs
    }
}

extension RawInput {
    /// What callers give, in one line.
    var line: String {
        let place =
            place == .caller
            ? "standardise each feature with preprocessing.json before quantizing it"
            : "raw data goes in"
        return "input '\(name)' takes \(declared.summary); \(place)"
    }
}

extension HostBundle {
    /// A metadata file of the bundle, whose hash was checked; `nil` when there is none.
    func metadata(_ name: String) -> [UInt8]? {
        let manifest = verified.manifest
        let layout = BundleLayout(
            manifest: manifest,
            manifestSizeBytes: manifest.encoded().count
        )
        let found = layout.placements.first {
            $0.member == .metadata && $0.name == [UInt8]("meta/\(name)".utf8)
        }
        guard let found, let start = Int(exactly: found.contentOffset),
            let size = Int(exactly: found.sizeBytes), start <= bytes.count,
            size <= bytes.count - start
        else { return nil }
        return [UInt8](bytes[start..<start + size])
    }
}
