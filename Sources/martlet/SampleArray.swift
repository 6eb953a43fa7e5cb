import Foundation
import InferenceRuntime
import Terminal

/// An array of samples whose elements are read and converted when they are asked for.
///
/// A plain `.npy` file is read in pieces, so that memory does not grow with its size; an array of
/// an archive is held.
struct SampleArray {
    let path: String
    let type: NumpyType
    let shape: [Int]
    /// The number of elements.
    let elementCount: Int
    private let source: Source

    /// Where the elements are.
    private enum Source {
        case file(SampleFile, start: Int)
        case memory(ArraySlice<UInt8>)
    }

    /// Opens `PATH.npy`, the only array of `PATH.npz`, or the array `NAME` of `PATH.npz:NAME`.
    ///
    /// - Throws: `Failure` when it is no array that can be read.
    init(path: String) throws {
        self.path = path
        if let file = try SampleArray.open(path) {
            let head = file.bytes(0..<min(file.sizeBytes, NumpyLimits.headerSizeBytesMax))
            do {
                let array = try head.withUnsafeBytes {
                    try NumpyFile(header: $0, fileSizeBytes: UInt64(file.sizeBytes))
                }
                (type, shape, elementCount) = (array.type, array.shape, array.elementCount)
                source = .file(file, start: array.dataRange.lowerBound)
            } catch {
                throw NumpyArray.failure(error, path: path)
            }
            return
        }
        let array = try NumpyArray(path: path)
        (type, shape) = (array.type, array.shape)
        elementCount = array.bytes.count / array.type.sizeBytes
        source = .memory(array.bytes)
    }

    /// A regular file that is no archive; `nil` for all others.
    private static func open(_ path: String) throws -> SampleFile? {
        guard NumpyArray.split(path).member == nil,
            let file = try SampleFile(path: path, limitBytes: NumpyArray.fileSizeMax),
            file.sizeBytes < 2 || file.bytes(0..<2) != [0x50, 0x4B]
        else { return nil }
        return file
    }

    /// Reports a read that failed since the array was opened.
    ///
    /// - Throws: `Failure` when the file changed under it.
    func check() throws {
        if case .file(let file, _) = source { try file.check() }
    }

    /// Whether the elements are floating point.
    var isReal: Bool { type == .float32 || type == .float64 }

    /// The stored bytes of some elements.
    func bytes(_ elements: Range<Int>) -> [UInt8] {
        let size = type.sizeBytes
        let (lower, upper) = (elements.lowerBound * size, elements.upperBound * size)
        switch source {
        case .file(let file, let start): return file.bytes(start + lower..<start + upper)
        case .memory(let bytes):
            return [UInt8](bytes[bytes.startIndex + lower..<bytes.startIndex + upper])
        }
    }

    /// Some elements as real numbers; integers beyond 2²⁴ are rounded.
    func reals(_ elements: Range<Int>) -> [Float] {
        let bytes = bytes(elements)
        switch type {
        case .bool, .uint8: return bytes.map { Float($0) }
        case .int8: return bytes.map { Float(Int8(bitPattern: $0)) }
        case .int16: return SampleArray.words(bytes, Int16.self).map { Float($0) }
        case .int32: return SampleArray.words(bytes, Int32.self).map { Float($0) }
        case .int64: return SampleArray.words(bytes, Int64.self).map { Float($0) }
        case .float32: return SampleArray.words(bytes, UInt32.self).map(Float.init(bitPattern:))
        case .float64:
            return SampleArray.words(bytes, UInt64.self).map { Float(Double(bitPattern: $0)) }
        }
    }

    private static func words<T: FixedWidthInteger>(_ bytes: [UInt8], _: T.Type) -> [T] {
        bytes.withUnsafeBytes { raw in
            (0..<raw.count / MemoryLayout<T>.size).map { index in
                let offset = index * MemoryLayout<T>.size
                return T(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: T.self))
            }
        }
    }
}
