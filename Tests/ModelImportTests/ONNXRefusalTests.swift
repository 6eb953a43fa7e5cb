import Foundation
import ModelGraph
import Testing

@testable import ModelImport

@Suite("ONNX refusals")
struct ONNXRefusalTests {
    private func relu(opset: Int64 = 17) -> ONNXFile {
        var file = ONNXFile(opset: opset)
        file.input("x", [1, 2])
        file.output(file.node("Relu", ["x"], "y"))
        return file
    }

    @Test("everything that stands in the way is said at once, with names and a way out")
    func complete() throws {
        var file = ONNXFile()
        file.input("x", [1, 2])
        let a = file.node("NonMaxSuppression", ["x"])
        let b = file.node("Einsum", ["x"])
        file.output(file.node("Add", [a, b]))
        let features = try file.features()
        #expect(features.map(\.operatorName) == ["NonMaxSuppression 'n0'", "Einsum 'n1'"])
        #expect(features[0].operands.first?.shape == [1, 2])
        #expect(features.allSatisfy { !$0.help.isEmpty })
    }

    @Test("an unknown operator set is refused", arguments: [-1, 0, 99, Int64.max])
    func operatorSet(version: Int64) throws {
        let features = try relu(opset: version).features()
        #expect(features.map(\.kind) == [.structure])
        #expect(features[0].reason.contains("operator set \(version)"))
    }

    @Test("an old operator set is read where it means the same, else refused")
    func oldOperatorSet() throws {
        #expect(try relu(opset: 1).imported().operatorNames == ["Relu"])
        var sum = ONNXFile(opset: 6)
        sum.input("x", [1, 2])
        sum.output(sum.node("Add", ["x", "x"]))
        #expect(try sum.features().map(\.reason) == ["operator set 6, only 7 to 25 are known"])
    }

    @Test("open dimensions are named, and set by an option")
    func openDimensions() throws {
        var file = ONNXFile()
        file.input("x", [0, 3, 0])
        file.output(file.node("Relu", ["x"]))
        #expect(try file.features()[0].help.contains("--shape 'x=1x3xN'"))
        let graph = try file.imported(ImportOptions(shapes: ["x": [2, 3, 5]]))
        #expect(graph.outputShape() == [2, 3, 5])
        #expect(try file.features(ImportOptions(shapes: ["x": [1, 4, 5]])).count == 1)
        #expect(try file.features(ImportOptions(shapes: ["z": [1]])).count == 2)
    }

    @Test("nodes that read each other, and values that nothing writes, are refused")
    func structure() throws {
        var cycle = relu()
        cycle.proto.graph.node[0].input = ["z"]
        cycle.node("Relu", ["y"], "z")
        #expect(throws: ImportError.self) { try cycle.imported() }
        var dangling = relu()
        dangling.proto.graph.node[0].input = ["nowhere"]
        #expect(try dangling.features()[0].reason.contains("nothing writes"))
        var twice = relu()
        twice.node("Neg", ["x"], "y")
        #expect(throws: ImportError.self) { try twice.imported() }
    }

    @Test("nodes in the wrong order are sorted")
    func order() throws {
        var file = relu()
        file.node("Neg", ["x"], "z")
        file.proto.graph.node[0].input = ["z"]
        #expect(try file.imported().operatorNames == ["Negate", "Relu"])
    }

    @Test("weights that are not finite are refused", arguments: [Float.nan, .infinity])
    func infiniteWeights(value: Float) throws {
        var file = ONNXFile()
        file.input("x", [1, 2])
        file.floats("w", [2, 1], [1, value])
        file.output(file.node("MatMul", ["x", "w"]))
        #expect(try file.features()[0].reason.contains("NaN or infinite"))
    }

