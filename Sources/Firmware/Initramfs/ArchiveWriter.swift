// The door to libarchive, for writing: initial RAM file systems (newc) and tar archives.

import CArchive
import Glibc

/// Writes a tree as an archive whose bytes depend on the tree alone.
///
/// A class, because it owns libarchive's writer, which `deinit` frees.
final class ArchiveWriter {
    /// The formats that are written.
    enum Format {
        /// `cpio -H newc`, as the kernel unpacks it.
        case newc
        /// POSIX tar, with pax headers where a name or size needs one.
        case tar
    }

    /// Compression of the whole archive.
    enum Filter {
        case none, gzip, zstd
    }

    private let archive: OpaquePointer
    private let path: String
    private var inode: Int64 = 0

    /// Opens an archive that must not exist yet.
    init(_ path: String, format: Format, filter: Filter) throws(ImageError) {
        ArchiveTransfer.prepareNames()
        guard let archive = archive_write_new() else {
            throw .archive(path: path, detail: "no memory")
        }
        self.archive = archive
        self.path = path
        switch format {
        case .newc: archive_write_set_format_cpio_newc(archive)
        case .tar: archive_write_set_format_pax_restricted(archive)
        }
        switch filter {
        case .none: archive_write_add_filter_none(archive)
        case .gzip:
            archive_write_add_filter_gzip(archive)
            // Else the header holds the time of writing.
            archive_write_set_filter_option(archive, "gzip", "timestamp", nil)
            archive_write_set_filter_option(archive, "gzip", "compression-level", "6")
        case .zstd:
            archive_write_add_filter_zstd(archive)
            archive_write_set_filter_option(archive, "zstd", "compression-level", "9")
        }
        // The kernel wants no padding after a compressed archive.
        archive_write_set_bytes_in_last_block(archive, 1)
        try SparseFile(creating: path, sizeBytes: 0).synchronize()
        guard archive_write_open_filename(archive, path) == ARCHIVE_OK else { throw failure() }
    }

    deinit { archive_write_free(archive) }

    /// Writes every entry of a tree.
    func write(_ tree: FileTree, cancellation: Cancellation) throws(ImageError) {
        for entry in tree.entries {
            try cancellation.check()
            try write(entry)
        }
    }

    /// Writes one entry.
    func write(_ entry: FileTree.Entry) throws(ImageError) {
        let header = try header(of: entry.path)
        defer { archive_entry_free(header) }
        archive_entry_set_perm(header, mode_t(entry.mode))
        switch entry.content {
        case .directory: archive_entry_set_filetype(header, UInt32(Glibc.S_IFDIR))
        case .symlink(let target):
            archive_entry_set_filetype(header, UInt32(Glibc.S_IFLNK))
            archive_entry_set_symlink_utf8(header, target)
        case .device(let major, let minor):
            archive_entry_set_filetype(header, UInt32(Glibc.S_IFCHR))
            archive_entry_set_rdevmajor(header, dev_t(major))
            archive_entry_set_rdevminor(header, dev_t(minor))
        case .bytes, .file: archive_entry_set_filetype(header, UInt32(Glibc.S_IFREG))
        }
        archive_entry_set_size(header, entry.content.sizeBytes)
        guard archive_write_header(archive, header) == ARCHIVE_OK else { throw failure() }
        switch entry.content {
        case .bytes(let bytes): try write(bytes)
        case .file(let source, let size): try copy(source, sizeBytes: size)
        case .directory, .symlink, .device: break
        }
    }

    /// Ends the archive; without it, the file is no archive.
    func finish() throws(ImageError) {
        guard archive_write_close(archive) == ARCHIVE_OK else { throw failure() }
    }

    private func header(of path: String) throws(ImageError) -> OpaquePointer {
        guard let header = archive_entry_new() else {
            throw .archive(path: self.path, detail: "no memory")
        }
        inode += 1
        archive_entry_set_pathname_utf8(header, path)
        archive_entry_set_ino64(header, inode)
        archive_entry_set_nlink(header, 1)
        archive_entry_set_uid(header, 0)
        archive_entry_set_gid(header, 0)
        archive_entry_set_mtime(header, time_t(ExternalTool.epochSeconds), 0)
        return header
    }

    private func copy(_ source: String, sizeBytes: Int64) throws(ImageError) {
        let file = try SparseFile(reading: source)
        // The header with the size is written already.
        guard file.sizeBytes == sizeBytes else {
            throw .wrongKind(path: source, expected: "the file of \(sizeBytes) bytes that it was")
        }
        var offset: Int64 = 0
        while offset < sizeBytes {
            let count = min(SparseFile.chunkSizeBytes, sizeBytes - offset)
            try write(file.read(at: offset, count: Int(count)))
            offset += count
        }
    }

    private func write(_ bytes: [UInt8]) throws(ImageError) {
        guard !bytes.isEmpty else { return }
        guard archive_write_data(archive, bytes, bytes.count) == bytes.count else {
            throw failure()
        }
    }

    private func failure() -> ImageError {
        let code = archive_errno(archive)
        guard ![ENOSPC, EDQUOT, EFBIG].contains(code) else {
            return .noSpace(path: path, neededBytes: nil)
        }
        let text = archive_error_string(archive).map { String(cString: $0) } ?? "unknown"
        return .archive(path: path, detail: text)
    }
}

extension ArchiveWriter {
    /// Writes an entry that another archive holds, with its owner and without what varies.
    ///
    /// - Parameters:
    ///   - source: the entry's header, whose path was checked.
    ///   - path: the checked path.
    ///   - next: gives the content in parts, and an empty one at its end.
    /// - Throws: `ImageError`, also of `next`.
    func rewrite(
        _ source: OpaquePointer,
        as path: String,
        next: () throws(ImageError) -> [UInt8]
    ) throws(ImageError) {
        let header = try header(of: path)
        defer { archive_entry_free(header) }
        archive_entry_set_filetype(header, UInt32(archive_entry_filetype(source)))
        archive_entry_set_perm(header, archive_entry_perm(source))
        archive_entry_set_uid(header, archive_entry_uid(source))
        archive_entry_set_gid(header, archive_entry_gid(source))
        archive_entry_set_rdevmajor(header, archive_entry_rdevmajor(source))
        archive_entry_set_rdevminor(header, archive_entry_rdevminor(source))
        if let target = archive_entry_symlink(source) {
            archive_entry_set_symlink(header, target)
        }
        let isLink = archive_entry_hardlink(source) != nil
        if let target = archive_entry_hardlink(source) {
            archive_entry_set_hardlink(header, try ArchiveTransfer.checkedPath(target))
        }
        archive_entry_set_size(header, isLink ? 0 : archive_entry_size(source))
        guard archive_write_header(archive, header) == ARCHIVE_OK else { throw failure() }
        guard !isLink else { return }
        while true {
            let bytes = try next()
            guard !bytes.isEmpty else { return }
            try write(bytes)
        }
    }
}
