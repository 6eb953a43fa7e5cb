// The one door to the zstd encoder, on the host alone.

import CZstd

/// Compresses single chunks, always to the same bytes for the same library version.
enum ZstdEncoder {
    /// The compression level of bundles: the strongest that needs no large window to decode.
    static let level: Int32 = 19

    /// One frame that states its content size, without checksum or dictionary.
    ///
    /// - Throws: `BundleWritingError.compressionFailed`.
    static func compress(_ plain: ArraySlice<UInt8>) throws(BundleWritingError) -> [UInt8] {
        var frame = [UInt8](repeating: 0, count: ZSTD_compressBound(plain.count))
        let size = plain.withUnsafeBytes { plain in
            frame.withUnsafeMutableBytes { frame in
                ZSTD_compress(frame.baseAddress, frame.count, plain.baseAddress, plain.count, level)
            }
        }
        guard ZSTD_isError(size) == 0 else { throw .compressionFailed }
        frame.removeLast(frame.count - size)
        return frame
    }

    /// The library's version, for the provenance.
    static var version: String { String(cString: ZSTD_versionString()) }
}
