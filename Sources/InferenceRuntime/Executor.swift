import CKernels

/// Runs a program in an arena.
///
/// It borrows the arena and the program's sections, which must outlive it, and owns nothing. One
/// executor serves one thread at a time; several may share a program, each with its own arena.
@safe
public struct Executor: ~Copyable {
    private let program: Program
    private let arena: UnsafeMutableRawPointer
    let kernels: UnsafePointer<martlet_kernel_table>

    /// Binds a program to memory.
    ///
    /// - Parameters:
    ///   - program: What to run.
    ///   - arena: At least `program.arenaSizeBytes` bytes from a multiple of 64; any content.
    /// - Throws: `ProgramError` if the arena does not fit or the kernels are missing.
    public init(
        program: Program,
        arena: UnsafeMutableRawBufferPointer
    ) throws(ProgramError) {
        guard let base = arena.baseAddress, arena.count >= program.arenaSizeBytes else {
            throw .arenaTooSmall(sizeBytes: arena.count, requiredBytes: program.arenaSizeBytes)
        }
        guard UInt(bitPattern: base) % UInt(ProgramFormat.alignmentBytes) == 0 else {
            throw .arenaMisaligned
        }
        guard let kernels = unsafe martlet_kernels(program.tier.rawValue) else {
            throw .kernelTierUnsupported(program.tier.rawValue)
        }
        self.program = program
        unsafe self.arena = base
        unsafe self.kernels = kernels
        resetState()
    }

    /// Gives every state of the program the value that it has before the first inference.
    ///
    /// A new executor has done so. Between resets a state keeps what the last inference left in it.
    public mutating func resetState() {
        for index in 0..<program.stateCount {
            let tensor = program.stateTensor(index)
            let (offset, size) = (Int(tensor.offset), Int(tensor.sizeBytes))
            switch program.initialState(index) {
            case .fill(let byte):
                // Validation placed the tensor inside the arena.
                unsafe (arena + offset).initializeMemory(
                    as: UInt8.self,
                    repeating: byte,
                    count: size
                )
            case .constant(let block):
                let constants = program.sections.constants
                // Validation placed the block inside the section; it has the tensor's size.
                guard let source = unsafe constants.address(at: Int(block.offset)) else { continue }
                unsafe (arena + offset).copyMemory(from: source, byteCount: size)
            }
        }
    }

    /// Where to write input `index` before each `infer`: the plan may reuse the memory.
    public func inputBuffer(_ index: Int) -> UnsafeMutableRawBufferPointer {
        precondition(index >= 0 && index < program.inputCount)
        return unsafe portBuffer(index)
    }

    /// Where output `index` lies after `infer`, until an input is written or the next `infer`.
    public func outputBuffer(_ index: Int) -> UnsafeRawBufferPointer {
        precondition(index >= 0 && index < program.outputCount)
        return unsafe UnsafeRawBufferPointer(portBuffer(program.inputCount + index))
    }

    private func portBuffer(_ index: Int) -> UnsafeMutableRawBufferPointer {
        let word = program.sections.program.word(at: program.portOffset(index))
        let tensor = program.tensor(Int(word))
        // Validation placed every port's tensor inside the arena.
        return unsafe UnsafeMutableRawBufferPointer(
            start: arena + Int(tensor.offset),
            count: Int(tensor.sizeBytes)
        )
    }

    /// Computes all outputs from all inputs.
    ///
    /// Allocates nothing and cannot fail.
    public mutating func infer() {
        for index in 0..<program.operatorCount {
            let record = OperatorRecord(
                reading: program.sections.program,
                at: program.operatorOffset(index)
            )
            guard let opcode = Opcode(rawValue: record.opcode) else { continue }
            unsafe run(OperatorCall(program, index, record, arena: arena), opcode)
        }
    }

