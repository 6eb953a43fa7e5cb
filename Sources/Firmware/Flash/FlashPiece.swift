/// A range of the disk that is moved at once: data of at most 1 MiB inside one cell of the grid
/// of 1 MiB, or zeros of any size.
struct FlashPiece: Sendable, Hashable {
    /// The size of a data piece, and the grain of the read-back.
    static let sizeMax = 1 << 20
    /// Pieces start and end on multiples of this, but for the image's end: the largest sector.
    static let alignmentBytes: Int64 = 4096

    let range: Range<Int64>
    let isZero: Bool
}

/// Ranges of the disk, sorted, apart from each other and not empty.
struct DiskRanges: Sendable, Hashable {
    private(set) var ranges: [Range<Int64>]

    /// Sorts and joins ranges that may touch, overlap or be empty.
    init(_ unsorted: [Range<Int64>]) {
        ranges = []
        for range in unsorted.sorted(by: { $0.lowerBound < $1.lowerBound }) where !range.isEmpty {
            if let last = ranges.last, range.lowerBound <= last.upperBound {
                let end = max(last.upperBound, range.upperBound)
                ranges[ranges.count - 1] = last.lowerBound..<end
            } else {
                ranges.append(range)
            }
        }
    }

    var sizeBytes: Int64 { ranges.reduce(0) { $0 + Int64($1.count) } }

    /// The ranges grown to whole blocks, but not beyond `limit`.
    func aligned(below limit: Int64) -> DiskRanges {
        let mask = FlashPiece.alignmentBytes - 1
        return DiskRanges(
            ranges.map { range in
                let start = range.lowerBound & ~mask
                return start..<max(start, min((range.upperBound + mask) & ~mask, limit))
            }
        )
    }

    func clamped(to bounds: Range<Int64>) -> DiskRanges {
        DiskRanges(ranges.map { $0.clamped(to: bounds) })
    }

    func subtracting(_ other: DiskRanges) -> DiskRanges {
        var kept: [Range<Int64>] = []
        var cuts = other.ranges[...]
        for range in ranges {
            var start = range.lowerBound
            while let cut = cuts.first, cut.upperBound <= start { cuts.removeFirst() }
            for cut in cuts {
                guard cut.lowerBound < range.upperBound else { break }
                if cut.lowerBound > start { kept.append(start..<cut.lowerBound) }
                start = max(start, cut.upperBound)
            }
            if start < range.upperBound { kept.append(start..<range.upperBound) }
        }
        return DiskRanges(kept)
    }

    func union(_ other: DiskRanges) -> DiskRanges { DiskRanges(ranges + other.ranges) }
}

/// The pieces of an area in rising order, made while they are used: a disk of many TiB has
/// millions of them.
struct FlashPieces: Sequence, IteratorProtocol {
    private var areas: ArraySlice<Range<Int64>>
    private var data: ArraySlice<Range<Int64>>
    private let zeroSizeMax: Int64

    /// - Parameters:
    ///   - area: What the pieces cover.
    ///   - data: What of it may differ from zero.
    ///   - zeroSizeMax: The largest piece of zeros.
    init(area: DiskRanges, data: DiskRanges, zeroSizeMax: Int64) {
        areas = area.ranges[...]
        self.data = data.ranges[...]
        self.zeroSizeMax = zeroSizeMax
    }

    mutating func next() -> FlashPiece? {
        guard let area = areas.first else { return nil }
        let start = area.lowerBound
        while let range = data.first, range.upperBound <= start { data.removeFirst() }
        let piece: FlashPiece
        if let range = data.first, range.lowerBound <= start {
            let cell = (start | Int64(FlashPiece.sizeMax - 1)) + 1
            let end = Swift.min(cell, range.upperBound, area.upperBound)
            piece = FlashPiece(range: start..<end, isZero: false)
        } else {
            let dataStart = data.first?.lowerBound ?? Int64.max
            let room = area.upperBound - start
            let end = Swift.min(start + Swift.min(zeroSizeMax, room), dataStart)
            piece = FlashPiece(range: start..<end, isZero: true)
        }
        areas.removeFirst()
        if piece.range.upperBound < area.upperBound {
            areas = [piece.range.upperBound..<area.upperBound] + areas
        }
        return piece
    }
}
