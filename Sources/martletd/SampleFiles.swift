// Samples in .npy files: the model's stored type, or uint8 where the source model had uint8.

import AgentProtocol
import CPlatform
import InferenceRuntime

/// The samples of all inputs, side by side.
struct SampleInputs {
    /// The samples of one input.
    private final class Source {
        // A class, because it owns a mapping and arrays hold copies.
        let mapping: Mapping
        let start: Int
        let sampleSizeBytes: Int
        let flipsSign: Bool

        init(_ mapping: consuming Mapping, start: Int, sampleSizeBytes: Int, flipsSign: Bool) {
            self.mapping = mapping
            self.start = start
            self.sampleSizeBytes = sampleSizeBytes
            self.flipsSign = flipsSign
        }
    }

    private var sources: [Source] = []
    /// The number of samples in every file.
    private(set) var count = 0

    /// Opens the samples of the next input: an array of the input's shape, or of many of them
    /// along one more leading dimension or in place of a leading 1.
    mutating func add(_ path: Path, as port: PortInfo) throws(AgentError) {
        let file = try OwnedFile(path, how: platform_open_read)
        let size = UInt64(try file.status().size_bytes)
        guard let mappedSize = Int(exactly: size), mappedSize > 0 else {
            throw .numpy(.notNumpy, path)
        }
        let mapping = try Mapping(file, offset: 0, sizeBytes: mappedSize)
        let array: NumpyFile
        do throws(NumpyError) {
            // Safe: the mapping lives until it moves into the source below.
            array = try unsafe NumpyFile(validating: mapping.bytes)
        } catch {
            throw .numpy(error, path)
        }
        let flips = port.externalType == .uint8 && port.type == .int8 && array.type == .uint8
        let samples = SampleShape(port).count(in: array.shape)
        guard let samples, flips || SampleShape.numpyType(of: port.type) == array.type,
            sources.isEmpty || samples == count
        else {
            let perSample = array.dataRange.count / max(1, array.shape.first ?? 1)
            throw .inputMismatch(path, elementBytes: perSample, neededBytes: port.sizeBytes)
        }
        count = samples
        sources.append(
            Source(
                mapping,
                start: array.dataRange.lowerBound,
                sampleSizeBytes: port.sizeBytes,
                flipsSign: flips
            )
        )
    }

    /// Copies a sample of every input, one after the other.
    func copy(_ index: Int, into bytes: inout [UInt8]) {
        var offset = 0
        for source in sources {
            let start = source.start + index * source.sampleSizeBytes
            for byte in 0..<source.sampleSizeBytes {
                // Safe: the array's size was proved to hold `count` samples.
                let value = unsafe source.mapping.bytes[start + byte]
                bytes[offset + byte] = source.flipsSign ? value ^ 0x80 : value
            }
            offset += source.sampleSizeBytes
        }
    }
}

/// The shape of one sample of a port.
struct SampleShape {
    private var extents: [Int] = []

    init(_ port: PortInfo) {
        for index in 0..<port.rank { extents.append(port.dimension(index)) }
    }

    /// How many samples an array of `shape` holds; `nil` when it does not hold samples.
    func count(in shape: [Int]) -> Int? {
        if shape == extents { return 1 }
        guard let first = shape.first, first >= 1 else { return nil }
        let rest = [Int](shape.dropFirst())
        return rest == extents || rest == unbatched ? first : nil
    }

    /// The shape of an array of `count` samples.
    func shape(count: Int) -> [Int] { [count] + unbatched }

    /// The extents without a leading 1, where models have their batch.
    private var unbatched: [Int] {
        extents.first == 1 ? [Int](extents.dropFirst()) : extents
    }

    static func numpyType(of type: ElementType) -> NumpyType? {
        switch type {
        case .int8: .int8
        case .uint8: .uint8
        case .int16: .int16
        case .int32: .int32
        case .int64: .int64
        default: nil
        }
    }
}

/// A .npy file that is filled sample by sample and gets its name when it is whole.
final class SampleOutput {
    // A class, because it owns a file and arrays hold copies.
    let sampleSizeBytes: Int
    private let path: Path
    private let file: OwnedFile
    private let flipsSign: Bool
    private var offset: Int64
    private var isFinished = false

    init(_ path: Path, port: PortInfo, count: Int) throws(AgentError) {
        self.path = path
        sampleSizeBytes = port.sizeBytes
        flipsSign = port.externalType == .uint8 && port.type == .int8
        let how = platform_open_write | platform_open_create | platform_open_truncate
        let file = try OwnedFile(path.appending(".partial"), how: how, permissions: 0o644)
        let type = flipsSign ? NumpyType.uint8 : SampleShape.numpyType(of: port.type) ?? .uint8
        let header: [UInt8]
        do throws(NumpyError) {
            header = try NumpyFile.header(type: type, shape: SampleShape(port).shape(count: count))
        } catch {
            throw .numpy(error, path)
        }
        offset = Int64(header.count)
        self.file = file
        try self.file.write(header, at: 0)
    }

    /// Nothing is left of an array that was not finished.
    deinit {
        if !isFinished { try? Names.remove(file.path) }
    }

    func append(_ sample: ArraySlice<UInt8>) throws(AgentError) {
        let bytes = flipsSign ? sample.map { $0 ^ 0x80 } : [UInt8](sample)
        try file.write(bytes, at: offset)
        offset += Int64(bytes.count)
    }

    func finish() throws(AgentError) {
        try file.synchronize()
        // Safe: paths end with NUL.
        let result = unsafe platform_rename(
            platform_working_directory,
            file.path.bytes,
            path.bytes
        )
        guard result >= 0 else { throw .system(.rename, code: -result, path: path) }
        isFinished = true
    }
}