    /// The leaves below only pass addresses that validation proved to hold what the kernel reads.
    private func run(_ call: borrowing OperatorCall, _ opcode: Opcode) {
        switch opcode {
        case .convolution2D, .depthwiseConvolution2D, .fullyConnected: runProduct(call, opcode)
        case .add, .multiply, .maximum: runBinary(call, opcode)
        case .averagePool2D:
            unsafe kernels.pointee.average_pool2d(call.parameters(), call.a(), call.y())
        case .maxPool2D:
            unsafe kernels.pointee.max_pool2d(call.parameters(), call.a(), call.y())
        case .mean: unsafe kernels.pointee.mean(call.parameters(), call.a(), call.y())
        case .softmax: unsafe kernels.pointee.softmax(call.parameters(), call.a(), call.y())
        case .lookup:
            unsafe kernels.pointee.lookup(call.parameters(), call.a(), call.constants(), call.y())
        case .copy: unsafe kernels.pointee.copy(call.parameters(), call.a(), call.y())
        case .fill: unsafe kernels.pointee.fill(call.parameters(), call.y())
        case .resizeBilinear, .resizeNearest, .resizeBilinearInt16: runResize(call, opcode)
        case .argMax:
            unsafe kernels.pointee.arg_max(call.parameters(), call.a(), call.output)
        case .longShortTermMemory: runMemory(call)
        default:
            if opcode.activation == .int16 {
                runInt16(call, opcode)
            } else {
                runRare(call, opcode)
            }
        }
    }

    private func runProduct(_ call: borrowing OperatorCall, _ opcode: Opcode) {
        switch opcode {
        case .convolution2D:
            unsafe kernels.pointee.conv2d(
                call.parameters(),
                call.a(),
                call.weights(),
                call.constants(),
                call.scales(),
                call.y()
            )
        case .depthwiseConvolution2D:
            unsafe kernels.pointee.depthwise_conv2d(
                call.parameters(),
                call.a(),
                call.weights(),
                call.constants(),
                call.scales(),
                call.y()
            )
        default:
            unsafe kernels.pointee.fully_connected(
                call.parameters(),
                call.a(),
                call.weights(),
                call.constants(),
                call.scales(),
                call.y()
            )
        }
    }

    private func runBinary(_ call: borrowing OperatorCall, _ opcode: Opcode) {
        switch opcode {
        case .add: unsafe kernels.pointee.add(call.parameters(), call.a(), call.b(), call.y())
        case .multiply: unsafe kernels.pointee.mul(call.parameters(), call.a(), call.b(), call.y())
        default: unsafe kernels.pointee.max(call.parameters(), call.a(), call.b(), call.y())
        }
    }

    /// Hidden values and cell are tensors of the arena that the parameter block names.
    private func runMemory(_ call: borrowing OperatorCall) {
        let parameters: UnsafePointer<martlet_lstm> = unsafe call.parameters()
        let hidden = program.tensor(Int(unsafe parameters.pointee.hidden_tensor))
        let cell = program.tensor(Int(unsafe parameters.pointee.cell_tensor))
        unsafe kernels.pointee.lstm(
            parameters,
            call.a(),
            call.weights(),
            call.constants(),
            (arena + Int(hidden.offset)).assumingMemoryBound(to: Int8.self),
            (arena + Int(cell.offset)).assumingMemoryBound(to: Int16.self),
            call.y()
        )
    }

    /// The table of columns follows that of rows.
    private func runResize(_ call: borrowing OperatorCall, _ opcode: Opcode) {
        let parameters: UnsafePointer<martlet_resize> = unsafe call.parameters()
        let rows = Int(unsafe parameters.pointee.output_height)
        if opcode == .resizeBilinear {
            let table: UnsafePointer<martlet_tap> = unsafe call.constants()
            unsafe kernels.pointee.resize_bilinear(
                parameters,
                call.a(),
                table,
                table + rows,
                call.y()
            )
        } else if opcode == .resizeBilinearInt16 {
            let table: UnsafePointer<martlet_tap> = unsafe call.constants()
            unsafe kernels.pointee.resize_bilinear_int16(
                parameters,
                call.a(),
                table,
                table + rows,
                call.y()
            )
        } else {
            let table: UnsafePointer<Int32> = unsafe call.constants()
            unsafe kernels.pointee.resize_nearest(
                parameters,
                call.a(),
                table,
                table + rows,
                call.y()
            )
        }
    }
}
