import Foundation
import Testing

/// One text file of the project, read whole.
struct SourceFile: Sendable, CustomTestStringConvertible {
    /// The path from the project's root, with forward slashes.
    let path: String
    let lines: [String]

    var testDescription: String { path }
    /// The first folder below `Sources` or `Tests`.
    var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
    var isGenerated: Bool { path.contains(".generated.") }

    /// The modules that the file imports.
    var imports: [String] {
        lines.compactMap { line in
            var words = line.split(separator: " ").map(String.init)
            words.removeAll { $0.hasPrefix("@") || ["public", "package", "internal"].contains($0) }
            guard words.first == "import", words.count >= 2 else { return nil }
            let kinds = ["struct", "class", "enum", "func", "protocol", "typealias", "let", "var"]
            let name = kinds.contains(words[1]) && words.count > 2 ? words[2] : words[1]
            return name.split(separator: ".").first.map(String.init)
        }
    }
}

/// The project as files, found from this file's own place.
enum SourceTree {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The files below a folder of the root that end in one of `suffixes`, sorted by path.
    static func files(in folder: String, suffixes: [String]) -> [SourceFile] {
        let base = root.appending(path: folder)
        let names = FileManager.default.subpaths(atPath: base.path()) ?? []
        return names.sorted().compactMap { name in
            guard suffixes.contains(where: { name.hasSuffix($0) }), !name.contains("/sysroot/"),
                let text = try? String(contentsOf: base.appending(path: name), encoding: .utf8)
            else { return nil }
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            return SourceFile(path: "\(folder)/\(name)", lines: lines.map(String.init))
        }
    }

    static let swiftSources = files(in: "Sources", suffixes: [".swift"])
    static let cSources = files(in: "Sources", suffixes: [".c", ".h"])
    static let swiftTests = files(in: "Tests", suffixes: [".swift"])
    static let code = swiftSources + cSources + swiftTests
}
