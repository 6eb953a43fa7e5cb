import Foundation
import Testing

@Suite("Records")
struct RecordTests {
    static let documents =
        SourceTree.files(in: "Sources", suffixes: [".md"])
        + SourceTree.files(in: "Tests", suffixes: [".md"])
        + SourceTree.files(in: "tools", suffixes: ["", ".md", ".py", ".swift", ".h"])
        + SourceTree.code

    @Test("nothing names one machine's paths")
    func machinePaths() {
        for file in Self.documents where !file.path.hasPrefix("Tests/TidyTests") {
            for (index, line) in file.lines.enumerated() {
                for path in ["/work/", "/opt/swift", "/root/"] where line.contains(path) {
                    Issue.record("\(file.path):\(index + 1) names \(path)")
                }
            }
        }
    }

    @Test("every folder of golden vectors says where it comes from")
    func vectorFolders() throws {
        let vectors = SourceTree.root.appending(path: "Tests/Vectors")
        for name in try FileManager.default.contentsOfDirectory(atPath: vectors.path()) {
            let readme = vectors.appending(path: "\(name)/README.md").path()
            #expect(FileManager.default.fileExists(atPath: readme), "Tests/Vectors/\(name)")
        }
    }

    @Test("the decisions and the changelog are in the command line's catalog")
    func catalog() {
        for name in ["Decisions.md", "Changelog.md"] {
            let path = SourceTree.root.appending(path: "Sources/martlet/martlet.docc/\(name)")
                .path()
            #expect(FileManager.default.fileExists(atPath: path))
        }
    }
}
