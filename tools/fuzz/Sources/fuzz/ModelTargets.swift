import InferenceRuntime
import ModelGraph
import ModelImport
import Planner
import Quantizer

extension Fuzz {
    /// A model file goes as far as it can: import, proof, plan, one inference.
    static func modelFile(_ format: ModelFormat) -> ([UInt8]) -> Void {
        { bytes in modelFile(bytes, format) }
    }

    private static func modelFile(_ bytes: [UInt8], _ format: ModelFormat) {
        guard let graph = try? importModel(bytes, name: "fuzz", format: format) else { return }
        let elements = graph.tensors.reduce(0) { $0 + $1.elementCount }
        guard elements < 1 << 20, graph.multiplyAccumulateCount < 1 << 22 else { return }
        interpret(graph)
        guard let quantized = try? QuantizedGraph(proving: graph) else { return }
        let target = TargetProfile(name: "fuzz", sdk: "x86_64", memoryBytes: 1 << 26)
        guard let planned = try? plan(quantized, for: target) else { return }
        let sections = [planned.program, planned.weights, planned.scales, planned.constants]
        guard run(sections) else { fatalError("the runtime refuses a planned program") }
    }

    /// Runs a graph in floating point on ones.
    private static func interpret(_ graph: Graph) {
        guard let interpreter = try? ReferenceInterpreter(graph) else { return }
        let inputs = graph.inputs.compactMap { port in
            let tensor = graph[port.tensor]
            let values = [Float](repeating: 1, count: tensor.elementCount)
            return FloatTensor(shape: tensor.shape, values: values)
        }
        guard let outputs = try? interpreter.run(inputs) else { return }
        guard outputs.map(\.shape) == graph.outputs.map({ graph[$0.tensor].shape }) else {
            fatalError("an output has another shape than its port")
        }
    }

    /// Four sections behind their sizes; what validates must run inside its arena.
    static func program(_ bytes: [UInt8]) {
        guard bytes.count >= 16 else { return }
        var sections: [[UInt8]] = []
        var offset = 16
        for index in 0..<4 {
            let size = (0..<4).reduce(0) { $0 | Int(bytes[index * 4 + $1]) << (8 * $1) }
            guard size <= bytes.count - offset else { return }
            sections.append([UInt8](bytes[offset..<offset + size]))
            offset += size
        }
        _ = run(sections)
    }

    /// Validates and runs once; bytes behind the arena must stay as they were.
    static func run(_ sections: [[UInt8]]) -> Bool {
        var blocks: [UnsafeMutableRawBufferPointer] = []
        defer { blocks.forEach { $0.deallocate() } }
        func block(_ count: Int) -> UnsafeMutableRawBufferPointer {
            let block = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 64)
            blocks.append(block)
            return block
        }
        let parts = sections.map { bytes in
            let part = block(max(bytes.count, 1))
            part.copyBytes(from: bytes)
            return UnsafeRawBufferPointer(rebasing: part[..<bytes.count])
        }
        let program: Program
        do {
            program = try Program(
                validating: ProgramSections(
                    program: parts[0],
                    weights: parts[1],
                    scales: parts[2],
                    constants: parts[3]
                )
            )
        } catch { return false }
        guard program.arenaSizeBytes <= 1 << 24, program.operatorCount <= 4_096 else { return true }
        let arena = block(program.arenaSizeBytes + 64)
        arena.initializeMemory(as: UInt8.self, repeating: 0xA5)
        let used = UnsafeMutableRawBufferPointer(rebasing: arena[..<program.arenaSizeBytes])
        guard var executor = try? Executor(program: program, arena: used) else { return true }
        executor.infer()
        guard arena[program.arenaSizeBytes...].allSatisfy({ $0 == 0xA5 }) else {
            fatalError("inference wrote behind its arena")
        }
        return true
    }

    static func arrayFile(_ bytes: [UInt8]) {
        guard let file = try? NumpyFile(validating: bytes) else { return }
        guard file.dataRange.upperBound == bytes.count else { fatalError("range beyond the file") }
        guard let header = try? NumpyFile.header(type: file.type, shape: file.shape),
            let again = try? NumpyFile(validating: header + bytes[file.dataRange])
        else { fatalError("the writer's header is refused by the reader") }
        guard again.shape == file.shape, again.type == file.type else { fatalError("changed") }
    }
}
