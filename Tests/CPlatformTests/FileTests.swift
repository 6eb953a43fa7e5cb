import CPlatform
import Testing

@Suite("Files")
struct FileTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test("what is written is read back, at any offset, and a read past the end is short")
    func readBack() throws {
        let file = try directory.make("a", Array(0..<200))
        defer { _ = platform_close(file) }
        var buffer = [UInt8](repeating: 0, count: 100)
        #expect(platform_read_at(file, &buffer, 100, 50) == 100)
        #expect(buffer == Array(50..<150))
        #expect(platform_read_at(file, &buffer, 100, 150) == 50)
        #expect(platform_read_at(file, &buffer, 100, 200) == 0)
        #expect(platform_write_at(file, [7, 8] as [UInt8], 2, 198) == 2)
        #expect(platform_read_at(file, &buffer, 2, 198) == 2)
        #expect(buffer[0] == 7 && buffer[1] == 8)
        #expect(platform_sync(file) == 0)
        #expect(platform_sync_data(file) == 0)
        #expect(platform_sync_directory(directory.descriptor, ".") == 0)
    }

    @Test("offsets past 4 GiB work, so they are 64 bits wide")
    func largeOffset() throws {
        let file = try directory.make("sparse")
        defer { _ = platform_close(file) }
        #expect(platform_write_at(file, [42] as [UInt8], 1, 5 << 30) == 1)
        var status = platform_status()
        #expect(platform_status_of(file, &status) == 0)
        #expect(status.size_bytes == (5 << 30) + 1)
        var byte: UInt8 = 0
        #expect(platform_read_at(file, &byte, 1, 5 << 30) == 1)
        #expect(byte == 42)
    }

    @Test("a full device is -ENOSPC and not a short write")
    func fullDevice() {
        let full = platform_open(platform_working_directory, "/dev/full", platform_open_write, 0)
        defer { _ = platform_close(full) }
        #expect(platform_write(full, [1] as [UInt8], 1) == Int64(-platform_error_no_space))
        #expect(platform_write_at(full, [1] as [UInt8], 1, 0) == Int64(-platform_error_no_space))
    }

    @Test(
        "opening obeys its flags",
        arguments: [
            (platform_open_read, -platform_error_no_entry),
            (platform_open_read_write | platform_open_create, 0),
        ] as [(Int32, Int32)]
    )
    func openMissing(how: Int32, expected: Int32) {
        let file = platform_open(directory.descriptor, "missing", how, 0o600)
        defer { if file >= 0 { _ = platform_close(file) } }
        #expect(min(file, 0) == expected)
    }

    @Test("exclusive creation refuses what exists, truncation empties it, append goes to the end")
    func openExisting() throws {
        let file = try directory.make("a", [1, 2, 3])
        _ = platform_close(file)
        let exclusive = platform_open_write | platform_open_create | platform_open_exclusive
        #expect(platform_open(directory.descriptor, "a", exclusive, 0o600) == -17)
        let end = platform_open(
            directory.descriptor,
            "a",
            platform_open_read_write | platform_open_append,
            0
        )
        #expect(platform_write(end, [4] as [UInt8], 1) == 1)
        var bytes = [UInt8](repeating: 0, count: 8)
        #expect(platform_read_at(end, &bytes, 8, 0) == 4)
        #expect(bytes.prefix(4) == [1, 2, 3, 4])
        _ = platform_close(end)
        let empty = platform_open(
            directory.descriptor,
            "a",
            platform_open_write | platform_open_truncate,
            0
        )
        var status = platform_status()
        #expect(platform_status_of(empty, &status) == 0)
        #expect(status.size_bytes == 0)
        #expect(status.permissions & 0o600 == 0o600)
        _ = platform_close(empty)
    }

    @Test("a symlink in the last part is refused on request and never followed for its status")
    func symlinks() throws {
        _ = platform_close(try directory.make("target"))
        #expect(symbolicLink(to: "target", at: "\(directory.path)/link") == 0)
        #expect(platform_open(directory.descriptor, "link", platform_open_no_follow, 0) < 0)
        var status = platform_status()
        #expect(platform_status_at(directory.descriptor, "link", &status) == 0)
        #expect(status.kind == platform_kind_other)
    }

    @Test(
        "kinds are told apart",
        arguments: [
            ("/dev/null", platform_kind_character_device), ("/", platform_kind_directory),
            ("/proc/self/statm", platform_kind_file),
        ] as [(String, Int32)]
    )
    func kinds(path: String, kind: Int32) {
        var status = platform_status()
        #expect(platform_status_at(platform_working_directory, path, &status) == 0)
        #expect(status.kind == kind)
    }

    @Test("reserving grows a file with zeros, keeps its content and never shrinks it")
    func reserve() throws {
        let file = try directory.make("a", [9])
        defer { _ = platform_close(file) }
        #expect(platform_reserve(file, 10_000) == 0)
        #expect(platform_reserve(file, 10) == 0)
        #expect(platform_reserve(file, -1) == -platform_error_invalid)
        var status = platform_status()
        #expect(platform_status_of(file, &status) == 0)
        #expect(status.size_bytes == 10_000)
        var bytes = [UInt8](repeating: 1, count: 10_000)
        #expect(platform_read_at(file, &bytes, bytes.count, 0) == 10_000)
        #expect(bytes[0] == 9)
        #expect(bytes.dropFirst().allSatisfy { $0 == 0 })
        #expect(platform_truncate(file, 1) == 0)
        #expect(platform_read_at(file, &bytes, bytes.count, 0) == 1)
        #expect(platform_free_bytes(file) > 0)
    }

    @Test("a second lock on the same file is refused until the first holder closes")
    func lock() throws {
        let first = try directory.make("lock")
        let second = try directory.make("lock")
        #expect(platform_lock(first) == 0)
        #expect(platform_lock(second) == -platform_error_again)
        _ = platform_close(first)
        #expect(platform_lock(second) == 0)
        _ = platform_close(second)
    }

    @Test("a bad descriptor is an error everywhere and never a crash")
    func badDescriptor() {
        var byte: UInt8 = 0
        var status = platform_status()
        #expect(platform_read(-1, &byte, 1) == -9)
        #expect(platform_write(-1, &byte, 1) == -9)
        #expect(platform_sync(-1) == -9)
        #expect(platform_status_of(-1, &status) == -9)
        #expect(platform_close(-1) == -9)
        #expect(platform_free_bytes(-1) == -9)
        #expect(platform_map_file(-1, 0, 1).error == -9)
    }
}
