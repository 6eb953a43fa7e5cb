// The one door to libarchive, for reading.

import CArchive

/// Why an archive cannot be read.
public enum ArchiveError: Error, Sendable, Hashable {
    /// The bytes are not an archive that libarchive reads, or are damaged.
    case unreadable(detail: String)
    /// There are more entries than the limit.
    case tooManyEntries(limit: Int)
    /// The entries hold more bytes than the limit.
    case tooLarge(limitBytes: Int)
}

/// Reads archives of any format that libarchive knows: `.npz`, `.eib`, tar, zip.
public enum ArchiveReader {
    /// One file of an archive.
    public struct Entry: Sendable {
        /// The name in the archive.
        ///
        /// It is not a path to be opened.
        public let name: String
        /// The content.
        public let bytes: [UInt8]
    }

    /// Entries of one archive; `.npz` files of real data sets have a few dozen.
    public static let entryCountMax = 4_096

    /// Reads the regular files of an archive.
    ///
    /// - Parameters:
    ///   - bytes: the archive.
    ///   - limitBytes: the most that all entries may hold together.
    /// - Returns: The files in the archive's order.
    /// - Throws: `ArchiveError`.
    public static func entries(
        of bytes: [UInt8],
        limitBytes: Int
    ) throws(ArchiveError) -> [Entry] {
        guard let archive = archive_read_new() else { throw .unreadable(detail: "no memory") }
        defer { archive_read_free(archive) }
        archive_read_support_format_all(archive)
        archive_read_support_filter_all(archive)
        let result: Result<[Entry], ArchiveError> = bytes.withUnsafeBytes { buffer in
            guard archive_read_open_memory(archive, buffer.baseAddress, buffer.count) == ARCHIVE_OK
            else { return .failure(error(of: archive)) }
            return readAll(archive, limitBytes: limitBytes)
        }
        return try result.get()
    }

    private static func readAll(
        _ archive: OpaquePointer,
        limitBytes: Int
    ) -> Result<[Entry], ArchiveError> {
        var entries: [Entry] = []
        var total = 0
        while true {
            var header: OpaquePointer?
            let status = archive_read_next_header(archive, &header)
            if status == ARCHIVE_EOF { return .success(entries) }
            guard status == ARCHIVE_OK, let header else { return .failure(error(of: archive)) }
            guard entries.count < entryCountMax else {
                return .failure(.tooManyEntries(limit: entryCountMax))
            }
            guard let content = content(archive, limitBytes: limitBytes - total) else {
                return .failure(
                    archive_errno(archive) == 0
                        ? .tooLarge(limitBytes: limitBytes) : error(of: archive)
                )
            }
            total += content.count
            let name = archive_entry_pathname(header).map { String(cString: $0) } ?? ""
            entries.append(Entry(name: name, bytes: content))
        }
    }

    /// The current entry's content; `nil` when it is damaged or over the limit.
    private static func content(_ archive: OpaquePointer, limitBytes: Int) -> [UInt8]? {
        var content: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = archive_read_data(archive, &block, block.count)
            guard count >= 0 else { return nil }
            if count == 0 { return content }
            guard content.count + count <= limitBytes else { return nil }
            content += block[..<count]
        }
    }

    private static func error(of archive: OpaquePointer) -> ArchiveError {
        let text = archive_error_string(archive).map { String(cString: $0) }
        return .unreadable(detail: text ?? "unknown format")
    }
}
