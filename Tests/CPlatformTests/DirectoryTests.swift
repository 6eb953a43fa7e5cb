import CPlatform
import Foundation
import Testing

func symbolicLink(to target: String, at path: String) -> Int32 { symlink(target, path) }

@Suite("Directories and mappings")
struct DirectoryTests {
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test("names appear, move, double and go as asked")
    func names() throws {
        #expect(platform_make_directory(directory.descriptor, "d", 0o750) == 0)
        #expect(platform_make_directory(directory.descriptor, "d", 0o750) == -17)
        _ = platform_close(try directory.make("a", [1]))
        #expect(platform_link(directory.descriptor, "a", "b") == 0)
        #expect(platform_link(directory.descriptor, "a", "b") == -platform_error_exists)
        #expect(platform_rename(directory.descriptor, "a", "d/c") == 0)
        #expect(try directory.names() == ["b", "d"])
        #expect(try directory.names("d") == ["c"])
        #expect(platform_remove_directory(directory.descriptor, "d") == -39)
        #expect(platform_remove(directory.descriptor, "d/c") == 0)
        #expect(platform_remove_directory(directory.descriptor, "d") == 0)
        #expect(platform_remove(directory.descriptor, "d/c") == -platform_error_no_entry)
        #expect(try directory.names() == ["b"])
    }

    @Test("a walk over 1,000 names finds each once")
    func manyNames() throws {
        let expected = (0..<1000).map { "name-\($0)" }.sorted()
        for name in expected { _ = platform_close(try directory.make(name)) }
        #expect(try directory.names() == expected)
    }

    @Test("a name longer than the buffer is refused and the walk goes on")
    func longName() throws {
        _ = platform_close(try directory.make(String(repeating: "x", count: 255)))
        var cursor = platform_directory()
        #expect(platform_directory_open(directory.descriptor, ".", &cursor) == 0)
        var buffer = [UInt8](repeating: 0xee, count: 256)
        #expect(
            platform_directory_next(&cursor, &buffer, 255) == -platform_error_name_too_long
        )
        #expect(buffer.allSatisfy { $0 == 0xee })
        #expect(platform_directory_next(&cursor, &buffer, 256) == 0)
        platform_directory_close(&cursor)
        platform_directory_close(&cursor)
        #expect(platform_directory_next(&cursor, &buffer, 256) == -9)
    }

    @Test("a walk over a file is refused")
    func notADirectory() throws {
        _ = platform_close(try directory.make("a"))
        var cursor = platform_directory()
        #expect(platform_directory_open(directory.descriptor, "a", &cursor) == -20)
    }

    @Test("a mapped file shows its bytes; an empty mapping is an error")
    func mapFile() throws {
        let file = try directory.make("a", Array("martlet".utf8))
        defer { _ = platform_close(file) }
        let mapping = platform_map_file(file, 0, 7)
        let base = try #require(mapping.base)
        #expect(mapping.error == 0)
        let bytes = UnsafeRawBufferPointer(start: base, count: mapping.size)
        #expect(bytes.elementsEqual("martlet".utf8))
        platform_unmap(mapping)
        #expect(platform_map_file(file, 0, 0).error == -platform_error_invalid)
        #expect(platform_map_file(file, 1, 7).error == -platform_error_invalid)
    }

    @Test("anonymous memory is zero, page-aligned and writable", arguments: [0, 1] as [Int32])
    func mapAnonymous(populate: Int32) throws {
        let mapping = platform_map_anonymous(100_000, populate)
        let base = try #require(mapping.base)
        let bytes = UnsafeMutableRawBufferPointer(start: base, count: mapping.size)
        #expect(Int(bitPattern: base) % Int(platform_page_size()) == 0)
        #expect(bytes.allSatisfy { $0 == 0 })
        bytes[99_999] = 1
        platform_unmap(mapping)
    }

    @Test("more memory than there is, is refused with -ENOMEM")
    func tooMuch() {
        let mapping = platform_map_anonymous(Int.max - 65_535, 0)
        #expect(mapping.base == nil)
        #expect(mapping.error == -platform_error_no_memory)
        platform_unmap(mapping)
    }
}
