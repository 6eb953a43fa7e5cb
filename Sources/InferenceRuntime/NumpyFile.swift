// The .npy format, versions 1.0 and 2.0, C order, the element types that tensors here have.
//
//   offset 0   magic 93 'N' 'U' 'M' 'P' 'Y'
//          6   version: major 1 or 2, minor 0
//          8   size of the dictionary: u16 (version 1) or u32 (version 2), little-endian
//   10 or 12   {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } spaces, newline
//              elements, little-endian, row-major, to the end of the file
//
// Invariants: 1. each of the three keys occurs once, in any order, and no other key occurs.
// 2. The product of the shape and the element size fits `Int` (32 bits on some devices).
// 3. The elements end where the file ends.

/// The element type of an array in a .npy file.
public enum NumpyType: UInt8, Sendable {
    case bool, int8, uint8, int16, int32, int64, float32, float64

    /// The size of one element in bytes.
    public var sizeBytes: Int {
        switch self {
        case .bool, .int8, .uint8: 1
        case .int16: 2
        case .int32, .float32: 4
        case .int64, .float64: 8
        }
    }
}

/// Limits of a .npy header.
///
/// They bound the work and memory that a hostile file can cause.
public enum NumpyLimits {
    /// Bytes before the first element.
    ///
    /// Plain types and eight dimensions need 256 at most; longer
    /// headers belong to structured types, which are refused anyway.
    public static let headerSizeBytesMax = 4_096
    /// Dimensions: two more than a graph's tensors may have, for batch and sample axes.
    public static let rankMax = 8
    /// Bytes before the dictionary in version 2, the longer of the two preambles.
    static let preambleSizeBytesMax = 12
}

/// A checked description of a .npy file: what its elements are and where they lie.
public struct NumpyFile: Sendable {
    /// The element type.
    public let type: NumpyType
    /// The extent of each dimension, row-major, at most `NumpyLimits.rankMax` of them; empty for
    /// a single element.
    ///
    /// An extent may be 0.
    public let shape: [Int]
    /// The elements' place in the file, in bytes from its start.
    public let dataRange: Range<Int>

    /// The number of elements.
    public var elementCount: Int { dataRange.count / type.sizeBytes }

    /// Checks a whole file.
    ///
    /// - Parameter bytes: the file; it is read here and not kept.
    /// - Throws: `NumpyError` with the offset of the first byte that breaks a rule.
    public init(validating bytes: UnsafeRawBufferPointer) throws(NumpyError) {
        try unsafe self.init(header: bytes, fileSizeBytes: UInt64(bytes.count))
    }

    /// Checks a whole file.
    ///
    /// - Parameter bytes: the file.
    /// - Throws: `NumpyError` with the offset of the first byte that breaks a rule.
    public init(validating bytes: [UInt8]) throws(NumpyError) {
        let prefix = [UInt8](bytes.prefix(NumpyLimits.headerSizeBytesMax))
        try self.init(prefix: prefix, fileSizeBytes: UInt64(bytes.count))
    }

    /// Checks a file of which only the beginning is in memory.
    ///
    /// - Parameters:
    ///   - header: the first bytes of the file: all of them, or at least the first
    ///     `NumpyLimits.headerSizeBytesMax`.
    ///   - fileSizeBytes: the size of the whole file.
    /// - Throws: `NumpyError` with the offset of the first byte that breaks a rule.
    public init(
        header: UnsafeRawBufferPointer,
        fileSizeBytes: UInt64
    ) throws(NumpyError) {
        // Safe: the prefix is cut to the buffer's own count and copied.
        let prefix = unsafe [UInt8](header.prefix(NumpyLimits.headerSizeBytesMax))
        try self.init(prefix: prefix, fileSizeBytes: fileSizeBytes)
    }

    private init(prefix: [UInt8], fileSizeBytes: UInt64) throws(NumpyError) {
        var parser = try NumpyHeaderParser(prefix)
        let fields = try parser.parse()
        let (needed, overflow) = try NumpyFile.sizeBytes(of: fields.shape, type: fields.type)
            .addingReportingOverflow(parser.dataOffset)
        guard !overflow else { throw .arrayTooLarge }
        guard UInt64(needed) == fileSizeBytes else {
            throw .sizeMismatch(expectedBytes: UInt64(needed), actualBytes: fileSizeBytes)
        }
        type = fields.type
        shape = fields.shape
        dataRange = parser.dataOffset..<needed
    }

    /// The bytes that elements of a shape and type need.
    ///
    /// - Throws: `NumpyError.arrayTooLarge` when the number does not fit `Int`,
    ///   `.rankTooLarge`, or `.negativeExtent`.
    public static func sizeBytes(of shape: [Int], type: NumpyType) throws(NumpyError) -> Int {
        guard shape.count <= NumpyLimits.rankMax else { throw .rankTooLarge(rank: shape.count) }
        var size = type.sizeBytes
        var hasZero = false
        for extent in shape {
            guard extent >= 0 else { throw .negativeExtent }
            if extent == 0 {
                hasZero = true
                continue
            }
            let (product, overflow) = size.multipliedReportingOverflow(by: extent)
            guard !overflow else { throw .arrayTooLarge }
            size = product
        }
        return hasZero ? 0 : size
    }
}
