/// Compares two files byte by byte, without reading what is a hole in both.
struct ByteComparison {
    private let first: SparseFile
    private let second: SparseFile

    /// Differences closer than this are told as one.
    static let mergeBytes: Int64 = 512
    /// Ranges that are kept; what differs more is told up to here.
    static let rangeCountMax = 65_536

    init(_ first: SparseFile, _ second: SparseFile) {
        self.first = first
        self.second = second
    }

    /// The bytes that differ, up to the end of the shorter file, in units of sectors.
    func ranges(cancellation: Cancellation) throws(ImageError) -> [Range<Int64>] {
        let end = min(first.sizeBytes, second.sizeBytes)
        var found: [Range<Int64>] = []
        var place: Int64 = 0
        while place < end, found.count < Self.rangeCountMax {
            try cancellation.check()
            let data = [first, second].compactMap { $0.dataRange(from: place, below: end) }
            guard let start = data.map(\.lowerBound).min() else { break }
            place = start / Self.mergeBytes * Self.mergeBytes
            let count = min(SparseFile.chunkSizeBytes, end - place)
            let one = try first.read(at: place, count: Int(count))
            let two = try second.read(at: place, count: Int(count))
            if one != two { Self.compare(one, two, at: place, &found) }
            place += count
        }
        return found
    }

    private static func compare(
        _ one: [UInt8],
        _ two: [UInt8],
        at offset: Int64,
        _ found: inout [Range<Int64>]
    ) {
        for start in stride(from: 0, to: one.count, by: Int(mergeBytes)) {
            let end = min(one.count, start + Int(mergeBytes))
            guard one[start..<end] != two[start..<end] else { continue }
            let range = offset + Int64(start)..<offset + Int64(end)
            if let last = found.last, last.upperBound == range.lowerBound {
                found[found.count - 1] = last.lowerBound..<range.upperBound
            } else {
                found.append(range)
            }
        }
    }
}
