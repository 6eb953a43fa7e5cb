import Testing

@testable import InferenceRuntime

@Suite("State between inferences")
struct StateTests {
    private typealias Offset = SmallProgram.MemoryOffset
    private let small = SmallProgram.memory()

    /// What a program that differs from `memory()` in words is refused for.
    private func refusal(_ words: [(offset: Int, value: Int32)]) -> ProgramError? {
        var changed = small
        for (offset, value) in words {
            for byte in 0..<4 {
                changed.program[offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte))
            }
        }
        do throws(ProgramError) {
            _ = try ProgramMemory(changed).validated()
            return nil
        } catch {
            return error
        }
    }

    @Test("a program tells its states")
    func names() throws {
        let program = try ProgramMemory(small).validated()
        #expect(program.stateCount == 2)
        #expect((0..<2).map { program.stateName($0) } == ["hidden", "cell"])
    }

    @Test("an inference starts from what the last one left, and after a reset as at first")
    func keeping() throws {
        let memory = ProgramMemory(small)
        let program = try memory.validated()
        let arena = UnsafeMutableRawBufferPointer.allocate(byteCount: 256, alignment: 64)
        arena.initializeMemory(as: UInt8.self, repeating: 0x5A)
        defer { arena.deallocate() }
        var executor = try Executor(program: program, arena: arena)
        #expect(Array(arena[128..<130]) == [40, 216] && Array(arena[192..<196]) == [0, 0, 0, 0])
        func infer(_ executor: inout Executor) -> [UInt8] {
            executor.inputBuffer(0).copyBytes(from: [20, 250, 7, 90])
            executor.infer()
            return Array(executor.outputBuffer(0))
        }
        let first = infer(&executor)
        #expect(Array(arena[128..<130]) == Array(first[2...]), "hidden values are the last step's")
        let second = infer(&executor)
        #expect(first != second)
        executor.resetState()
        #expect(infer(&executor) == first)
        #expect(infer(&executor) == second)
    }

    @Test(
        "a parameter of a long short-term memory that its tensors contradict is refused",
        arguments: [
            (0, 2, OperatorRule.shapeMatches), (1, 3, .shapeMatches), (2, 1, .shapeMatches),
            (3, 1, .shapeMatches), (4, 2, .parameterInRange), (5, 4, .inputExists),
            (5, -1, .inputExists), (5, 3, .elementType), (5, 1, .shapeMatches),
            (5, 0, .shapeMatches),
            (6, 2, .elementType), (6, Int32.min, .inputExists), (7, 4, .zeroPointMatches),
            (8, 0, .zeroPointMatches), (9, -1, .multiplierInRange), (10, 31, .multiplierInRange),
            (23, -5, .multiplierInRange), (24, -32, .multiplierInRange),
            (26, 1, .multiplierInRange), (27, -16, .parameterInRange),
            (27, -8, .parameterInRange), (28, 32_768, .parameterInRange),
            (28, -1, .parameterInRange),
        ] as [(Int, Int32, OperatorRule)]
    )
    func parameters(word: Int, value: Int32, rule: OperatorRule) {
        let error = refusal([(Offset.parameters + 4 * word, value)])
        guard case .operatorInvalid(0, 17, rule, _) = error else {
            Issue.record("word \(word) = \(value): \(String(describing: error))")
            return
        }
    }

    @Test("blocks, biases and tensors of a long short-term memory are held against its extents")
    func blocks() {
        let weights = refusal([(Offset.operation + 20, 31)])
        #expect(
            weights == .operatorInvalid(index: 0, opcode: 17, .blockSize, value: 31)
        )
        var changed = small
        changed.constants.replaceSubrange(28..<32, with: [0xFF, 0xFF, 0xFF, 0x7F])
        #expect(
            throws: ProgramError.operatorInvalid(
                index: 0,
                opcode: 17,
                .biasInRange,
                value: Int64(Int32.max)
            )
        ) { try ProgramMemory(changed).validated() }
        // The cell on the output, and the hidden values on the cell.
        let onOutput = refusal([(Offset.tensor + 3 * 64 + 4, 64)])
        #expect(onOutput == .operatorInvalid(index: 0, opcode: 17, .noOverlap, value: 64))
        let onCell = refusal([(Offset.tensor + 2 * 64 + 4, 192)])
        #expect(onCell == .operatorInvalid(index: 0, opcode: 17, .noOverlap, value: 192))
        let second = refusal([(Offset.operation + 8, 2)])
        #expect(second == .operatorInvalid(index: 0, opcode: 17, .operandCount, value: 2))
    }

    @Test(
        "a malformed state record is refused",
        arguments: [
            (0, 4, StateRule.tensorExists, 4), (64, 0, .noOverlap, 0),
            (4, 0x0000_0602, .initialKnown, 2), (4, 0x0000_2101, .nameInRange, 33),
            (8, 65, .initialWithinSection, 67), (12, 3, .initialSize, 3),
            (64, 2, .noOverlap, 128),
        ] as [(Int, Int32, StateRule, Int64)]
    )
    func records(offset: Int, value: Int32, rule: StateRule, evidence: Int64) {
        let error = refusal([(Offset.state + offset, value)])
        let index = offset / 64
        #expect(error == .stateInvalid(index: index, rule, value: evidence))
    }

    @Test("bytes of a state record that mean nothing are zero", arguments: [6, 7, 22, 50, 72, 76])
    func reserved(offset: Int) {
        var changed = small
        changed.program[Offset.state + offset] = 1
        let place = Offset.state + offset
        #expect(throws: ProgramError.reservedNotZero(offset: place)) {
            try ProgramMemory(changed).validated()
        }
    }

    @Test("a number of states beyond the limit, or not that of the records, is refused")
    func counts() {
        #expect(refusal([(44, 257)]) == .headerOutOfRange(.stateCount, value: 257, limit: 256))
        let size = UInt64(small.program.count)
        #expect(
            refusal([(44, 1)])
                == .sectionSizeMismatch(.program, sizeBytes: size, expectedBytes: size - 64)
        )
    }
}
