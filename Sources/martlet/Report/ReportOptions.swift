import ArgumentParser
import Foundation
import Quantizer
import Terminal

/// Where the quality report goes, and whether it times the model.
struct ReportOptions: ParsableArguments {
    @Option(
        name: .customLong("report"),
        help: "Write how faithful the integers are, to X.html or X.json; may be repeated."
    )
    var paths: [String] = []

    @Flag(
        help: "Time inferences on this machine for the report, which then differs between runs."
    )
    var reportLatency = false

    /// The forms by their file name extensions.
    private enum Form: String {
        case html, json
    }

    private static func form(of path: String) -> Form? {
        Form(rawValue: URL(filePath: path).pathExtension.lowercased())
    }

    /// Checks what the parser cannot, since it validates commands only.
    ///
    /// - Throws: `ValidationError` for another form, and for a latency that nobody would see.
    func check() throws {
        if let path = paths.first(where: { ReportOptions.form(of: $0) == nil }) {
            throw ValidationError("--report takes names that end in .html or .json, not '\(path)'")
        }
        guard !reportLatency || !paths.isEmpty else {
            throw ValidationError("--report-latency needs --report")
        }
    }

    /// Writes a build's report to every path, where the build has one.
    ///
    /// - Throws: `Failure` when a file cannot be written.
    func write(_ build: BuildReport) throws {
        guard !paths.isEmpty, let report = build.quality(measuresLatency: reportLatency) else {
            return
        }
        for path in paths {
            switch ReportOptions.form(of: path) {
            case .json: try OutputFile.write(report.json(), to: path)
            default: try OutputFile.write([UInt8](QualityPage(report).text.utf8), to: path)
            }
        }
    }
}
