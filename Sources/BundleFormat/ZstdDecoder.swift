// The one door to the zstd decoder. It sees only bytes whose hash was checked.

import CZstd

/// Decodes single zstd frames with memory bounded by the chunk size.
@safe struct ZstdDecoder: ~Copyable {
    private let context: OpaquePointer

    /// Makes a decoder; `nil` when there is no memory for it.
    init?() {
        // Safe: the call takes nothing and its result is owned by this value.
        guard let context = unsafe ZSTD_createDCtx() else { return nil }
        unsafe self.context = context
    }

    /// Decodes one frame.
    ///
    /// - Parameters:
    ///   - frame: exactly one zstd frame that states its content size.
    ///   - plain: receives the content; its count is the size that the frame must have.
    /// - Returns: Whether the frame was whole, of that size, without a dictionary, and the only
    ///   thing in `frame`.
    mutating func decode(_ frame: UnsafeRawBufferPointer, into plain: UnsafeMutableRawBufferPointer)
        -> Bool
    {
        // Safe: every pointer travels with its own buffer's count; zstd checks both bounds.
        let content = unsafe ZSTD_getFrameContentSize(frame.baseAddress, frame.count)
        let frameSize = unsafe ZSTD_findFrameCompressedSize(frame.baseAddress, frame.count)
        let dictionary = unsafe ZSTD_getDictID_fromFrame(frame.baseAddress, frame.count)
        guard content == UInt64(plain.count), frameSize == frame.count, dictionary == 0,
            unsafe isOrdinaryFrame(frame)
        else { return false }
        let written = unsafe ZSTD_decompressDCtx(
            context,
            plain.baseAddress,
            plain.count,
            frame.baseAddress,
            frame.count
        )
        return written == plain.count
    }

    /// Whether the magic number is that of a frame with content, not of a skippable one.
    private func isOrdinaryFrame(_ frame: UnsafeRawBufferPointer) -> Bool {
        // Safe: the count is checked before the four bytes are read.
        guard frame.count >= 4 else { return false }
        return unsafe frame.loadUnaligned(as: UInt32.self).littleEndian == 0xFD2F_B528
    }

    deinit { unsafe _ = ZSTD_freeDCtx(context) }
}
