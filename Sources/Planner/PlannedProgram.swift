/// What the planner makes of a graph: the sections of a program, and the plan of its arena.
public struct PlannedProgram: Sendable {
    /// The records.
    public var program: [UInt8]
    /// The weights, laid out for the target's kernels.
    public var weights: [UInt8]
    /// The factors of each output channel.
    public var scales: [UInt8]
    /// Biases, tables, constant tensors.
    public var constants: [UInt8]
    /// Where every tensor lies, and when it lives.
    public var arenaPlan: ArenaPlan
}

/// The place of each block of memory in the arena.
public struct ArenaPlan: Sendable {
    /// One block: a tensor with all that share its memory.
    public struct Block: Sendable, Hashable {
        /// The tensors in it, in the order in which they are written.
        public var tensors: [String]
        /// Where it starts, a multiple of 64.
        public var offset: Int
        /// Its size, rounded up to a multiple of 64.
        public var sizeBytes: Int
        /// The step that first writes it; 0 is the caller, 1 the first operator.
        public var firstStep: Int
        /// The step that last reads it; one more than the number of operators is the caller.
        public var lastStep: Int

        /// Makes a block from its parts.
        public init(
            tensors: [String],
            offset: Int,
            sizeBytes: Int,
            firstStep: Int,
            lastStep: Int
        ) {
            self.tensors = tensors
            self.offset = offset
            self.sizeBytes = sizeBytes
            self.firstStep = firstStep
            self.lastStep = lastStep
        }
    }

    /// The blocks in the order of first use.
    public var blocks: [Block]
    /// The size of the arena.
    public var sizeBytes: Int
    /// The most bytes live at once; no arena of these blocks is smaller.
    public var lowerBoundBytes: Int
}
