import Foundation
import Terminal

/// Files that a person names on the command line.
enum InputFile {
    /// Reads a whole file.
    ///
    /// - Throws: `Failure` with status `io` when the file cannot be read or is over the limit.
    static func read(_ path: String, limitBytes: Int) throws -> [UInt8] {
        do {
            let url = URL(filePath: path)
            if try url.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true {
                throw Failure(.io, "this is a directory, not a file", place: path)
            }
            // Not by the size that the file says it has: a device or a pipe says none.
            let file = try FileHandle(forReadingFrom: url)
            let data = try file.read(upToCount: limitBytes + 1) ?? Data()
            guard data.count <= limitBytes else {
                throw Failure(
                    .io,
                    "the file has more than the \(limitBytes) bytes that are read",
                    place: path
                )
            }
            return [UInt8](data)
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

    /// Makes a folder and those above it, where they are missing.
    ///
    /// - Throws: `Failure` with status `noSpace` on a full disk, else `io`.
    static func makeFolder(_ folder: URL) throws {
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw Failure(
                isNoSpace(error) ? .noSpace : .io,
                "cannot make the folder",
                place: folder.path()
            )
        }
    }

    private static func isNoSpace(_ error: any Error) -> Bool {
        if let cocoa = error as? CocoaError, cocoa.code == .fileWriteOutOfSpace { return true }
        let underlying = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        return underlying?.domain == NSPOSIXErrorDomain && underlying?.code == Int(ENOSPC)
    }
}
