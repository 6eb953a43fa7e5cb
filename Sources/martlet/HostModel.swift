import BundleFormat
import Foundation
import InferenceRuntime
import Planner

/// A program on the host with the memory that it needs: the device's own executor.
///
/// A class because it owns memory that the program and the executor point into.
final class HostModel {
    let program: Program
    private var executor: Executor
    private let memory: AlignedMemory

    /// Loads the sections of a planned program.
    convenience init(_ planned: PlannedProgram) throws {
        try self.init(
            sections: [planned.program, planned.weights, planned.scales, planned.constants]
        )
    }

    /// Loads the sections of a verified image.
    convenience init(image: [UInt8]) throws {
        let sections = try image.withUnsafeBytes { image in
            let table = try InstalledImage(validating: image)
            return try [ImageSectionKind.program, .weights, .scales, .constants].map { kind in
                [UInt8](try table.section(kind, of: image))
            }
        }
        try self.init(sections: sections)
    }

    private init(sections: [[UInt8]]) throws {
        let memory = AlignedMemory()
        let parts = sections.map { UnsafeRawBufferPointer(memory.copy($0)) }
        let program = try Program(
            validating: ProgramSections(
                program: parts[0],
                weights: parts[1],
                scales: parts[2],
                constants: parts[3]
            )
        )
        let arena = memory.allocate(sizeBytes: program.arenaSizeBytes)
        executor = try Executor(program: program, arena: arena)
        self.program = program
        self.memory = memory
    }

    /// The ports that callers fill, in order.
    var inputs: [PortInfo] { (0..<program.inputCount).map(program.input) }
    /// The ports that callers read, in order.
    var outputs: [PortInfo] { (0..<program.outputCount).map(program.output) }

    /// Whether an inference depends on those before it.
    var keepsState: Bool { program.stateCount > 0 }

    /// Gives the states of the model their initial values, which a new model has.
    func resetState() { executor.resetState() }

    /// Runs one inference: stored bytes of every input in, stored bytes of every output out.
    func infer(_ values: [ArraySlice<UInt8>]) -> [[UInt8]] {
        for (index, value) in values.enumerated() {
            executor.inputBuffer(index).copyBytes(from: value)
        }
        executor.infer()
        return (0..<program.outputCount).map { [UInt8](executor.outputBuffer($0)) }
    }
}

/// Blocks of memory at multiples of 64 bytes, freed together.
private final class AlignedMemory {
    private var blocks: [UnsafeMutableRawBufferPointer] = []

    func allocate(sizeBytes: Int) -> UnsafeMutableRawBufferPointer {
        let block = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(sizeBytes, 64),
            alignment: 64
        )
        block.initializeMemory(as: UInt8.self, repeating: 0)
        blocks.append(block)
        return UnsafeMutableRawBufferPointer(rebasing: block[..<sizeBytes])
    }

    func copy(_ bytes: [UInt8]) -> UnsafeMutableRawBufferPointer {
        let block = allocate(sizeBytes: bytes.count)
        block.copyBytes(from: bytes)
        return block
    }

    deinit {
        for block in blocks { block.deallocate() }
    }
}

extension PortInfo {
    /// The extents, the batch of 1 included.
    var shape: [Int] { (0..<rank).map(dimension) }
    /// The number of elements.
    var elementCount: Int { sizeBytes / type.sizeBytes }
}
