import AgentProtocol
import BundleFormat
import CPlatform
import InferenceRuntime

/// A model that is ready to run: image, arena and executor with one life.
struct InferenceEngine: ~Copyable {
    let image: LoadedImage
    let program: Program
    private let arena: Mapping
    private var executor: Executor
    /// The bytes of all inputs, and of all outputs, one after the other.
    let inputSizeBytes: Int, outputSizeBytes: Int

    /// Proves the image's program and takes its memory.
    init(_ image: consuming LoadedImage) throws(AgentError) {
        let program = try InferenceEngine.program(of: image)
        let arena = try Mapping(anonymous: max(program.arenaSizeBytes, 64), populated: true)
        executor = try InferenceEngine.executor(program, arena: arena, path: image.path)
        var sizes = (inputs: 0, outputs: 0)
        for index in 0..<program.inputCount { sizes.inputs += program.input(index).sizeBytes }
        for index in 0..<program.outputCount { sizes.outputs += program.output(index).sizeBytes }
        (inputSizeBytes, outputSizeBytes) = sizes
        self.program = program
        self.arena = arena
        self.image = image
    }

    private static func program(
        of image: borrowing LoadedImage
    ) throws(AgentError) -> Program {
        do throws(ProgramError) {
            return try Program(validating: sections(of: image))
        } catch {
            throw .program(error, image.path)
        }
    }

    private static func executor(
        _ program: Program,
        arena: borrowing Mapping,
        path: Path
    ) throws(AgentError) -> Executor {
        do throws(ProgramError) {
            // Safe: the arena lives as long as the executor, both being one engine's.
            return try unsafe Executor(program: program, arena: arena.writableBytes)
        } catch {
            throw .program(error, path)
        }
    }

    var arenaSizeBytes: Int { arena.sizeBytes }

    /// The image's sections of the program; one that is empty is not in the image.
    private static func sections(of image: borrowing LoadedImage) -> ProgramSections {
        // Safe: the sections lie in the image, which lives as long as the engine.
        unsafe ProgramSections(
            program: section(.program, of: image),
            weights: section(.weights, of: image),
            scales: section(.scales, of: image),
            constants: section(.constants, of: image)
        )
    }

    private static func section(
        _ kind: ImageSectionKind,
        of image: borrowing LoadedImage
    ) -> UnsafeRawBufferPointer {
        // Safe: the installed image's table was proved against the image's own size.
        guard let table = try? unsafe InstalledImage(validating: image.bytes),
            let section = try? unsafe table.section(kind, of: image.bytes)
        else { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
        return unsafe section
    }

    /// A section of the image that the runtime does not read.
    func section(_ kind: ImageSectionKind) throws(AgentError) -> UnsafeRawBufferPointer {
        do throws(BundleError) {
            // Safe: the table is proved against the image's own size.
            let table = try unsafe InstalledImage(validating: image.bytes)
            return try unsafe table.section(kind, of: image.bytes)
        } catch {
            throw .bundle(error, image.path)
        }
    }

    /// Gives the states of the model their initial values.
    mutating func resetState() { executor.resetState() }

    /// Runs the model once.
    ///
    /// - Parameters:
    ///   - inputs: `inputSizeBytes` bytes.
    ///   - outputs: room for `outputSizeBytes` bytes.
    /// - Returns: the time of the inference alone, in nanoseconds.
    mutating func infer(
        _ inputs: UnsafeRawBufferPointer,
        into outputs: UnsafeMutableRawBufferPointer
    ) -> Int64 {
        precondition(inputs.count == inputSizeBytes && outputs.count == outputSizeBytes)
        var offset = 0
        for index in 0..<program.inputCount {
            let buffer = unsafe executor.inputBuffer(index)
            // Safe: the ports' sizes add up to the count that was compared above.
            let part = unsafe inputs[offset..<offset + buffer.count]
            unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
            offset += buffer.count
        }
        let begin = platform_monotonic_ns()
        executor.infer()
        let end = platform_monotonic_ns()
        offset = 0
        for index in 0..<program.outputCount {
            let buffer = unsafe executor.outputBuffer(index)
            // Safe: the ports' sizes add up to the count that was compared above.
            let part = unsafe outputs[offset..<offset + buffer.count]
            unsafe UnsafeMutableRawBufferPointer(rebasing: part).copyMemory(from: buffer)
            offset += buffer.count
        }
        return end - begin
    }
}
