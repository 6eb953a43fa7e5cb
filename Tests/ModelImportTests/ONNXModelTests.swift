import Foundation
import ModelGraph
import ModelImport
import Testing

@Suite("ONNX model files")
struct ONNXModelTests {
    private static let published: [String] = {
        let folder = ModelFiles.root.appending(path: "../shared/models").resolvingSymlinksInPath()
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path())) ?? []
        return names.filter { $0.hasSuffix(".onnx") }.sorted()
            .map { folder.appending(path: $0).path() }
    }()
    private static let isQuantized: @Sendable (String) -> Bool = { $0.contains("qdq") }

    private func graph(_ path: String) throws -> Graph {
        // The only published models that leave more open than the batch.
        let shapes = path.contains("ppocr") ? ["x": [1, 3, 48, 192]] : [:]
        return try importModel(
            try ModelFiles.bytes(path),
            name: path,
            options: ImportOptions(shapes: shapes)
        )
    }

    @Test("a model is told by its content, in whatever order its fields are")
    func detection() throws {
        var file = ONNXFile()
        file.input("x", [1])
        file.output(file.node("Relu", ["x"]))
        let bytes = try file.bytes()
        // The file format's version, two bytes, moves from the front to the end.
        #expect(bytes.starts(with: [0x08, 8]))
        let moved = Array(bytes.dropFirst(2)) + [0x08, 8]
        for content in [bytes, moved] {
            #expect(try importModel(content, name: "x").nodes.count == 1)
        }
        #expect(throws: ImportError.self) { try importModel(Array(bytes.dropLast()), name: "x") }
    }

    @Test("the digits model imports without a transpose")
    func digits() throws {
        let path = ModelFiles.root.appending(path: "Tests/Vectors/digits/digits_float.onnx")
        let graph = try graph(path.path())
        #expect(!graph.nodes.isEmpty)
        #expect(!graph.nodes.contains { $0.operator.name == "Transpose" })
        #expect(graph[graph.outputs[0].tensor].shape == [1, 10])
    }

    @Test(
        "a published float model imports",
        arguments: published.filter { !isQuantized($0) }
    )
    func floatModel(path: String) throws {
        let graph = try graph(path)
        #expect(graph.nodes.isEmpty == false)
        #expect(graph.nodes.allSatisfy { graph[$0.outputs[0]].type == .float32 })
    }

    @Test("a published QDQ model is integer", arguments: published.filter(isQuantized))
    func quantizedModel(path: String) throws {
        let graph = try graph(path)
        #expect(throws: Never.self) { try QuantizedGraph(proving: graph) }
        #expect(!graph.nodes.contains { $0.operator.name == "Requantize" })
    }
}
