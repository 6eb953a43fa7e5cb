/// Why bytes are not a .npy file that can be read here.
///
/// Offsets are from the start of the file.
public enum NumpyError: Error, Sendable, Equatable {
    /// The file ends inside the header.
    case truncatedHeader(sizeBytes: Int, neededBytes: Int)
    /// The file does not begin with the magic bytes.
    case notNumpy
    /// The version is neither 1.0 nor 2.0.
    case unsupportedVersion(major: UInt8, minor: UInt8)
    /// The header is longer than `NumpyLimits.headerSizeBytesMax`.
    case headerTooLong(sizeBytes: UInt64, limitBytes: Int)
    /// The dictionary is not the literal that the format prescribes.
    case malformedHeader(offset: Int)
    /// A key is unknown or occurs twice.
    case unexpectedKey(offset: Int)
    /// One of the three keys is missing.
    case missingKey
    /// The element type is structured, big-endian, complex, text or otherwise not read here.
    case unsupportedType(offset: Int)
    /// The array is stored column by column.
    case fortranOrder(offset: Int)
    /// The array has more than `NumpyLimits.rankMax` dimensions.
    case rankTooLarge(rank: Int)
    /// An extent, or the product of the extents, does not fit this machine's integers.
    case arrayTooLarge
    /// An extent given to the writer is below 0.
    case negativeExtent
    /// The file is longer or shorter than its header says.
    case sizeMismatch(expectedBytes: UInt64, actualBytes: UInt64)
}

extension NumpyError: CustomStringConvertible {
    /// What is wrong, and where.
    public var description: String {
        switch self {
        case .truncatedHeader(let size, let needed):
            "the .npy header needs \(needed) bytes, the file has \(size)"
        case .notNumpy: "not a .npy file: the magic bytes are missing"
        case .unsupportedVersion(let major, let minor):
            ".npy version \(major).\(minor) is not supported, only 1.0 and 2.0"
        case .headerTooLong(let size, let limit):
            "the .npy header has \(size) bytes, more than the limit of \(limit)"
        case .malformedHeader(let offset): "the .npy header is malformed at byte \(offset)"
        case .unexpectedKey(let offset):
            "the .npy header has an unknown or repeated key at byte \(offset)"
        case .missingKey: "the .npy header lacks descr, fortran_order or shape"
        case .unsupportedType(let offset):
            "the .npy element type at byte \(offset) is not one of "
                + "|b1 |i1 |u1 <i2 <i4 <i8 <f4 <f8"
        case .fortranOrder: "the .npy array is in Fortran order; save numpy.ascontiguousarray of it"
        case .rankTooLarge(let rank):
            "the .npy array has \(rank) dimensions, more than the limit of "
                + "\(NumpyLimits.rankMax)"
        case .arrayTooLarge: "the .npy array is larger than this machine can address"
        case .negativeExtent: "a dimension of the .npy array is negative"
        case .sizeMismatch(let expected, let actual):
            "the .npy header describes a file of \(expected) bytes, the file has \(actual)"
        }
    }
}
