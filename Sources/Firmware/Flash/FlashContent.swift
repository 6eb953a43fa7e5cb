/// What shall be on the target: the image, and over it the segments of a moved partition table.
struct FlashContent: Sendable {
    /// Bytes that take the place of the image's.
    struct Overlay: Sendable, Hashable {
        let offsetBytes: Int64
        let bytes: [UInt8]

        var range: Range<Int64> { offsetBytes..<offsetBytes + Int64(bytes.count) }
    }

    let image: FlashImage
    /// Later ones win.
    let overlays: [Overlay]

    /// What may differ from zero.
    var data: DiskRanges { image.data.union(DiskRanges(overlays.map(\.range))) }

    /// Fills the buffer with what shall be at an offset; beyond the image that is zeros.
    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: Int64
    ) throws(FlashError) {
        let inside = Int(max(0, min(Int64(buffer.count), image.sizeBytes - offset)))
        if inside > 0 {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<inside])
            try image.read(into: part, at: offset)
        }
        if inside < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[inside...])
            rest.initializeMemory(as: UInt8.self, repeating: 0)
        }
        let window = offset..<offset + Int64(buffer.count)
        for overlay in overlays {
            let shared = overlay.range.clamped(to: window)
            for position in shared {
                buffer[Int(position - offset)] =
                    overlay.bytes[Int(position - overlay.offsetBytes)]
            }
        }
    }
}
