import AgentProtocol
import CPlatform

/// Mapped memory, given back at the end of its life.
@safe
struct Mapping: ~Copyable {
    private let mapping: platform_mapping

    /// Zeroed memory.
    init(anonymous sizeBytes: Int, populated: Bool) throws(AgentError) {
        unsafe mapping = platform_map_anonymous(sizeBytes, populated ? 1 : 0)
        guard unsafe mapping.base != nil else {
            throw .outOfMemory(sizeBytes: UInt64(sizeBytes))
        }
    }

    /// A part of a file, to be read, from an offset that is a multiple of the page size.
    init(
        _ file: borrowing OwnedFile,
        offset: UInt64,
        sizeBytes: Int
    ) throws(AgentError) {
        unsafe mapping = platform_map_file(file.descriptor, Int64(offset), sizeBytes)
        guard unsafe mapping.base != nil else {
            throw .system(.map, code: -(unsafe mapping.error), path: file.path)
        }
    }

    deinit { unsafe platform_unmap(mapping) }

    var sizeBytes: Int { unsafe mapping.size }

    /// The memory, valid as long as this value lives.
    var bytes: UnsafeRawBufferPointer {
        // Safe: base and size come from the system together, and base was checked at init.
        unsafe UnsafeRawBufferPointer(start: mapping.base, count: mapping.size)
    }

    /// The memory to be written; only of an anonymous mapping.
    var writableBytes: UnsafeMutableRawBufferPointer {
        // Safe: base and size come from the system together, and base was checked at init.
        unsafe UnsafeMutableRawBufferPointer(start: mapping.base, count: mapping.size)
    }
}
