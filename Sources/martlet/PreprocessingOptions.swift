import ArgumentParser
import Foundation
import ModelGraph
import Quantizer
import Terminal

/// How raw data becomes what a float model was trained on, from options or a file.
struct PreprocessingOptions: ParsableArguments {
    @Option(
        name: .customLong("preprocessing"),
        help: """
            A YAML or JSON file that says how raw data becomes what the model was trained on, so \
            that calibration, validation and devices take raw data.
            """
    )
    var file: String?

    @Option(help: "What callers give: uint8, int8 or float32; NAME=TYPE for one of several inputs.")
    var inputType: [String] = []

    @Option(help: "Multiplies raw numbers first, such as 1/255.")
    var inputScale: [String] = []

    @Option(help: "Subtracted then: one number, or one a channel with commas.")
    var inputMean: [String] = []

    @Option(help: "Divides then: one number, or one a channel with commas.")
    var inputStd: [String] = []

    @Option(help: "How raw images lie: nchw-to-nhwc or nhwc-to-nchw (raw to model).")
    var inputLayout: [String] = []

    @Option(help: "The raw dimension that means run along; the channels, or the last, if left out.")
    var inputAxis: [String] = []

    /// Whether there is any option.
    var isGiven: Bool {
        file != nil
            || ![inputType, inputScale, inputMean, inputStd, inputLayout, inputAxis]
                .allSatisfy(\.isEmpty)
    }

    /// The declarations, one an input.
    ///
    /// - Throws: `Failure` for a file or option that cannot be read.
    func declarations() throws -> [InputPreprocessing] {
        let options = try optionDeclarations()
        guard let file else { return options }
        guard options.isEmpty else {
            throw Failure(
                .usage,
                "preprocessing is declared both by --preprocessing and by --input options",
                help: "move the options into \(file)"
            )
        }
        return try PreprocessingFile.read(file)
    }

    /// The graph that takes raw data; the graph itself when nothing is declared.
    ///
    /// - Throws: `Failure` for a file or option that cannot be read, and `PreprocessingError` for
    ///   one that does not fit the graph.
    func prepend(to graph: Graph) throws -> PreprocessedGraph {
        try prepending(declarations(), to: graph)
    }

    private func optionDeclarations() throws -> [InputPreprocessing] {
        var found: [InputPreprocessing] = []
        func change(
            _ values: [String],
            _ option: String,
            _ body: (inout InputPreprocessing, String) -> Bool
        ) throws {
            for value in values {
                let parts = value.split(separator: "=", maxSplits: 1).map(String.init)
                let name = parts.count == 2 ? parts[0] : nil
                var place = found.firstIndex { $0.input == name }
                if place == nil {
                    found.append(InputPreprocessing(input: name))
                    place = found.count - 1
                }
                guard let place, body(&found[place], parts.last ?? "") else {
                    throw Failure(.usage, "'\(value)' is no value of \(option)")
                }
            }
        }
        try change(inputType, "--input-type") { declared, text in
            guard let type = InputPreprocessing.RawType(rawValue: text) else { return false }
            declared.type = type
            return true
        }
        try change(inputLayout, "--input-layout") { declared, text in
            guard let layout = InputPreprocessing.Layout(rawValue: text) else { return false }
            declared.layout = layout
            return true
        }
        try change(inputAxis, "--input-axis") { declared, text in
            declared.axis = Int(text)
            return declared.axis != nil
        }
        try change(inputScale, "--input-scale") { declared, text in
            guard let number = PreprocessingFile.number(text) else { return false }
            declared.scale = number
            return true
        }
        try change(inputMean, "--input-mean") { declared, text in
            guard let numbers = PreprocessingFile.numbers(text) else { return false }
            declared.mean = numbers
            return true
        }
        try change(inputStd, "--input-std") { declared, text in
            guard let numbers = PreprocessingFile.numbers(text) else { return false }
            declared.std = numbers
            return true
        }
        return found
    }
}
