import ModelGraph
import Testing

@testable import ModelImport

@Suite("Damaged TFLite files")
struct TFLiteHostileTests {
    /// A small model that passes through most of the reader: uint8 edges, per-channel weights, a
    /// concatenation, a strided slice, a mean.
    private static var bytes: [UInt8] {
        var model = TestModel()
        let x = model.activation([1, 4, 4, 2])
        let weights = model.weights([3, 3, 3, 2], axis: 0)
        let bias = model.integers([1, 2, 3])
        let a = model.activation([1, 4, 4, 3])
        let b = model.activation([1, 4, 4, 6])
        let c = model.activation([1, 2, 2, 6])
        let d = model.activation([1, 6])
        model.node(3, [x, weights, bias], [a], options: 1, [1: .int32(1), 2: .int32(1)])
        model.node(2, [a, a], [b], options: 10, [0: .int32(-1)])
        let strides = model.integers([1, 2, 2, 1])
        let zeros = model.integers([0, 0, 0, 0])
        model.node(
            45,
            [b, zeros, zeros, strides],
            [c],
            options: 32,
            [0: .int32(15), 1: .int32(15)]
        )
        model.node(40, [c, model.integers([1, 2])], [d], options: 27)
        model.inputs = [x]
        model.outputs = [d]
        return model.bytes
    }

    @Test("the model is valid before it is damaged")
    func isValid() throws {
        let graph = try importModel(Self.bytes, name: "m")
        _ = try QuantizedGraph(proving: graph)
        #expect(graph.nodes.count == 4)
    }

    @Test("every truncation is refused")
    func truncations() {
        let bytes = Self.bytes
        for count in 0..<bytes.count {
            #expect(throws: ImportError.self, "\(count) bytes") {
                try importModel(Array(bytes[..<count]), name: "m")
            }
        }
    }

    @Test("a mutated file gives a typed error or a valid graph", arguments: 1...4)
    func mutations(seed: Int) {
        let original = Self.bytes
        var random = SplitMix(seed: UInt64(seed))
        for round in 0..<1_500 {
            var bytes = original
            for _ in 0...(round % 5) {
                let position = 8 + Int(random.next() % UInt64(bytes.count - 8))
                let kind = random.next() % 4
                let edges: [UInt8] = [0, 1, 0x7F, 0x80, 0xFF]
                switch kind {
                case 0: bytes[position] ^= 1 << UInt8(random.next() % 8)
                case 1: bytes[position] = edges[Int(random.next() % 5)]
                case 2: bytes[position] = UInt8(truncatingIfNeeded: random.next())
                default: bytes.swapAt(position, 8 + Int(random.next() % UInt64(bytes.count - 8)))
                }
            }
            guard let graph = try? importModel(bytes, name: "m") else { continue }
            #expect(throws: Never.self, "seed \(seed), round \(round)") { try graph.validate() }
            for node in graph.nodes {
                #expect(throws: Never.self, "seed \(seed), round \(round)") {
                    try graph.proveShapes(of: node)
                }
            }
        }
    }

    @Test("vectors that share bytes cannot multiply the memory")
    func sharedVectors() throws {
        // 4,000 operators that are one and the same table of 1,000 operands. References point
        // forwards, so the list comes first and a copy of the table's bytes behind it.
        let count = 4_000
        var model = TestModel.single(19, from: [4], to: [4])
        model.nodes[0].inputs = [Int32](repeating: 0, count: 1_000)
        var bytes = model.bytes
        let file = FlatBuffer(bytes)
        let subgraphs = try file.vector(2, of: try file.root(), elementSizeBytes: 4, limit: 1)
        let subgraph = try file.table(0, of: subgraphs)
        let field = try #require(try file.field(3, of: subgraph, sizeBytes: 4))
        let operators = try file.vector(3, of: subgraph, elementSizeBytes: 4, limit: 1)
        let node = try file.table(0, of: operators)
        let list = bytes.count
        let table = list + 4 + 4 * count + node.position - node.vtable
        let copy = Array(bytes[node.vtable...])
        bytes += FlatBufferTests.littleEndian(UInt32(count))
        for _ in 0..<count {
            bytes += FlatBufferTests.littleEndian(UInt32(table - bytes.count))
        }
        bytes += copy
        bytes.replaceSubrange(
            field..<(field + 4),
            with: FlatBufferTests.littleEndian(UInt32(list - field))
        )
        let error = #expect(throws: ImportError.self) { try importModel(bytes, name: "m") }
        guard case .malformedFile(_, .sharesTooMuch) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}

struct SplitMix {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
