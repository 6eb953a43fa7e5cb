import AgentProtocol
import CPlatform

/// An open file, closed at the end of its life.
struct OwnedFile: ~Copyable {
    let descriptor: Int32
    let path: Path

    /// Opens a file; `how` is an or of `platform_open_...`.
    @inline(never)
    init(_ path: Path, how: Int32, permissions: UInt32 = 0o600) throws(AgentError) {
        // Safe: a path ends with NUL.
        let result = unsafe platform_open(
            platform_working_directory,
            path.bytes,
            how,
            permissions
        )
        guard result >= 0 else { throw .system(.open, code: -result, path: path) }
        descriptor = result
        self.path = path
    }

    deinit { _ = platform_close(descriptor) }

    @inline(never)
    func status() throws(AgentError) -> platform_status {
        var status = platform_status()
        // Safe: the structure is a local variable.
        let result = unsafe platform_status_of(descriptor, &status)
        guard result >= 0 else { throw .system(.read, code: -result, path: path) }
        return status
    }

    /// The file's whole content.
    ///
    /// - Throws: `AgentError.fileTooLarge` when it has more than `sizeMax` bytes.
    @inline(never)
    func contents(sizeMax: Int) throws(AgentError) -> [UInt8] {
        let bytes = try beginning(count: sizeMax + 1)
        guard bytes.count <= sizeMax else {
            throw .fileTooLarge(path, limitBytes: sizeMax)
        }
        return bytes
    }

    /// The file's first bytes, at most `count`.
    @inline(never)
    func beginning(count: Int) throws(AgentError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        // Safe: the array has the count that is passed.
        let result = unsafe platform_read_at(descriptor, &bytes, bytes.count, 0)
        guard result >= 0 else { throw .system(.read, code: Int32(-result), path: path) }
        return [UInt8](bytes.prefix(Int(result)))
    }

    /// Writes all bytes at an offset.
    @inline(never)
    func write(_ bytes: [UInt8], at offset: Int64) throws(AgentError) {
        // Safe: the pointer and the count are the array's.
        let result = unsafe platform_write_at(descriptor, bytes, bytes.count, offset)
        guard result >= 0 else { throw .system(.write, code: Int32(-result), path: path) }
    }

    /// Makes content and size durable.
    @inline(never)
    func synchronize() throws(AgentError) {
        let result = platform_sync(descriptor)
        guard result >= 0 else { throw .system(.synchronize, code: -result, path: path) }
    }

    /// Reserves blocks, so that later writes inside cannot lack space.
    func reserve(_ sizeBytes: UInt64) throws(AgentError) {
        let result = platform_reserve(descriptor, Int64(sizeBytes))
        guard result >= 0 else { throw .system(.reserve, code: -result, path: path) }
    }
}

/// What happens to names; each throws `AgentError.system`.
enum Names {
    /// Makes a directory and its name durable; one that is there is as good.
    static func makeDirectory(_ path: Path, in parent: Path) throws(AgentError) {
        // Safe: a path ends with NUL.
        var result = unsafe platform_make_directory(platform_working_directory, path.bytes, 0o700)
        if result == -platform_error_exists { return }
        guard result >= 0 else { throw .system(.makeDirectory, code: -result, path: path) }
        // Safe: a path ends with NUL.
        result = unsafe platform_sync_directory(platform_working_directory, parent.bytes)
        guard result >= 0 else { throw .system(.synchronize, code: -result, path: parent) }
    }

    /// Removes a file; one that is not there is as good.
    static func remove(_ path: Path) throws(AgentError) {
        // Safe: a path ends with NUL.
        let result = unsafe platform_remove(platform_working_directory, path.bytes)
        guard result >= 0 || result == -platform_error_no_entry else {
            throw .system(.remove, code: -result, path: path)
        }
    }

    /// Gives a file its final name and makes the directory durable.
    static func publish(
        _ temporary: Path,
        as path: Path,
        in directory: Path
    ) throws(AgentError) {
        // Safe: paths end with NUL.
        var result = unsafe platform_rename(
            platform_working_directory,
            temporary.bytes,
            path.bytes
        )
        guard result >= 0 else { throw .system(.rename, code: -result, path: path) }
        // Safe: paths end with NUL.
        result = unsafe platform_sync_directory(platform_working_directory, directory.bytes)
        guard result >= 0 else { throw .system(.synchronize, code: -result, path: directory) }
    }

    static func exists(_ path: Path) -> Bool {
        var status = platform_status()
        // Safe: a path ends with NUL, and the structure is a local variable.
        return unsafe platform_status_at(platform_working_directory, path.bytes, &status) >= 0
    }

    /// The names in a directory, in no order.
    static func inDirectory(_ directory: Path) throws(AgentError) -> [[UInt8]] {
        var cursor = unsafe platform_directory()
        // Safe: a path ends with NUL; the cursor is a local variable.
        var result = unsafe platform_directory_open(
            platform_working_directory,
            directory.bytes,
            &cursor
        )
        guard result >= 0 else { throw .system(.open, code: -result, path: directory) }
        defer { unsafe platform_directory_close(&cursor) }
        var names: [[UInt8]] = []
        var name = [UInt8](repeating: 0, count: 256)
        repeat {
            // Safe: the array has the capacity that is passed.
            result = unsafe platform_directory_next(&cursor, &name, name.count)
            if result > 0 { names.append([UInt8](name.prefix(Int(result)))) }
        } while result > 0 || result == -platform_error_name_too_long
        return names
    }
}
