package import InferenceRuntime

/// A planned program in aligned memory of its own, as a device would map it.
package struct SectionCopy: ~Copyable {
    private let sections: [UnsafeMutableRawBufferPointer]

    /// Copies the four sections.
    package init(_ planned: PlannedProgram) {
        let parts = [planned.program, planned.weights, planned.scales, planned.constants]
        sections = parts.map { bytes in
            let memory = UnsafeMutableRawBufferPointer.allocate(
                byteCount: bytes.count,
                alignment: ProgramFormat.alignmentBytes
            )
            memory.copyBytes(from: bytes)
            return memory
        }
    }

    deinit { for section in sections { section.deallocate() } }

    /// The program, which borrows this copy's memory and must not outlive it.
    package borrowing func validated() throws(ProgramError) -> Program {
        try Program(
            validating: ProgramSections(
                program: UnsafeRawBufferPointer(sections[0]),
                weights: UnsafeRawBufferPointer(sections[1]),
                scales: UnsafeRawBufferPointer(sections[2]),
                constants: UnsafeRawBufferPointer(sections[3])
            )
        )
    }
}
