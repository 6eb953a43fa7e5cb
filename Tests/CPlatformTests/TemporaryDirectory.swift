import CPlatform
import Foundation
import Testing

/// A directory of its own for one test, open as `descriptor` and removed at the end.
///
/// A class, because its end of life removes the files.
final class TemporaryDirectory {
    let path: String
    let descriptor: Int32

    init() throws {
        let places = String(repeating: "X", count: 6)  // mkdtemp fills them
        var template = Array(
            "\(FileManager.default.temporaryDirectory.path)/platform-\(places)".utf8CString
        )
        path = String(cString: try #require(mkdtemp(&template)))
        descriptor = platform_open(platform_working_directory, path, platform_open_directory, 0)
        try #require(descriptor >= 0)
    }

    deinit {
        _ = platform_close(descriptor)
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Makes the file `name` with `bytes` in it and returns it open for reading and writing.
    func make(_ name: String, _ bytes: [UInt8] = []) throws -> Int32 {
        let file = platform_open(
            descriptor,
            name,
            platform_open_read_write | platform_open_create,
            0o640
        )
        try #require(file >= 0)
        try #require(platform_write(file, bytes, bytes.count) == Int64(bytes.count))
        return file
    }

    /// The names in the directory at `name`, sorted.
    func names(_ name: String = ".") throws -> [String] {
        var cursor = platform_directory()
        try #require(platform_directory_open(descriptor, name, &cursor) == 0)
        defer { platform_directory_close(&cursor) }
        var names: [String] = []
        var buffer = [UInt8](repeating: 0xff, count: 256)
        while true {
            let length = platform_directory_next(&cursor, &buffer, buffer.count)
            try #require(length >= 0)
            if length == 0 { return names.sorted() }
            names.append(String(decoding: buffer.prefix(Int(length)), as: UTF8.self))
        }
    }
}
