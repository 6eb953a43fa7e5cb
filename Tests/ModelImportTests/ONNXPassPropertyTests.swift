import ModelGraph
import Quantizer
import Testing

@testable import ModelImport

/// Random small models mean the same before and after the passes over their graph.
@Suite("Passes over graphs of ONNX models")
struct ONNXPassPropertyTests {
    @Test("a random graph gives the same numbers after all passes", arguments: 0..<80)
    func sameNumbers(seed: Int) throws {
        var random = RandomModel(seed: UInt64(seed) + 20_261_124)
        let file = random.model()
        let bytes = try file.bytes()
        let options = ImportOptions()
        var importer = ONNXImporter(try ONNXModel(bytes), name: "plain", options: options)
        let plain = try importer.translatedGraph()
        let improved = try importModel(bytes, name: "improved")
        let values = (0..<96).map { _ in random.number() }
        let input = try #require(FloatTensor(shape: [1, 4, 4, 6], values: values))
        let expected = try ReferenceInterpreter(plain).run([input])
        let results = try ReferenceInterpreter(improved).run([input])
        for (result, expected) in zip(results, expected) {
            #expect(result.shape == expected.shape, "seed \(seed): \(random.operators)")
            let bound = 1e-4 * max(1, expected.values.map(abs).max() ?? 1)
            let isClose = zip(result.values, expected.values).allSatisfy {
                abs($0 - $1) <= bound
            }
            #expect(isClose, "seed \(seed): \(random.operators)")
        }
    }
}

/// Writes random models of operators that the passes move, merge and fold.
private struct RandomModel {
    private var state: UInt64
    private var file = ONNXFile()
    /// Tensors with their shapes.
    private var values: [(name: String, shape: [Int])] = [("x", [1, 4, 4, 6])]
    private(set) var operators: [String] = []
    private var constantCount = 0

    init(seed: UInt64) { state = seed }

    mutating func below(_ limit: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % limit
    }

    /// A number from -1 to 1 in steps of 1/64.
    mutating func number() -> Float { Float(below(129) - 64) / 64 }

    mutating func model() -> ONNXFile {
        file.input("x", [1, 4, 4, 6])
        for _ in 0..<3 + below(10) { step() }
        file.output(values[values.count - 1].name)
        let middle = values[values.count / 2]
        if middle.name != "x" && values.count > 3 { file.output(middle.name) }
        return file
    }

    private mutating func constant(_ shape: [Int]) -> String {
        constantCount += 1
        let numbers = (0..<shape.reduce(1, *)).map { _ in number() }
        return file.floats("c\(constantCount)", shape, numbers)
    }

    private mutating func add(
        _ type: String,
        _ inputs: [String],
        _ shape: [Int],
        ints: [String: [Int64]] = [:],
        int: [String: Int64] = [:]
    ) {
        operators.append("\(type) \(shape)")
        values.append((file.node(type, inputs, ints: ints, int: int), shape))
    }

    private mutating func step() {
        // The newest tensors most often, so that chains grow.
        let (name, shape) = values[max(values.count - 1 - below(3), 0)]
        switch below(13) {
        case 0: add(["Relu", "Sigmoid", "HardSwish", "Tanh"][below(4)], [name], shape)
        case 1: add(["Add", "Mul", "Sub"][below(3)], [name, constant([])], shape)
        case 2: channelwise(name, shape)
        case 3, 4: convolution(name, shape)
        case 5: transpose(name, shape)
        case 6: flatten(name, shape)
        case 7:
            let partner = values.last { $0.shape == shape }?.name ?? name
            add(["Add", "Mul"][below(2)], [name, partner], shape)
        case 8: concatenation(name, shape)
        case 9: slice(name, shape)
        case 10: pad(name, shape)
        case 11:
            let axis = below(shape.count)
            var reduced = shape
            reduced[axis] = 1
            add("ReduceMean", [name], reduced, ints: ["axes": [Int64(axis)]], int: ["keepdims": 1])
        default: add("Softmax", [name], shape, int: ["axis": Int64(below(shape.count))])
        }
    }

    private mutating func channelwise(_ name: String, _ shape: [Int]) {
        guard shape.count == 4 else { return }
        let factors = constant([shape[1], 1, 1])
        add(["Mul", "Add"][below(2)], [name, factors], shape)
    }

    private mutating func convolution(_ name: String, _ shape: [Int]) {
        guard shape.count == 4, shape[1] <= 16 else { return }
        let isDepthwise = below(3) == 0
        let outputs = isDepthwise ? shape[1] : 1 + below(5)
        let size = below(2) == 0 ? 1 : 3
        let weights = constant([outputs, isDepthwise ? 1 : shape[1], size, size])
        var result = shape
        result[1] = outputs
        let pad = Int64(size / 2)
        add(
            "Conv",
            [name, weights],
            result,
            ints: ["pads": [pad, pad, pad, pad]],
            int: ["group": isDepthwise ? Int64(shape[1]) : 1]
        )
    }

    private mutating func transpose(_ name: String, _ shape: [Int]) {
        var order = Array(shape.indices)
        for index in order.indices.reversed() { order.swapAt(index, below(index + 1)) }
        let moved = order.map { shape[$0] }
        add("Transpose", [name], moved, ints: ["perm": order.map { Int64($0) }])
    }

    /// Each batch as one row, perhaps behind a dot product, or rows of one dimension more.
    private mutating func flatten(_ name: String, _ shape: [Int]) {
        let size = shape.dropFirst().reduce(1, *)
        if below(2) == 0 || shape.count == 2 {
            add("Flatten", [name], [shape[0], size])
            if below(2) == 0, size <= 512 {
                let row = values[values.count - 1].name
                add("Gemm", [row, constant([size, 3])], [shape[0], 3])
            }
            return
        }
        constantCount += 1
        let target = [shape[0] * shape[1]] + shape.dropFirst(2)
        let stated = file.integers("c\(constantCount)", target.map { Int64($0) })
        add("Reshape", [name, stated], target)
    }

    private mutating func concatenation(_ name: String, _ shape: [Int]) {
        let axis = below(shape.count)
        let partner = values.last { $0.shape == shape }?.name ?? name
        var joined = shape
        joined[axis] *= 2
        guard joined.reduce(1, *) <= 2_048 else { return }
        add("Concat", [name, partner], joined, int: ["axis": Int64(axis)])
    }

    private mutating func slice(_ name: String, _ shape: [Int]) {
        let axis = below(shape.count)
        guard shape[axis] > 1 else { return }
        constantCount += 1
        let prefix = "c\(constantCount)"
        var part = shape
        part[axis] -= 1
        let bounds = [("s", 1), ("e", Int64(shape[axis])), ("a", Int64(axis))] as [(String, Int64)]
        let names = bounds.map { file.integers(prefix + $0, [$1]) }
        add("Slice", [name] + names, part)
    }

    private mutating func pad(_ name: String, _ shape: [Int]) {
        let axis = below(shape.count)
        constantCount += 1
        var pads = [Int64](repeating: 0, count: 2 * shape.count)
        pads[axis] = 1
        pads[shape.count + axis] = Int64(below(2))
        var padded = shape
        padded[axis] += Int(pads[axis] + pads[shape.count + axis])
        add("Pad", [name, file.integers("c\(constantCount)", pads)], padded)
    }
}
