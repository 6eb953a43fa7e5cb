// The golden section: "EIBGOLD1" | u32 count 1...64 | u32 input bytes | u32 output bytes | zero to
// 64, then for each vector all input tensors and all output tensors, one after the other.

/// Inputs and bit-exact outputs by which a device proves itself before it serves.
public struct GoldenVectors: Sendable, Equatable {
    /// The largest number of vectors: the self-test must stay short on a slow device.
    public static let countMax = 64
    static let headerSizeBytes = 64
    static let magic = [UInt8]("EIBGOLD1".utf8)

    /// The bytes of all input tensors, and of all output tensors, of one inference.
    public let inputSizeBytes: Int, outputSizeBytes: Int
    /// The number of vectors.
    public let count: Int

    /// Reads the header of a golden section.
    ///
    /// - Throws: `BundleError.sectionMalformed` when sizes do not fit the section.
    public init(validating section: UnsafeRawBufferPointer) throws(BundleError) {
        // Safe: the prefix is cut to the section's own count and copied.
        let head = unsafe [UInt8](section.prefix(GoldenVectors.headerSizeBytes))
        guard head.count == GoldenVectors.headerSizeBytes,
            [UInt8](head[0..<8]) == GoldenVectors.magic,
            !head[20..<64].contains(where: { $0 != 0 })
        else { throw .sectionMalformed(.golden) }
        let reader = ByteReader(head)
        let sizes = (count: reader.u32(8), input: reader.u32(12), output: reader.u32(16))
        guard (1...UInt32(GoldenVectors.countMax)).contains(sizes.count),
            let input = Int(exactly: sizes.input), let output = Int(exactly: sizes.output),
            input >= 1, output >= 1
        else { throw .sectionMalformed(.golden) }
        let total = UInt64(sizes.count) * (UInt64(sizes.input) + UInt64(sizes.output))
        guard total == UInt64(section.count - GoldenVectors.headerSizeBytes) else {
            throw .sectionMalformed(.golden)
        }
        count = Int(sizes.count)
        inputSizeBytes = input
        outputSizeBytes = output
    }

    /// Where a vector's inputs lie in the section.
    public func inputRange(_ index: Int) -> Range<Int> {
        precondition((0..<count).contains(index))
        let start = GoldenVectors.headerSizeBytes + index * (inputSizeBytes + outputSizeBytes)
        return start..<start + inputSizeBytes
    }

    /// Where a vector's outputs lie in the section.
    public func outputRange(_ index: Int) -> Range<Int> {
        let start = inputRange(index).upperBound
        return start..<start + outputSizeBytes
    }

    /// The bytes of a golden section, on the host.
    ///
    /// - Parameter vectors: 1 to `countMax` pairs of equal sizes.
    /// - Returns: The section's bytes.
    public static func encode(_ vectors: [(inputs: [UInt8], outputs: [UInt8])]) -> [UInt8] {
        precondition((1...countMax).contains(vectors.count))
        var writer = ByteWriter()
        writer.append(magic)
        writer.u32(UInt32(vectors.count))
        writer.u32(UInt32(vectors[0].inputs.count))
        writer.u32(UInt32(vectors[0].outputs.count))
        writer.zeros(until: headerSizeBytes)
        for vector in vectors {
            writer.append(vector.inputs)
            writer.append(vector.outputs)
        }
        return writer.bytes
    }
}
