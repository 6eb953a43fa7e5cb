import Foundation
import InferenceRuntime
import Terminal

/// An array of samples whose elements are converted when they are asked for.
///
/// A plain `.npy` file is mapped, so that memory does not grow with its size; an array of an
/// archive is held. The file must not shrink while it is in use.
struct SampleArray {
    let path: String
    let type: NumpyType
    let shape: [Int]
    private let data: Data
    private let start: Int

    /// Opens `PATH.npy`, the only array of `PATH.npz`, or the array `NAME` of `PATH.npz:NAME`.
    ///
    /// - Throws: `Failure` when it is no array that can be read.
    init(path: String) throws {
        self.path = path
        if let mapped = try SampleArray.map(path) {
            let head = [UInt8](mapped.prefix(NumpyLimits.headerSizeBytesMax))
            do {
                let file = try head.withUnsafeBytes {
                    try NumpyFile(header: $0, fileSizeBytes: UInt64(mapped.count))
                }
                (type, shape, data) = (file.type, file.shape, mapped)
                start = file.dataRange.lowerBound
            } catch {
                throw NumpyArray.failure(error, path: path)
            }
            return
        }
        let array = try NumpyArray(path: path)
        (type, shape, data, start) = (array.type, array.shape, Data(array.bytes), 0)
    }

    /// A regular file that is no archive, mapped; `nil` for all others.
    private static func map(_ path: String) throws -> Data? {
        let url = URL(filePath: path)
        let values = try? url.resourceValues(forKeys: [.isRegularFileKey, .fileSizeKey])
        guard values?.isRegularFile == true, let size = values?.fileSize, size > 0 else {
            return nil
        }
        guard size <= NumpyArray.fileSizeMax else {
            throw Failure(
                .io,
                "the file has more than the \(NumpyArray.fileSizeMax) bytes that are read",
                place: path
            )
        }
        guard let data = try? Data(contentsOf: url, options: .alwaysMapped) else {
            throw Failure(.io, "cannot read the file", place: path)
        }
        return data.starts(with: [0x50, 0x4B]) ? nil : data
    }

    /// The number of elements.
    var elementCount: Int { (data.count - start) / type.sizeBytes }

    /// Whether the elements are floating point.
    var isReal: Bool { type == .float32 || type == .float64 }

    /// The stored bytes of some elements.
    func bytes(_ elements: Range<Int>) -> [UInt8] {
        let size = type.sizeBytes
        let first = data.startIndex + start
        return [UInt8](
            data[(first + elements.lowerBound * size)..<(first + elements.upperBound * size)]
        )
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
