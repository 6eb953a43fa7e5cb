import Foundation
import InferenceRuntime
import Packager
import Terminal

/// An array read from a `.npy` file or from one member of a `.npz` file.
struct NumpyArray {
    let type: NumpyType
    let shape: [Int]
    /// The elements, row-major and little-endian.
    let bytes: ArraySlice<UInt8>

    /// The largest array file: ten thousand 224 × 224 colour images as bytes.
    static let fileSizeMax = 2_000_000_000

    /// Reads `PATH.npy`, the only array of `PATH.npz`, or the array `NAME` of `PATH.npz:NAME`.
    init(path: String) throws {
        let (file, member) = NumpyArray.split(path)
        let bytes = try InputFile.read(file, limitBytes: NumpyArray.fileSizeMax)
        let isArchive = bytes.starts(with: [0x50, 0x4B])
        try self.init(
            bytes: isArchive ? NumpyArray.extract(member, from: bytes, path: path) : bytes,
            path: path
        )
    }

    private init(bytes: [UInt8], path: String) throws {
        do {
            let file = try NumpyFile(validating: bytes)
            type = file.type
            shape = file.shape
            self.bytes = bytes[file.dataRange]
        } catch {
            throw NumpyArray.failure(error, path: path)
        }
    }

    /// What to say of a file that is no array.
    static func failure(_ error: any Error, path: String) -> Failure {
        Failure(
            .io,
            "this is not an array that can be read: \(error)",
            place: path,
            help: "save it with numpy.save as a plain C-order array"
        )
    }

    static func split(_ path: String) -> (file: String, member: String?) {
        guard let range = path.range(of: ".npz:") else { return (path, nil) }
        return (String(path[..<range.upperBound].dropLast()), String(path[range.upperBound...]))
    }

    /// One array of a `.npz` file: the named one, or the only one.
    private static func extract(
        _ member: String?,
        from bytes: [UInt8],
        path: String
    ) throws -> [UInt8] {
        let entries = try ArchiveReader.entries(of: bytes, limitBytes: fileSizeMax)
        let names = entries.map {
            $0.name.hasSuffix(".npy") ? String($0.name.dropLast(4)) : $0.name
        }
        if let member, let index = names.firstIndex(of: member) { return entries[index].bytes }
        guard member == nil, entries.count == 1 else {
            throw Failure(
                .usage,
                "the archive holds \(entries.count) arrays: \(names.joined(separator: ", "))",
                place: path,
                help: "name one of them as FILE.npz:NAME"
            )
        }
        return entries[0].bytes
    }

    /// The elements as integers.
    ///
    /// - Throws: `Failure` when the elements are not integers.
    func integers(place: String) throws -> [Int] {
        switch type {
        case .bool, .uint8: bytes.map(Int.init)
        case .int8: bytes.map { Int(Int8(bitPattern: $0)) }
        case .int16: elements(Int16.self).map(Int.init)
        case .int32: elements(Int32.self).map(Int.init)
        case .int64: elements(Int64.self).map(Int.init)
        case .float32, .float64:
            throw Failure(.usage, "labels must be integers, not floating point", place: place)
        }
    }

    /// The elements as real numbers; `nil` when they are integers.
    var reals: [Float]? {
        switch type {
        case .float32: elements(UInt32.self).map(Float.init(bitPattern:))
        case .float64: elements(UInt64.self).map { Float(Double(bitPattern: $0)) }
        default: nil
        }
    }

    private func elements<T: FixedWidthInteger>(_: T.Type) -> [T] {
        bytes.withUnsafeBytes { raw in
            (0..<raw.count / MemoryLayout<T>.size).map { index in
                let offset = index * MemoryLayout<T>.size
                return T(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: T.self))
            }
        }
    }
}
