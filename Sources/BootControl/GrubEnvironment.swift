// GRUB's environment block, a file of 1,024 bytes that `save_env` overwrites in place:
//
//   # GRUB Environment Block LF
//   NAME=VALUE LF ...            in a value \ stands before \ and LF; a line of # is a comment
//   ##########...                to the last byte, without an end of line
//
// Invariants:
// 1. The block keeps its size, so it is written where it lies: no block of the file system moves.
// 2. While the lines fit into the first 512 bytes, as ours do, a change is one sector of the disk:
//    a write that is cut short leaves the state before or the state after.
// 3. Lines that are not ours are written again as they were read, escapes and comments included.

/// GRUB's environment block.
public struct GrubEnvironment: Sendable, Hashable {
    /// The size of a block in bytes.
    public static let sizeBytes = 1_024
    private static let head = bytes(of: "# GRUB Environment Block\n")

    /// The lines between the head and the padding, without their ends, as they are escaped.
    public var variables: BootVariables

    /// Makes a block of variables.
    public init(_ variables: BootVariables) { self.variables = variables }

    /// Reads a block.
    ///
    /// - Throws: `sizeUnsupported`, `grubHeaderMissing`, `lineUnterminated`.
    public init(decoding block: [UInt8]) throws(BootControlError) {
        guard block.count == GrubEnvironment.sizeBytes else {
            throw .sizeUnsupported(sizeBytes: block.count)
        }
        guard block.starts(with: GrubEnvironment.head) else { throw .grubHeaderMissing }
        var entries: [[UInt8]] = []
        var start = GrubEnvironment.head.count
        while start < block.count {
            guard let end = GrubEnvironment.lineEnd(in: block, from: start) else {
                guard block[start...].allSatisfy({ $0 == 0x23 }) else {
                    throw .lineUnterminated(offset: start)
                }
                break
            }
            entries.append([UInt8](block[start..<end]))
            start = end + 1
        }
        variables = BootVariables(entries: entries)
    }

    /// The 1,024 bytes.
    ///
    /// - Throws: `full`, `variableUnstorable`.
    public func encoded() throws(BootControlError) -> [UInt8] {
        var block = GrubEnvironment.head
        for (index, entry) in variables.entries.enumerated() {
            guard GrubEnvironment.lineEnd(in: entry + [0x0A], from: 0) == entry.count else {
                throw .variableUnstorable(index: index)
            }
            block += entry
            block.append(0x0A)
        }
        let room = GrubEnvironment.sizeBytes
        guard block.count <= room else { throw .full(neededBytes: block.count, limitBytes: room) }
        return block + [UInt8](repeating: 0x23, count: room - block.count)
    }

    /// Where the line that begins at `start` has its LF: the first that no backslash stands before.
    private static func lineEnd(in block: [UInt8], from start: Int) -> Int? {
        var offset = start
        while offset < block.count {
            if block[offset] == 0x0A { return offset }
            offset += block[offset] == 0x5C ? 2 : 1
        }
        return nil
    }
}
