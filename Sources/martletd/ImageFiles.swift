// Where bundles are read from and images are written to.

import AgentProtocol
import BundleFormat
import CPlatform

/// A bundle in an open file, which its owner keeps open.
struct FileBundleSource: BundleSource {
    let descriptor: Int32
    let sizeBytes: UInt64

    mutating func read(
        at offset: UInt64,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(BundleError) {
        guard let base = buffer.baseAddress else { return }
        // Safe: the pointer and the count are the buffer's.
        let count = unsafe platform_read_at(descriptor, base, buffer.count, Int64(offset))
        guard count == Int64(buffer.count) else {
            throw .readFailed(code: count < 0 ? Int32(-count) : 0, offsetBytes: offset)
        }
    }
}

/// An image that is written to an open file, which its owner keeps open.
struct FileSink: ImageSink {
    let descriptor: Int32
    private var offset: Int64 = 0

    init(descriptor: Int32) { self.descriptor = descriptor }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(BundleError) {
        guard let base = bytes.baseAddress else { return }
        // Safe: the pointer and the count are the buffer's.
        let result = unsafe platform_write_at(descriptor, base, bytes.count, offset)
        guard result >= 0 else {
            throw .writeFailed(code: Int32(-result), offsetBytes: UInt64(offset))
        }
        offset += Int64(bytes.count)
    }
}

/// An image that is kept in page-aligned memory, which doubles as it fills.
final class ImageMemory {
    // A class, because a sink is copied and the memory must have one owner.
    private var mapping: Mapping?
    private(set) var count = 0

    func append(_ bytes: UnsafeRawBufferPointer) throws(AgentError) {
        let capacity = mapping?.sizeBytes ?? 0
        if count + bytes.count > capacity {
            let larger = try Mapping(
                anonymous: max(1 << 20, 2 * capacity, count + bytes.count),
                populated: false
            )
            // Safe: the new mapping is larger than the old one.
            if capacity > 0, let old = unsafe mapping?.bytes {
                unsafe larger.writableBytes.copyMemory(from: old)
            }
            mapping = consume larger
        }
        // Safe: the mapping has room for both counts, seen to above.
        if let room = unsafe mapping?.writableBytes {
            unsafe UnsafeMutableRawBufferPointer(rebasing: room[count...]).copyMemory(from: bytes)
        }
        count += bytes.count
    }

    func take() -> Mapping? { mapping.take() }
}

/// An image in memory, for verbs that have no state directory.
struct MemorySink: ImageSink {
    private let memory = ImageMemory()

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(BundleError) {
        do throws(AgentError) {
            try unsafe memory.append(bytes)
        } catch {
            throw .writeFailed(
                code: platform_error_no_memory,
                offsetBytes: UInt64(memory.count)
            )
        }
    }

    /// The memory, given away once.
    func take(_ path: Path) throws(AgentError) -> Mapping {
        guard let mapping = memory.take() else { throw .imageChanged(path) }
        return mapping
    }
}
