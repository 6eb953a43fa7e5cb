import Foundation
import Quantizer
import Terminal
import Yams

/// A file of preprocessing declarations: YAML, of which JSON is a part.
///
///     inputs:
///       - input: image        # may be left out when the model has one input
///         type: uint8         # uint8, int8 or float32
///         layout: nchw-to-nhwc
///         scale: 1/255
///         mean: [0.485, 0.456, 0.406]
///         std: [0.229, 0.224, 0.225]
///         axis: 1
///         range: [-2.2, 2.7]  # what the model was trained on, to check data against
enum PreprocessingFile {
    /// The largest file: a mean and a deviation for each of ten thousand features.
    static let sizeMax = 1_000_000
    /// The most inputs; models have fewer.
    static let inputCountMax = 64

    /// Reads and checks a file.
    ///
    /// - Throws: `Failure` when it cannot be read, or holds anything that is not expected.
    static func read(_ path: String) throws -> [InputPreprocessing] {
        let bytes = try InputFile.read(path, limitBytes: sizeMax)
        do {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw FileFault(text: "the text is not UTF-8")
            }
            guard let root = try compose(yaml: text) else { throw FileFault(text: "it is empty") }
            return try declarations(root)
        } catch let fault as FileFault {
            throw failure(fault.text, path)
        } catch let error as YamlError {
            throw failure("\(error)", path)
        }
    }

    private static func failure(_ text: String, _ path: String) -> Failure {
        Failure(
            .usage,
            "this is not a preprocessing file: \(text)",
            place: path,
            help: "give 'inputs:', each with any of input, type, layout, scale, mean, std, axis, "
                + "range"
        )
    }

    private static func declarations(_ root: Node) throws -> [InputPreprocessing] {
        let fields = try mapping(root, "the file", known: ["inputs"])
        guard case .sequence(let items)? = fields["inputs"], !items.isEmpty else {
            throw FileFault(text: "'inputs' must be a list with at least one entry")
        }
        guard items.count <= inputCountMax else {
            throw FileFault(text: "'inputs' has more than \(inputCountMax) entries")
        }
        return try items.enumerated().map { index, item in
            try declaration(item, place: "inputs[\(index)]")
        }
    }

    private static func declaration(_ node: Node, place: String) throws -> InputPreprocessing {
        let known: Set = ["input", "type", "layout", "scale", "mean", "std", "axis", "range"]
        let fields = try mapping(node, place, known: known)
        var declared = InputPreprocessing()
        func scalar<Value>(_ key: String, _ read: (String) -> Value?) throws -> Value? {
            guard let node = fields[key] else { return nil }
            guard case .scalar(let scalar) = node, let value = read(scalar.string) else {
                throw FileFault(text: "\(place).\(key) is not usable")
            }
            return value
        }
        func list(_ key: String) throws -> [Double]? {
            guard case .sequence(let items)? = fields[key] else {
                return try scalar(key) { number($0).map { [$0] } }
            }
            return try items.enumerated().map { index, item in
                guard case .scalar(let scalar) = item, let value = number(scalar.string) else {
                    throw FileFault(text: "\(place).\(key)[\(index)] is not a number")
                }
                return value
            }
        }
        declared.input = try scalar("input") { $0 }
        declared.type = try scalar("type", InputPreprocessing.RawType.init) ?? declared.type
        declared.layout = try scalar("layout", InputPreprocessing.Layout.init)
        declared.axis = try scalar("axis") { Int($0) }
        declared.scale = try scalar("scale", number) ?? declared.scale
        declared.mean = try list("mean") ?? declared.mean
        declared.std = try list("std") ?? declared.std
        declared.range = try list("range")
        return declared
    }

    private static func mapping(
        _ node: Node,
        _ place: String,
        known: Set<String>
    ) throws -> [String: Node] {
        guard case .mapping(let mapping) = node else {
            throw FileFault(text: "\(place) must be a mapping")
        }
        var fields: [String: Node] = [:]
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key, known.contains(scalar.string) else {
                let name = if case .scalar(let scalar) = key { scalar.string } else { "…" }
                throw FileFault(text: "\(place) has the unknown key '\(name.prefix(40))'")
            }
            fields[scalar.string] = value
        }
        return fields
    }

    /// A number, or a quotient of two such as `1/255`.
    static func number(_ text: String) -> Double? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let numbers = parts.compactMap {
            Double($0.trimmingCharacters(in: .whitespaces))
        }
        guard numbers.count == parts.count, numbers.count <= 2, let first = numbers.first else {
            return nil
        }
        return numbers.count == 2 ? first / numbers[1] : first
    }

    /// Numbers between commas.
    static func numbers(_ text: String) -> [Double]? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { number(String($0)) }
        return numbers.count == parts.count && !numbers.isEmpty ? numbers : nil
    }
}

/// What a preprocessing file has wrong.
private struct FileFault: Error {
    let text: String
}
