import Testing

@testable import InferenceRuntime

@Suite("Program")
struct ProgramTests {
    private let small = SmallProgram()

    @Test("a valid program tells its ports and sizes")
    func description() throws {
        let memory = ProgramMemory(small)
        let program = try memory.validated()
        #expect(program.operatorCount == 5)
        #expect(program.arenaSizeBytes == 512)
        #expect(program.arenaLowerBoundBytes == 128)
        #expect(program.tier == .scalar)
        let port = program.output(0)
        #expect(port.name == "out")
        #expect((0..<port.rank).map { port.dimension($0) } == [1, 4, 4, 2])
        #expect(port.type == .int8 && port.externalType == .float32)
        #expect(port.scale == 0.5 && port.zeroPoint == -128 && port.sizeBytes == 32)
    }

    @Test("a program computes what its formulas say")
    func inference() throws {
        // Computed by hand from the formulas of the specification; see the comments.
        // x - 3 = [7, -13, 97, 117, -128 - 3, 124, 0, 0]; weights [-50, -20], [10, 40].
        let input: [Int8] = [10, -10, 100, 120, -128, 127, 3, 3]
        let memory = ProgramMemory(small)
        let program = try memory.validated()
        let first = try #require(try memory.infer(program, input.map { UInt8(bitPattern: $0) }))
        let second = try #require(try memory.infer(program, input.map { UInt8(bitPattern: $0) }))
        #expect(first == second)
        // acc + bias = [10, -650], [-7090, 5450], [4170, 3450], [100, -200]; times 1/4 and 1/8,
        // halves away from zero: [3, -81], [-1773, 681], [1043, 431], [25, -25]; minus 4 and
        // saturated: [-1, -85], [-128, 127], [127, 127], [21, -29]. Plus [5 - 1, -6 - 1] at equal
        // scale: [3, -92], [-124, 120], [127, 120], [25, -36]. Softmax at 1/8 a step: the larger
        // of each row takes nearly all, but in [127, 120]: e^(-7/8) = 0.4169, 0.7058 and 0.2942
        // of 256, less 128: 53 and -53. The corners of the resize are the swapped pixels.
        let corners = [0, 3, 12, 15].map { pixel in first[2 * pixel..<2 * pixel + 2] }
        let expected: [[Int8]] = [[127, -128], [53, -53], [-128, 127], [127, -128]]
        #expect(corners.map { $0.map { Int8(bitPattern: $0) } } == expected)
    }

    @Test("every truncation of a section is refused")
    func truncation() {
        for length in 0..<small.program.count {
            var cut = small
            cut.program = Array(small.program.prefix(length))
            #expect(throws: ProgramError.self) { try ProgramMemory(cut).validated() }
        }
        for part in [\SmallProgram.weights, \.scales, \.constants] {
            var cut = small
            cut[keyPath: part].removeLast()
            #expect(throws: ProgramError.self) { try ProgramMemory(cut).validated() }
        }
    }

    @Test("a wrong magic, version or tier is named")
    func identification() {
        func fault(_ offset: Int, _ byte: UInt8) -> ProgramError? {
            var changed = small
            changed.program[offset] = byte
            do throws(ProgramError) {
                _ = try ProgramMemory(changed).validated()
                return nil
            } catch {
                return error
            }
        }
        #expect(fault(0, 0) == .notAProgram(magic: 0x5054_4C00))
        #expect(fault(4, 2) == .versionUnsupported(2))
        #expect(fault(6, 9) == .kernelTierUnsupported(9))
        #expect(fault(63, 1) == .reservedNotZero(offset: 63))
    }

    @Test("an arena that is too small or misaligned is refused")
    func arena() throws {
        let memory = ProgramMemory(small)
        let program = try memory.validated()
        let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: 1024, alignment: 64)
        defer { bytes.deallocate() }
        #expect(throws: ProgramError.arenaTooSmall(sizeBytes: 511, requiredBytes: 512)) {
            _ = try Executor(program: program, arena: .init(rebasing: bytes[..<511]))
        }
        #expect(throws: ProgramError.arenaMisaligned) {
            _ = try Executor(program: program, arena: .init(rebasing: bytes[1..<1024]))
        }
    }

    @Test("a tensor may overlap its operator's input only where the kernel allows it")
    func overlap() {
        // Softmax writes tensor 3; moved onto its input at 64 it would overwrite what it reads.
        var changed = small
        changed.program[64 + 3 * 64 + 4] = 64
        let expected = ProgramError.operatorInvalid(
            index: 2,
            opcode: Opcode.softmax.rawValue,
            .noOverlap,
            value: 64
        )
        #expect(throws: expected) { try ProgramMemory(changed).validated() }
    }
}
