// The baseline section: "EIBBASE1" | u32 tensor count 0...32 | u32 class count 0...4096
// | u64 samples | zero to 64, then for each tensor u8 kind (0 input, 1 output) | u8 zero
// | u16 index | u32 zero | 256 x u32 counts of the stored values -128...127,
// then class count x u32.

/// Histograms of inputs and outputs on known data, against which drift is measured.
public struct DriftBaseline: Sendable, Equatable {
    /// The histogram of one monitored tensor.
    public struct TensorCounts: Sendable, Equatable {
        /// Whether the tensor is an output of the program, else an input.
        public var isOutput: Bool
        /// The index among the program's inputs or outputs.
        public var index: UInt16
        /// Counts of the stored values -128...127, 256 of them.
        public var counts: [UInt32]

        /// Makes a histogram from its parts.
        public init(isOutput: Bool, index: UInt16, counts: [UInt32]) {
            self.isOutput = isOutput
            self.index = index
            self.counts = counts
        }
    }

    /// Monitored tensors.
    public static let tensorCountMax = 32
    /// Classes; ImageNet has 1,001.
    public static let classCountMax = 4_096
    static let headerSizeBytes = 64
    static let tensorSizeBytes = 8 + 256 * 4
    static let magic = [UInt8]("EIBBASE1".utf8)

    /// The samples that were counted; 0 when the bundle was built without data.
    public var sampleCount: UInt64
    /// The monitored tensors.
    public var tensors: [TensorCounts]
    /// How often each class was the first with the largest score.
    public var classCounts: [UInt32]

    /// Makes a baseline from its parts.
    public init(sampleCount: UInt64, tensors: [TensorCounts], classCounts: [UInt32]) {
        self.sampleCount = sampleCount
        self.tensors = tensors
        self.classCounts = classCounts
    }

    /// Reads a baseline section.
    ///
    /// - Throws: `BundleError.sectionMalformed` when a count does not fit the section.
    public init(decoding section: [UInt8]) throws(BundleError) {
        let reader = ByteReader(section)
        guard section.count >= DriftBaseline.headerSizeBytes,
            [UInt8](section[0..<8]) == DriftBaseline.magic,
            reader.u32(8) <= DriftBaseline.tensorCountMax,
            reader.u32(12) <= DriftBaseline.classCountMax,
            !section[24..<64].contains(where: { $0 != 0 })
        else { throw .sectionMalformed(.baseline) }
        let tensorCount = Int(reader.u32(8))
        let classCount = Int(reader.u32(12))
        let classOffset =
            DriftBaseline.headerSizeBytes + tensorCount * DriftBaseline.tensorSizeBytes
        guard section.count == classOffset + classCount * 4 else {
            throw .sectionMalformed(.baseline)
        }
        sampleCount = reader.u64(16)
        tensors = []
        for index in 0..<tensorCount {
            let start = DriftBaseline.headerSizeBytes + index * DriftBaseline.tensorSizeBytes
            guard section[start] <= 1, section[start + 1] == 0, reader.u32(start + 4) == 0 else {
                throw .sectionMalformed(.baseline)
            }
            tensors.append(
                TensorCounts(
                    isOutput: section[start] == 1,
                    index: reader.u16(start + 2),
                    counts: (0..<256).map { reader.u32(start + 8 + $0 * 4) }
                )
            )
        }
        classCounts = (0..<classCount).map { reader.u32(classOffset + $0 * 4) }
    }

    /// The bytes of a baseline section.
    public func encoded() -> [UInt8] {
        precondition(tensors.count <= DriftBaseline.tensorCountMax)
        precondition(classCounts.count <= DriftBaseline.classCountMax)
        var writer = ByteWriter()
        writer.append(DriftBaseline.magic)
        writer.u32(UInt32(tensors.count))
        writer.u32(UInt32(classCounts.count))
        writer.u64(sampleCount)
        writer.zeros(until: DriftBaseline.headerSizeBytes)
        for tensor in tensors {
            precondition(tensor.counts.count == 256)
            writer.append([tensor.isOutput ? 1 : 0, 0])
            writer.u16(tensor.index)
            writer.u32(0)
            for count in tensor.counts { writer.u32(count) }
        }
        for count in classCounts { writer.u32(count) }
        return writer.bytes
    }
}
