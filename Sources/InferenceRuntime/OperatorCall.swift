import CKernels

/// The addresses that one operator reads and writes, typed as its kernel takes them.
///
/// Validation proved the size and alignment of everything named here; an operator that does not
/// use a block gets an address that its kernel does not touch.
@safe
struct OperatorCall: ~Copyable {
    private let parameterBlock: UnsafeRawPointer
    private let inputA: UnsafeRawPointer
    private let inputB: UnsafeRawPointer
    private let weightBlock: UnsafeRawPointer
    private let scaleBlock: UnsafeRawPointer
    private let constantBlock: UnsafeRawPointer
    let output: UnsafeMutableRawPointer

    init(
        _ program: Program,
        _ index: Int,
        _ record: OperatorRecord,
        arena: UnsafeMutableRawPointer
    ) {
        let sections = program.sections
        let block = program.operatorOffset(index) + ProgramFormat.parametersOffset
        let fallback = UnsafeRawPointer(arena)
        func address(_ tensorIndex: UInt32) -> UnsafeRawPointer {
            let tensor = program.tensor(Int(tensorIndex))
            let offset = Int(tensor.offset)
            guard tensor.place == .constants else { return unsafe fallback + offset }
            return unsafe sections.constants.address(at: offset) ?? fallback
        }
        unsafe parameterBlock = sections.program.address(at: block) ?? fallback
        unsafe inputA = address(record.inputA)
        let hasSecond = record.inputB != ProgramFormat.noTensor
        unsafe inputB = hasSecond ? address(record.inputB) : inputA
        unsafe weightBlock = sections.weights.address(at: Int(record.weights.offset)) ?? fallback
        unsafe scaleBlock = sections.scales.address(at: Int(record.scales.offset)) ?? fallback
        unsafe constantBlock =
            sections.constants.address(at: Int(record.constants.offset)) ?? fallback
        unsafe output = arena + Int(program.tensor(Int(record.output)).offset)
    }

    func parameters<Value>() -> UnsafePointer<Value> {
        unsafe parameterBlock.assumingMemoryBound(to: Value.self)
    }

    func a<Value>() -> UnsafePointer<Value> { unsafe inputA.assumingMemoryBound(to: Value.self) }

    func b<Value>() -> UnsafePointer<Value> { unsafe inputB.assumingMemoryBound(to: Value.self) }

    /// The first input, of either width.
    var input: UnsafeRawPointer { unsafe inputA }

    func weights() -> UnsafePointer<Int8> { unsafe weightBlock.assumingMemoryBound(to: Int8.self) }

    func scales() -> UnsafePointer<martlet_scale> {
        unsafe scaleBlock.assumingMemoryBound(to: martlet_scale.self)
    }

    func constants<Value>() -> UnsafePointer<Value> {
        unsafe constantBlock.assumingMemoryBound(to: Value.self)
    }

    func y<Value>() -> UnsafeMutablePointer<Value> {
        unsafe output.assumingMemoryBound(to: Value.self)
    }
}
