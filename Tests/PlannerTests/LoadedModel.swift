import InferenceRuntime
import ModelGraph
import Planner

/// A planned model in memory, with guard bytes around its arena.
final class LoadedModel {
    let planned: PlannedProgram
    let program: Program
    private let copy: SectionCopy
    private let memory: UnsafeMutableRawBufferPointer
    private static let guardSizeBytes = 4096
    private static let guardByte: UInt8 = 0xA5

    convenience init(_ graph: Graph, target: TargetProfile = .test) throws {
        try self.init(planned: try plan(QuantizedGraph(proving: graph), for: target))
    }

    init(planned: PlannedProgram) throws(ProgramError) {
        self.planned = planned
        copy = SectionCopy(planned)
        program = try copy.validated()
        memory = .allocate(
            byteCount: program.arenaSizeBytes + 2 * Self.guardSizeBytes,
            alignment: 64
        )
        memory.initializeMemory(as: UInt8.self, repeating: Self.guardByte)
    }

    deinit { memory.deallocate() }

    /// The outputs for one set of inputs, from reset state.
    ///
    /// Traps if the program wrote outside its arena.
    func infer(_ inputs: [[UInt8]]) throws -> [[UInt8]] { try inferSequence([inputs])[0] }

    /// The outputs for sets of inputs one after the other: states keep what each left in them.
    func inferSequence(_ samples: [[[UInt8]]]) throws -> [[[UInt8]]] {
        let guardSize = Self.guardSizeBytes
        let arena = UnsafeMutableRawBufferPointer(
            rebasing: memory[guardSize..<memory.count - guardSize]
        )
        var executor = try Executor(program: program, arena: arena)
        var results: [[[UInt8]]] = []
        for inputs in samples {
            for (index, input) in inputs.enumerated() {
                let buffer = executor.inputBuffer(index)
                precondition(buffer.count == input.count, "\(buffer.count) == \(input.count)")
                buffer.copyBytes(from: input)
            }
            executor.infer()
            let borders = [memory[..<guardSize], memory[(memory.count - guardSize)...]]
            precondition(borders.allSatisfy { $0.allSatisfy { $0 == Self.guardByte } })
            results.append((0..<program.outputCount).map { Array(executor.outputBuffer($0)) })
        }
        return results
    }
}

extension TargetProfile {
    static var test: TargetProfile {
        TargetProfile(name: "test", sdk: "x86_64", memoryBytes: 1 << 30)
    }
}
