import ArgumentParser
import Foundation
import ModelImport

/// What a model file leaves open.
struct ModelOptions: ParsableArguments {
    @Option(
        name: .customLong("shape"),
        help: ArgumentHelp(
            "An input's shape where an ONNX model leaves dimensions open; may be repeated.",
            valueName: "name=1x3x224x224"
        )
    )
    var shapes: [InputShape] = []

    func validate() throws {
        guard Set(shapes.map(\.name)).count == shapes.count else {
            throw ValidationError("--shape takes each input once")
        }
    }

    /// The options of an import from a file, whose folder may hold its large constants.
    func importOptions(path: String) -> ImportOptions {
        ImportOptions(
            shapes: Dictionary(shapes.map { ($0.name, $0.extents) }) { first, _ in first },
            folder: URL(filePath: path).deletingLastPathComponent().path(percentEncoded: false)
        )
    }
}

/// An input's name with its shape, as `NAME=1x3x224x224`.
struct InputShape: ExpressibleByArgument, Sendable {
    let name: String
    let extents: [Int]

    init?(argument: String) {
        guard let equals = argument.lastIndex(of: "="), equals > argument.startIndex else {
            return nil
        }
        let parts = argument[argument.index(after: equals)...]
            .split(omittingEmptySubsequences: false) { $0 == "x" || $0 == "," }
        let extents = parts.compactMap { Int($0) }
        guard extents.count == parts.count, extents.allSatisfy({ $0 >= 1 }) else { return nil }
        name = String(argument[..<equals])
        self.extents = extents
    }
}
