import AgentProtocol
import CPlatform

/// What the first process asks of the kernel; each function throws `AgentError.system`.
enum Kernel {
    /// Mounts a file system; the folder is made when it is missing.
    @inline(never)
    static func mount(
        _ source: Path,
        on target: Path,
        type: [UInt8],
        flags: UInt32,
        options: StaticString = ""
    ) throws(AgentError) {
        makeFolders(target)
        let type = type + [0]
        let options = TextLine(options).bytes + [0]
        // Safe: all four texts end with NUL.
        let result = unsafe platform_mount(
            source.bytes,
            target.bytes,
            type,
            flags,
            options
        )
        guard result >= 0 else { throw .system(.mount, code: -result, path: target) }
    }

    /// Moves a mount to another place.
    static func moveMount(_ source: Path, to target: Path) throws(AgentError) {
        try mount(source, on: target, type: [], flags: platform_mount_move)
    }

    /// Makes a folder and those above it; what is missing then, its use will tell.
    @inline(never)
    static func makeFolders(_ path: Path) {
        for (index, byte) in path.bytes.enumerated() where index > 0 && (byte == 0x2F || byte == 0)
        {
            let part = [UInt8](path.bytes[..<index]) + [0]
            // Safe: the path ends with NUL.
            _ = unsafe platform_make_directory(platform_working_directory, part, 0o755)
        }
    }

    /// Loads a module; one that is loaded is as good.
    static func loadModule(_ path: Path) throws(AgentError) {
        let file = try OwnedFile(path, how: platform_open_read)
        let result = platform_load_module(file.descriptor)
        guard result >= 0 || result == -platform_error_exists else {
            throw .system(.load, code: -result, path: path)
        }
    }

    /// Writes a file anew; for small texts on file systems in memory.
    @inline(never)
    static func writeFile(_ path: Path, _ text: [UInt8]) throws(AgentError) {
        let how = platform_open_write | platform_open_create | platform_open_truncate
        let file = try OwnedFile(path, how: how, permissions: 0o644)
        try file.write(text, at: 0)
    }

    /// Starts a program; its process.
    static func spawn(_ words: [[UInt8]]) throws(AgentError) -> Int32 {
        var block: [UInt8] = []
        for word in words { block += word + [0] }
        // Safe: the block holds that many words, each with its NUL.
        let process = unsafe platform_spawn(block, Int32(words.count))
        guard process > 0 else {
            throw .system(.start, code: -process, path: Path(words[0]) ?? Path(fixed: "?"))
        }
        return process
    }

    /// The value of `key=` on the kernel's command line.
    static func argument(_ key: StaticString, in line: [UInt8]) -> [UInt8]? {
        let start = TextLine(key).bytes + [0x3D]
        for word in line.split(whereSeparator: { $0 <= 0x20 }) where word.starts(with: start) {
            return [UInt8](word.dropFirst(start.count))
        }
        return nil
    }

    /// The kernel's command line; empty where it cannot be read.
    static var commandLine: [UInt8] {
        guard let file = try? OwnedFile(Path(fixed: "/proc/cmdline"), how: platform_open_read)
        else { return [] }
        return (try? file.beginning(count: 4_096)) ?? []
    }
}
