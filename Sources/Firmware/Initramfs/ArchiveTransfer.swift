// The door to libarchive, for reading: root file systems as tar, and compressed kernel modules.

import CArchive
import Glibc

/// Reads what others packed, of which nothing is believed.
enum ArchiveTransfer {
    /// The longest kernel module.
    static let moduleSizeMax = 64 << 20

    /// Rewrites a tar archive, compressed or not, as a plain one whose bytes depend on its entries
    /// alone: owners stay, times and names of owners go.
    ///
    /// - Parameters:
    ///   - source: the archive.
    ///   - path: the new archive.
    ///   - cancellation: looked at before each entry.
    /// - Throws: `ImageError` for damaged archives and for names that leave the tree.
    static func rewrite(
        _ source: String,
        to path: String,
        cancellation: Cancellation
    ) throws(ImageError) {
        let reader = try open(source) { archive_read_support_format_tar($0) }
        defer { archive_read_free(reader) }
        let writer = try ArchiveWriter(path, format: .tar, filter: .none)
        var count = 0
        var remaining = FileTree.sizeMax
        while let header = try nextHeader(reader, source) {
            try cancellation.check()
            count += 1
            guard count <= FileTree.entryCountMax else {
                throw .tooMuch(what: "files", limit: Int64(FileTree.entryCountMax))
            }
            guard let name = archive_entry_pathname(header) else {
                throw .nameRefused(name: "", reason: "it is not UTF-8")
            }
            // The root itself, which has no name of its own.
            let text = String(cString: name)
            if text == "." || text == "./" || text == "/" { continue }
            let size = archive_entry_size(header)
            guard size >= 0, size <= remaining else {
                throw .tooMuch(what: "bytes", limit: FileTree.sizeMax)
            }
            remaining -= size
            try writer.rewrite(header, as: checkedPath(name)) { () throws(ImageError) -> [UInt8] in
                try block(reader, source)
            }
        }
        try writer.finish()
    }

    /// The path of an entry, relative and inside the tree.
    static func checkedPath(_ name: UnsafePointer<CChar>) throws(ImageError) -> String {
        guard var path = String(validatingCString: name) else {
            throw .nameRefused(name: String(cString: name), reason: "it is not UTF-8")
        }
        if path.hasPrefix("./") { path.removeFirst(2) }
        if path.hasSuffix("/") { path.removeLast() }
        try FileTree.check(path)
        return path
    }

    /// The content of a compressed file (`.xz`, `.zst`, `.gz`).
    static func decompressed(_ source: String) throws(ImageError) -> [UInt8] {
        let reader = try open(source) { archive_read_support_format_raw($0) }
        defer { archive_read_free(reader) }
        guard try nextHeader(reader, source) != nil else {
            throw .archive(path: source, detail: "it is empty")
        }
        var bytes: [UInt8] = []
        while true {
            let part = try block(reader, source)
            guard !part.isEmpty else { return bytes }
            bytes += part
            guard bytes.count <= moduleSizeMax else {
                throw .tooMuch(what: "bytes in '\(source)'", limit: Int64(moduleSizeMax))
            }
        }
    }

    private static let hasNames = setlocale(LC_CTYPE, "C.UTF-8") != nil

    /// Names are UTF-8 whatever the user's locale is; libarchive asks the process's locale, and
    /// makes question marks of letters that it lacks.
    static func prepareNames() { _ = hasNames }

    private static func open(
        _ source: String,
        formats: (OpaquePointer) -> Int32
    ) throws(ImageError) -> OpaquePointer {
        prepareNames()
        guard let reader = archive_read_new() else {
            throw .archive(path: source, detail: "no memory")
        }
        archive_read_support_filter_all(reader)
        _ = formats(reader)
        guard archive_read_open_filename(reader, source, 65_536) == ARCHIVE_OK else {
            let error = failure(reader, source)
            archive_read_free(reader)
            throw error
        }
        return reader
    }

    private static func nextHeader(
        _ reader: OpaquePointer,
        _ source: String
    ) throws(ImageError) -> OpaquePointer? {
        var header: OpaquePointer?
        let status = archive_read_next_header(reader, &header)
        if status == ARCHIVE_EOF { return nil }
        guard status == ARCHIVE_OK, let header else { throw failure(reader, source) }
        return header
    }

    private static func block(
        _ reader: OpaquePointer,
        _ source: String
    ) throws(ImageError) -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 262_144)
        let count = archive_read_data(reader, &buffer, buffer.count)
        guard count >= 0 else { throw failure(reader, source) }
        return Array(buffer.prefix(count))
    }

    private static func failure(_ reader: OpaquePointer, _ source: String) -> ImageError {
        let text = archive_error_string(reader).map { String(cString: $0) }
        return .archive(path: source, detail: text ?? "it is no archive")
    }
}
