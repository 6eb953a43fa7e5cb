import Glibc

/// An image to be flashed: a file that is opened once and must stay what it was then.
public struct FlashImage: Sendable {
    /// The path as it was given.
    public let path: String
    /// The size in bytes, above 0.
    public let sizeBytes: Int64
    let file: OpenFile
    let identity: OpenFile.Identity
    /// What of the image may differ from zero.
    let data: DiskRanges

    /// A file of more fragments is read as if its last part had no holes: slower, never wrong.
    static let fragmentCountMax = 65_536

    /// Opens an image and finds its holes.
    ///
    /// - Throws: `FlashError.imageUnreadable` or `.notAnImage`.
    public init(path: String) throws(FlashError) {
        self.path = path
        do throws(SystemCode) {
            file = try OpenFile(path: path, flags: O_RDONLY | O_NONBLOCK)
            let status = try file.status()
            identity = status.identity
            sizeBytes = identity.sizeBytes
            guard status.kind == .regular, sizeBytes > 0 else { throw SystemCode(ENOEXEC) }
            data = Self.data(of: file, within: 0..<sizeBytes)
        } catch {
            throw error.code == ENOEXEC
                ? .notAnImage(path: path) : .imageUnreadable(path: path, code: error.code)
        }
    }

    private init(_ image: FlashImage, data: DiskRanges) {
        path = image.path
        sizeBytes = image.sizeBytes
        file = image.file
        identity = image.identity
        self.data = data
    }

    /// The parts of a range that are no holes, in whole blocks.
    private static func data(of file: OpenFile, within range: Range<Int64>) -> DiskRanges {
        var found: [Range<Int64>] = []
        var offset = range.lowerBound
        do throws(SystemCode) {
            while offset < range.upperBound, let start = try file.nextData(from: offset),
                start < range.upperBound
            {
                let hole = try file.nextHole(from: start)
                let isLast = found.count == fragmentCountMax
                let end = isLast ? range.upperBound : min(hole, range.upperBound)
                found.append(start..<max(end, start))
                guard end > offset else { break }
                offset = end
            }
        } catch {
            // The file system cannot tell holes from data.
            found.append(offset..<range.upperBound)
        }
        return DiskRanges(found).aligned(below: range.upperBound)
    }

    /// Reads bytes that must all be there.
    func read(
        into buffer: UnsafeMutableRawBufferPointer,
        at offset: Int64
    ) throws(FlashError) {
        let count: Int
        do {
            count = try file.read(into: buffer, at: offset)
        } catch {
            throw .imageUnreadable(path: path, code: error.code)
        }
        guard count == buffer.count else {
            throw .imageChanged(path: path, offsetBytes: offset + Int64(count))
        }
    }

    /// Proves that the image is still the one that was opened, as far as its size and times say.
    func checkUnchanged() throws(FlashError) {
        guard (try? file.status().identity) == identity else {
            throw .imageChanged(path: path, offsetBytes: nil)
        }
    }

    /// Compares the image with its block map, before anything is written.
    ///
    /// The ranges must have their checksums, and everything outside of them must be zero: a target
    /// has all bytes of the image, not only those of the map.
    ///
    /// - Parameters:
    ///   - map: The block map.
    ///   - stop: Ends the comparison early.
    ///   - progress: Is told how many bytes of how many were compared, by one thread at a time.
    /// - Returns: The image whose data are the ranges of the map.
    /// - Throws: `FlashError.blockMapSize`, `.blockMapDiffers`, `.blockMapMissesData`,
    ///   `.interrupted`, or an error of reading.
    public func checked(
        against map: BlockMap,
        stop: StopRequest = StopRequest(),
        progress: @Sendable (FlashProgress) -> Void = { _ in }
    ) throws(FlashError) -> FlashImage {
        guard map.imageSizeBytes == sizeBytes else {
            throw .blockMapSize(expectedBytes: map.imageSizeBytes, actualBytes: sizeBytes)
        }
        let mapped = DiskRanges(map.ranges.map { map.byteRange(of: $0) })
        let outside = DiskRanges([0..<sizeBytes]).subtracting(mapped)
        try RangeCheck(image: self, map: map, totalBytes: mapped.sizeBytes, stop: stop)
            .run(progress: progress)
        let buffer = AlignedBuffer()
        for range in outside.ranges {
            for part in Self.data(of: file, within: range).clamped(to: range).ranges {
                var first: Int64?
                try forEachChunk(of: part, buffer, stop) { offset, chunk in
                    guard first == nil, let index = chunk.firstNonzero else { return }
                    first = offset + Int64(index)
                }
                if let first { throw .blockMapMissesData(offsetBytes: first) }
            }
        }
        try checkUnchanged()
        return FlashImage(self, data: mapped.aligned(below: sizeBytes))
    }

    /// The SHA-256 of the whole image, for logs.
    ///
    /// - Throws: `FlashError.interrupted` or an error of reading.
    public func sha256(stop: StopRequest = StopRequest()) throws(FlashError) -> [UInt8] {
        var digest = Digest()
        try forEachChunk(of: 0..<sizeBytes, AlignedBuffer(), stop) { digest.update($1) }
        return digest.finish()
    }

    /// Reads a range in pieces of at most 1 MiB.
    func forEachChunk(
        of range: Range<Int64>,
        _ buffer: AlignedBuffer,
        _ stop: StopRequest,
        _ body: (Int64, UnsafeRawBufferPointer) -> Void
    ) throws(FlashError) {
        var offset = range.lowerBound
        while offset < range.upperBound {
            guard !stop.isMade else {
                throw .interrupted(
                    device: path,
                    phase: .check,
                    doneBytes: offset - range.lowerBound
                )
            }
            let count = Int(min(Int64(FlashPiece.sizeMax), range.upperBound - offset))
            let part = buffer.part(count)
            try read(into: part, at: offset)
            body(offset, buffer.bytes(count))
            offset += Int64(count)
        }
    }
}

extension FlashProgress {
    /// Of the whole, comparing the image is the zeroth percent: nothing is on the target yet.
    static func check(done: Int64, total: Int64) -> FlashProgress {
        FlashProgress(phase: .check, bytes: done, totalBytes: total, percent: 0, etaSeconds: nil)
    }
}
