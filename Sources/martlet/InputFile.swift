import Foundation

/// Files that a person names on the command line.
enum InputFile {
    /// Reads a whole file.
    ///
    /// - Throws: `Failure` with status `io` when the file cannot be read or is over the limit.
    static func read(_ path: String, limitBytes: Int) throws -> [UInt8] {
        do {
            let url = URL(filePath: path)
            let values = try url.resourceValues(forKeys: [.fileSizeKey, .isDirectoryKey])
            if values.isDirectory == true {
                throw Failure(.io, "this is a directory, not a file", place: path)
            }
            if let size = values.fileSize, size > limitBytes {
                throw Failure(
                    .io,
                    "the file has \(size) bytes, more than the \(limitBytes) that are read",
                    place: path
                )
            }
            return [UInt8](try Data(contentsOf: url))
        } catch let error as CocoaError {
            throw Failure(.io, error.isFileError ? "cannot read the file" : "\(error)", place: path)
        }
    }
}

/// Files that commands write: complete under their name, or absent.
enum OutputFile {
    /// Writes a file through a temporary neighbour and a rename.
    ///
    /// - Throws: `Failure` with status `noSpace` on a full disk, else `io`.
    static func write(_ bytes: [UInt8], to path: String) throws {
        do {
            try Data(bytes).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw Failure(
                isNoSpace(error) ? .noSpace : .io,
                isNoSpace(error) ? "no space left to write the file" : "cannot write the file",
                place: path
            )
        }
    }

    private static func isNoSpace(_ error: any Error) -> Bool {
        if let cocoa = error as? CocoaError, cocoa.code == .fileWriteOutOfSpace { return true }
        let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        return underlying?.domain == NSPOSIXErrorDomain && underlying?.code == Int(ENOSPC)
    }
}
