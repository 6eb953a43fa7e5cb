import Foundation
import ModelGraph
import ModelImport
import Testing

/// Model files for tests: the project's own vectors, and a shared folder of published models
/// beside the project, where there is one.
enum ModelFiles {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static let vectors = files(in: root.appending(path: "Tests/Vectors"))
    static let published = files(in: root.appending(path: "../shared/models"))

    private static func files(in folder: URL) -> [String] {
        let all = FileManager.default.enumerator(atPath: folder.resolvingSymlinksInPath().path())
        return (all?.compactMap { $0 as? String } ?? [])
            .filter { $0.hasSuffix(".tflite") }
            .sorted()
            .map { folder.appending(path: $0).path() }
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: path)))
    }
}

@Suite("Model files")
struct ModelFileTests {
    private static func isInteger(_ path: String) -> Bool {
        let name = path.lowercased()
        return !name.contains("float") && !name.contains("fp16") && !name.contains("fp32")
    }

    @Test(
        "an integer model imports and is fully quantized",
        arguments: (ModelFiles.vectors + ModelFiles.published).filter {
            isInteger($0) && !$0.contains("unsupported")
        }
    )
    func imports(path: String) throws {
        let graph = try importModel(try ModelFiles.bytes(path), name: path)
        #expect(throws: Never.self) { try QuantizedGraph(proving: graph) }
        #expect(!graph.nodes.isEmpty || !graph.states.isEmpty)
    }

    @Test(
        "a float model imports with float32 on every edge, whatever its weights are stored as",
        arguments: (ModelFiles.vectors + ModelFiles.published).filter { !isInteger($0) }
    )
    func importsFloat(path: String) throws {
        let graph = try importModel(try ModelFiles.bytes(path), name: path)
        #expect(throws: Never.self) { try graph.validate() }
        #expect(!graph.nodes.isEmpty)
        // Indices and truth values are stored as such; numbers are float32.
        let types: Set<DataType> = [.float32, .int32, .int64, .bool]
        #expect(graph.tensors.allSatisfy { types.contains($0.type) && $0.quantization == nil })
        #expect(throws: GraphError.self) { try QuantizedGraph(proving: graph) }
    }

    @Test("ports of the digits model say what callers exchange")
    func digitsPorts() throws {
        let path = try #require(ModelFiles.vectors.first { $0.hasSuffix("digits_int8.tflite") })
        let graph = try importModel(try ModelFiles.bytes(path), name: "digits")
        #expect(graph.inputs.map { graph[$0.tensor].shape } == [[1, 8, 8, 1]])
        let input = Quantization(scale: 0.062745101749897, zeroPoint: -128)
        #expect(graph[graph.inputs[0].tensor].quantization == input)
        #expect(graph.outputs.map { graph[$0.tensor].shape } == [[1, 10]])
        let output = Quantization(scale: 1 / 256, zeroPoint: -128)
        #expect(graph[graph.outputs[0].tensor].quantization == output)
    }
}
