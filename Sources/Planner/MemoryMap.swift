import InferenceRuntime

/// Which values share memory, and from which step to which each block of memory is in use.
///
/// Steps are numbered from 1; 0 is the caller who writes inputs, `steps + 1` the one who reads
/// outputs. Invariant: a step's output block differs from its inputs' blocks, or the step is
/// elementwise and the output is exactly an input that nothing reads afterwards.
struct MemoryMap {
    /// A block and its time of use; `root` is the value that owns it.
    struct Block {
        var root: Int
        var sizeBytes: Int
        var firstStep: Int
        var lastStep: Int
    }

    private(set) var program: LoweredProgram
    private(set) var blocks: [Block] = []
    private var firstStep: [Int]
    private var lastStep: [Int]

    /// Shares memory where that is legal.
    ///
    /// - Parameters:
    ///   - program: the operators in their order.
    ///   - elidesCopies: whether a value that is only put into a larger one is computed there.
    init(_ program: LoweredProgram, elidesCopies: Bool) {
        self.program = program
        firstStep = []
        lastStep = []
        if elidesCopies { elideCopies() }
        measureLifetimes()
        shareInPlace()
        collectBlocks()
    }

    // MARK: Copies that need not happen

    private mutating func elideCopies() {
        let written = Set(program.steps.map(\.output))
        let writers = Dictionary(grouping: program.steps, by: \.output)
        let filled = Set(program.steps.filter { $0.opcode != .copy }.map(\.output))
        let states = Set(program.states.map(\.value))
        let ports = Set((program.inputs + program.outputs).map { program.storage(of: $0).root })
            .union(states)
        var kept: [LoweredStep] = []
        for step in program.steps {
            if let offset = step.contiguousTarget, offset % ProgramFormat.alignmentBytes == 0,
                mayMove(step.inputs[0], into: step.output, written, ports),
                !filled.contains(step.output),
                !states.contains(step.output) || mayReplace(step.output, with: step.inputs[0]),
                isReadOnce(step.inputs[0], by: writers[step.output, default: []])
            {
                program.values[step.inputs[0]].view = .init(base: step.output, offsetBytes: offset)
            } else {
                kept.append(step)
            }
        }
        program.steps = kept
    }

    /// Only a value that a step computes for itself may lie inside another.
    private func mayMove(
        _ source: Int,
        into target: Int,
        _ written: Set<Int>,
        _ ports: Set<Int>
    ) -> Bool {
        program.values[source].view == nil && program.values[source].constant == nil
            && program.values[target].view == nil && written.contains(source)
            && !ports.contains(source)
    }

    /// Whether a state's next value may be computed in the state's place: every step that reads the
    /// state is before the first that writes the value.
    private func mayReplace(_ state: Int, with value: Int) -> Bool {
        func root(_ value: Int) -> Int { program.storage(of: value).root }
        guard let written = program.steps.firstIndex(where: { root($0.output) == value }) else {
            return false
        }
        return program.steps[written...].allSatisfy { step in
            step.inputs.allSatisfy { root($0) != state }
        }
    }

    /// A second part made of the same memory would be copied within the whole.
    private func isReadOnce(_ source: Int, by writers: [LoweredStep]) -> Bool {
        let roots = writers.flatMap { $0.inputs.map { program.storage(of: $0).root } }
        return roots.count { $0 == source } == 1
    }

    // MARK: Lifetimes

    private mutating func measureLifetimes() {
        let end = program.steps.count + 1
        firstStep = Array(repeating: .max, count: program.values.count)
        lastStep = Array(repeating: -1, count: program.values.count)
        for input in program.inputs { touch(input, 0) }
        for (index, step) in program.steps.enumerated() {
            touch(step.output, index + 1)
            for input in step.inputs { touch(input, index + 1) }
        }
        for output in program.outputs { touch(output, end) }
        for state in program.states {
            touch(state.value, 0)
            touch(state.value, end)
        }
    }

    private mutating func touch(_ value: Int, _ step: Int) {
        let root = program.storage(of: value).root
        firstStep[root] = min(firstStep[root], step)
        lastStep[root] = max(lastStep[root], step)
    }

    // MARK: In place

    private mutating func shareInPlace() {
        for (index, step) in program.steps.enumerated() where step.opcode.mayRunInPlace {
            let output = step.output
            guard program.values[output].view == nil, firstStep[output] == index + 1 else {
                continue
            }
            for input in step.inputs where mayOverwrite(input, with: output, at: index + 1) {
                let root = program.storage(of: input).root
                program.values[output].view = .init(base: root, offsetBytes: 0)
                lastStep[root] = lastStep[output]
                break
            }
        }
    }

    /// The input is a whole block of the output's size that nothing reads after `step`.
    private func mayOverwrite(_ input: Int, with output: Int, at step: Int) -> Bool {
        let (root, offset) = program.storage(of: input)
        return root != output && program.values[root].constant == nil && offset == 0
            && program.values[root].sizeBytes == program.values[output].sizeBytes
            && program.values[input].sizeBytes == program.values[output].sizeBytes
            && lastStep[root] == step
    }

    private mutating func collectBlocks() {
        for root in program.values.indices
        where program.values[root].view == nil && program.values[root].constant == nil {
            guard lastStep[root] >= 0 else { continue }
            blocks.append(
                Block(
                    root: root,
                    sizeBytes: program.values[root].sizeBytes.roundedUpToBlock,
                    firstStep: firstStep[root],
                    lastStep: lastStep[root]
                )
            )
        }
    }
}

extension Int {
    /// The next multiple of the alignment of tensors.
    var roundedUpToBlock: Int {
        let alignment = ProgramFormat.alignmentBytes
        return (self + alignment - 1) / alignment * alignment
    }
}
