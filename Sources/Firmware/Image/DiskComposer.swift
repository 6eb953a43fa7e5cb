/// Puts partitions and tables into one sparse image, and knows which blocks must be written.
///
/// Invariants: a block is mapped when a part that was put in covers it, whether it holds zeros or
/// not; mapped blocks are data in the file and all others are holes, so that the block map, the
/// file's own holes and what a device needs are the same thing.
struct DiskComposer {
    private let image: SparseFile
    private var mapped: [Range<Int64>] = []

    /// Makes the image, a hole from end to end.
    init(_ path: String, sizeBytes: Int64) throws(ImageError) {
        image = try SparseFile(creating: path, sizeBytes: sizeBytes)
    }

    /// Puts bytes at an offset.
    mutating func put(_ bytes: [UInt8], at offset: Int64) throws(ImageError) {
        guard !bytes.isEmpty else { return }
        guard offset >= 0, offset <= image.sizeBytes,
            Int64(bytes.count) <= image.sizeBytes - offset
        else { throw .imageRefused(detail: "\(bytes.count) bytes at \(offset) are beyond it") }
        try image.write(bytes, at: offset)
        mapped.append(offset..<offset + Int64(bytes.count))
    }

    /// Copies parts of a file to an offset.
    ///
    /// - Parameters:
    ///   - path: the content of a partition.
    ///   - parts: the bytes that the file system uses; the rest may hold anything on a device.
    ///   - offset: the partition's first byte.
    ///   - sizeBytes: the partition's size.
    ///   - cancellation: looked at before each chunk.
    ///   - progress: is told how many bytes were copied.
    /// - Throws: `ImageError` when the file does not fit, cannot be read, or the disk is full.
    mutating func put(
        file path: String,
        parts: [Range<Int64>],
        at offset: Int64,
        sizeBytes: Int64,
        cancellation: Cancellation,
        progress: (Int64) -> Void
    ) throws(ImageError) {
        let source = try SparseFile(reading: path)
        guard source.sizeBytes <= sizeBytes, sizeBytes <= image.sizeBytes - offset else {
            throw .imageRefused(detail: "'\(path)' is larger than its partition")
        }
        for part in parts {
            var place = part.lowerBound
            while place < part.upperBound {
                try cancellation.check()
                let count = min(SparseFile.chunkSizeBytes, part.upperBound - place)
                try put(source.read(at: place, count: Int(count)), at: offset + place)
                place += count
                progress(count)
            }
        }
    }

    /// Ends the image: everything is on the disk.
    ///
    /// - Returns: The map of the blocks that must be written, with checksums of what was written.
    func finish(cancellation: Cancellation) throws(ImageError) -> BlockMap {
        let block = BlockMap.blockSizeBytes
        var ranges: [BlockMap.Range] = []
        for blocks in Self.split(Self.blocks(of: mapped)) {
            var digest = Digest()
            var place = blocks.lowerBound * block
            let end = min(image.sizeBytes, blocks.upperBound * block)
            try fillPartialBlocks(place..<end)
            while place < end {
                try cancellation.check()
                let count = min(SparseFile.chunkSizeBytes, end - place)
                digest.update(try image.read(at: place, count: Int(count)))
                place += count
            }
            ranges.append(
                BlockMap.Range(
                    firstBlock: blocks.lowerBound,
                    lastBlock: blocks.upperBound - 1,
                    sha256: digest.finish()
                )
            )
        }
        try image.synchronize()
        do {
            return try BlockMap(imageSizeBytes: image.sizeBytes, ranges: ranges)
        } catch {
            throw .imageRefused(detail: "\(error)")
        }
    }

    /// Takes care that a block of which only a part was put is data as a whole: file systems with
    /// blocks below 4,096 bytes would keep a hole in it.
    private func fillPartialBlocks(_ bytes: Range<Int64>) throws(ImageError) {
        let block = BlockMap.blockSizeBytes
        for start in [bytes.lowerBound, (bytes.upperBound - 1) / block * block] {
            let count = min(block, bytes.upperBound - start)
            try image.write(image.read(at: start, count: Int(count)), at: start)
        }
    }

    /// The same blocks in ranges of at most 4 MiB, which a flasher compares several at a time.
    private static func split(_ ranges: [Range<Int64>]) -> [Range<Int64>] {
        let most = (4 << 20) / BlockMap.blockSizeBytes
        return ranges.flatMap { range in
            stride(from: range.lowerBound, to: range.upperBound, by: Int(most)).map { start in
                start..<min(start + most, range.upperBound)
            }
        }
    }

    /// The blocks that byte ranges touch, sorted and joined.
    static func blocks(of ranges: [Range<Int64>]) -> [Range<Int64>] {
        let block = BlockMap.blockSizeBytes
        var joined: [Range<Int64>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
            let blocks = range.lowerBound / block..<(range.upperBound - 1) / block + 1
            if let last = joined.last, blocks.lowerBound <= last.upperBound {
                let end = max(last.upperBound, blocks.upperBound)
                joined[joined.count - 1] = last.lowerBound..<end
            } else {
                joined.append(blocks)
            }
        }
        return joined
    }
}