    @Test(
        "constants whose bytes do not fit their shape are refused",
        arguments: [[3], [1 << 40], [-1], [1 << 32, 1 << 32]] as [[Int64]]
    )
    func constantSizes(shape: [Int64]) throws {
        var file = ONNXFile()
        file.input("x", [1, 2])
        file.floats("w", [2], [1, 2])
        file.proto.graph.initializer[0].dims = shape
        file.output(file.node("Add", ["x", "w"]))
        #expect(try file.features()[0].kind == .inconsistency)
    }

    @Test("a constant that would be computed beyond the limit is refused before it is made")
    func foldingBomb() throws {
        var file = ONNXFile()
        file.input("x", [1])
        file.integers("shape", [1 << 20, 1 << 20])
        let zeros = file.node("ConstantOfShape", ["shape"])
        file.output(file.node("Add", ["x", zeros]))
        #expect(try file.features()[0].reason.contains("would be computed"))
    }

    @Test("a file of empty messages, a deep one and one cut short are refused")
    func bombs() throws {
        let empty =
            [UInt8](repeating: 0, count: 0)
            + Array(repeating: [0x0A, 0], count: 3_000_000)
            .flatMap { $0 }
        var graph: [UInt8] = [0x3A]
        var count = empty.count
        while count > 0 {
            graph.append(UInt8(count & 0x7F) | (count > 0x7F ? 0x80 : 0))
            count >>= 7
        }
        for bytes in [[0x08, 8] + graph + empty, [0x08, 8, 0x3A, 0x7F], [0xFF]] {
            #expect(throws: ImportError.self) {
                try importModel(bytes, name: "bomb", format: .onnx)
            }
        }
    }

    @Test("truncated and changed files end in errors, never in a trap")
    func mutations() throws {
        let path = ModelFiles.root.appending(path: "Tests/Vectors/digits/digits_float.onnx")
        let whole = try ModelFiles.bytes(path.path())
        var state: UInt64 = 20_261_124
        for round in 0..<300 {
            var bytes = whole
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let place = Int(state >> 33) % bytes.count
            if round % 3 == 0 {
                bytes.removeLast(bytes.count - place)
            } else {
                bytes[place] = UInt8(truncatingIfNeeded: state >> 24)
            }
            _ = try? importModel(bytes, name: "mutant", format: .onnx)
        }
    }

    @Test(
        "external data outside the model's folder is refused",
        arguments: ["/etc/passwd", "../outside", "a/../../outside", "", "link", ".", "folder"]
    )
    func externalData(location: String) throws {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "onnx-\(UInt64.random(in: 0 ... .max))")
        let inner = folder.appending(path: "model")
        try FileManager.default.createDirectory(
            at: inner.appending(path: "folder"),
            withIntermediateDirectories: true
        )
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(repeating: 0, count: 64).write(to: folder.appending(path: "outside"))
        try Data([0, 0, 0, 0, 0, 0, 128, 63, 0, 0, 0, 64])
            .write(to: inner.appending(path: "inside"))
        try FileManager.default.createSymbolicLink(
            at: inner.appending(path: "link"),
            withDestinationURL: folder.appending(path: "outside")
        )
        let options = ImportOptions(folder: inner.path())
        #expect(try external(location, offset: 4).features(options).count == 1)
        let graph = try external("inside", offset: 4).imported(options)
        let constant = graph.tensors.first { $0.constant != nil }
        #expect(constant?.constant == [0, 0, 128, 63, 0, 0, 0, 64])
        #expect(try external("inside", offset: 8).features(options).count == 1)
        #expect(try external("inside", offset: 4).features().count == 1)
    }

    private func external(_ location: String, offset: Int) -> ONNXFile {
        var file = ONNXFile()
        file.input("x", [1, 2])
        file.floats("w", [2], [])
        file.proto.graph.initializer[0].dataLocation = .external
        for (key, value) in [("location", location), ("offset", "\(offset)"), ("length", "8")] {
            var entry = Onnx_StringStringEntryProto()
            entry.key = key
            entry.value = value
            file.proto.graph.initializer[0].externalData.append(entry)
        }
        file.output(file.node("Add", ["x", "w"]))
        return file
    }
}
