import Foundation
import Testing

@Suite("Shape of the sources")
struct ShapeTests {
    static let lineCountMax = 400
    static let functionLineCountMax = 60
    static let lineWidthMax = 100

    @Test("the tree was found")
    func treeIsFound() {
        #expect(SourceTree.swiftSources.count > 50)
        #expect(SourceTree.swiftTests.count > 10)
    }

    @Test("a file has at most 400 lines of at most 100 columns", arguments: SourceTree.code)
    func fileSize(file: SourceFile) {
        guard !file.isGenerated else { return }
        #expect(file.lines.count <= Self.lineCountMax + 1)
        for (index, line) in file.lines.enumerated() where line.count > Self.lineWidthMax {
            Issue.record("\(file.path):\(index + 1) has \(line.count) columns")
        }
    }

    @Test("a function has at most 60 lines", arguments: SourceTree.swiftSources)
    func functionSize(file: SourceFile) {
        guard !file.isGenerated else { return }
        for (start, line) in file.lines.enumerated() where isFunctionHead(line) {
            let indentation = line.prefix { $0 == " " }
            let end = file.lines[start...].firstIndex { $0 == indentation + "}" } ?? start
            let length = end - start + 1
            if length > Self.functionLineCountMax {
                Issue.record("\(file.path):\(start + 1) is a function of \(length) lines")
            }
        }
    }

    private func isFunctionHead(_ line: String) -> Bool {
        let words = line.split(separator: " ").prefix(6)
        let isDeclaration = words.contains { $0 == "func" || $0.hasPrefix("init(") }
        return isDeclaration && !line.trimmingCharacters(in: .whitespaces).hasPrefix("//")
            && !line.contains("self.init(") && !line.contains(" = ")
    }

    @Test("nothing traps on outside data and nothing is left undone", arguments: SourceTree.code)
    func bannedWords(file: SourceFile) {
        guard !file.path.hasPrefix("Tests/TidyTests") else { return }
        var banned = ["TODO", "FIXME", "XXX"]
        if file.path.hasPrefix("Sources/") { banned += ["try!", "as! ", "fatalError("] }
        for (index, line) in file.lines.enumerated() {
            for word in banned where line.contains(word) {
                Issue.record("\(file.path):\(index + 1) says \(word)")
            }
        }
    }

    @Test(
        "the host programs write results through Console, so that lines stay in their order",
        arguments: SourceTree.swiftSources.filter {
            ["martlet", "martlet-collector"].contains($0.target)
        }
    )
    func unbufferedOutput(file: SourceFile) throws {
        let call = try Regex("(^|[^A-Za-z.])print\\(|Swift\\.print\\(")
        for (index, line) in file.lines.enumerated() where line.contains(call) {
            Issue.record("\(file.path):\(index + 1) prints past Console")
        }
    }

    @Test("no module or file is named for what it has no name for", arguments: SourceTree.code)
    func vagueNames(file: SourceFile) {
        let name = file.path.split(separator: "/").last.map(String.init) ?? ""
        for vague in ["Util", "Helper", "Common", "Manager", "Misc"] {
            #expect(!name.contains(vague))
        }
    }

    @Test("the top level holds what the design names and nothing else")
    func topLevel() throws {
        let expected: Set = [
            "Package.swift", "README.md", "Sources", "Tests", "targets", "firmware-profiles",
            "tools",
        ]
        let names = try FileManager.default.contentsOfDirectory(atPath: SourceTree.root.path())
            .filter { !$0.hasPrefix(".") && $0 != "Package.resolved" }
        #expect(Set(names) == expected)
    }
}
