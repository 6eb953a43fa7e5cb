import AgentProtocol
import BundleFormat
import CPlatform
import Telemetry

/// The spool's storage in the state directory.
final class SpoolFile: SpoolStorage {
    // A class, because the spool copies its storage and the file must have one owner.
    private let file: OwnedFile
    private let isReadOnly: Bool
    let sizeBytes: UInt64

    /// The head and two segments.
    private static let sizeMin = UInt64(3 * SpoolFormat.segmentSizeBytes)

    /// Opens the spool, which keeps its size; makes one of `newSizeBytes` if there is none.
    init(_ directory: borrowing StateDirectory, newSizeBytes: UInt64) throws(AgentError) {
        let segment = UInt64(SpoolFormat.segmentSizeBytes)
        file = try PreallocatedFile.open(
            directory.spool,
            sizeBytes: newSizeBytes / segment * segment,
            in: directory.path
        )
        var size = UInt64(try file.status().size_bytes)
        if size < SpoolFile.sizeMin {
            Log.note("the spool was cut short and gets its size again")
            try file.reserve(newSizeBytes / segment * segment)
            try file.synchronize()
            size = UInt64(try file.status().size_bytes)
        }
        sizeBytes = size
        isReadOnly = false
    }

    /// Opens a spool to look at it: what recovery would write is dropped.
    init(examining directory: borrowing StateDirectory) throws(AgentError) {
        file = try OwnedFile(directory.spool, how: platform_open_read)
        sizeBytes = UInt64(try file.status().size_bytes)
        isReadOnly = true
    }

    func read(at offset: UInt64, count: Int) throws(SpoolError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        // Safe: the array has the count that is passed.
        let result = unsafe platform_read_at(file.descriptor, &bytes, count, Int64(offset))
        guard result == Int64(count) else {
            throw .storageFailed(code: SpoolFile.code(result), offsetBytes: offset)
        }
        return bytes
    }

    func write(_ bytes: [UInt8], at offset: UInt64) throws(SpoolError) {
        guard !isReadOnly else { return }
        // Safe: the pointer and the count are the array's.
        let result = unsafe platform_write_at(
            file.descriptor,
            bytes,
            bytes.count,
            Int64(offset)
        )
        guard result >= 0 else {
            throw .storageFailed(code: SpoolFile.code(result), offsetBytes: offset)
        }
    }

    func synchronize() throws(SpoolError) {
        guard !isReadOnly else { return }
        let result = platform_sync_data(file.descriptor)
        guard result >= 0 else { throw .storageFailed(code: -result, offsetBytes: 0) }
    }

    /// The error of a call; a short read is the medium's failure.
    private static func code(_ result: Int64) -> Int32 {
        result < 0 ? Int32(-result) : platform_error_input_output
    }
}

/// Chains frames by BLAKE2b.
enum ChainHasher: FrameHasher {
    static func hash(_ frame: [UInt8]) -> [UInt8] {
        [UInt8](Sodium.blake2b(frame).prefix(16))
    }
}

typealias ReportSpool = Spool<SpoolFile, ChainHasher>

extension ReportSpool {
    /// Opens a spool in a file.
    static func open(_ file: SpoolFile, path: Path) throws(AgentError) -> ReportSpool {
        do throws(SpoolError) {
            return try ReportSpool(opening: file, hasher: ChainHasher.self)
        } catch {
            throw .spool(error, path)
        }
    }
}
