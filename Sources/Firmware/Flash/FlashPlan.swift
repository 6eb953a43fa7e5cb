/// The order in which an image comes onto a target.
///
/// ```
/// |0            4 KiB-rounded      1 MiB                                          image's end|
/// | primary table | rest of 1 MiB  | data ... | boot, environment | data ... | backup table |
///   primary (4th)   boot (2nd)       data (1st)   boot (2nd)        data (1st)  backup (3rd)
/// ```
/// Every byte of the image is in exactly one of the four areas.
public struct FlashPlan: Sendable {
    /// Where an image keeps what makes it bootable; found by `FlashPlan.init(image:...)`.
    struct Places: Sendable, Hashable {
        /// The first partition table with the sector 0.
        var primary: Range<Int64>
        /// The second table at the end; empty without one.
        var backup: Range<Int64>
        /// Boot and environment partitions.
        var boot: [Range<Int64>]
    }

    /// What makes a disk recognizable lies in the first and the last MiB of it.
    static let edgeBytes: Int64 = 1 << 20

    let content: FlashContent
    /// The first byte after all that is written.
    let endBytes: Int64
    let data: DiskRanges
    let boot: DiskRanges
    let backup: DiskRanges
    let primary: DiskRanges

    init(content: FlashContent, places: Places) {
        self.content = content
        let imageEnd = content.image.sizeBytes
        let end = max(imageEnd, places.backup.upperBound)
        let whole = DiskRanges([0..<imageEnd])
        primary = DiskRanges([places.primary]).aligned(below: end)
        backup = DiskRanges([places.backup]).aligned(below: end).subtracting(primary)
        let table = primary.union(backup)
        let edge = 0..<min(Self.edgeBytes, imageEnd)
        boot = DiskRanges(places.boot + [edge]).clamped(to: 0..<imageEnd).aligned(below: imageEnd)
            .subtracting(table)
        data = whole.subtracting(table.union(boot))
        endBytes = end
    }

    /// The image.
    public var image: FlashImage { content.image }

    /// The bytes that a target must have.
    public var neededBytes: Int64 { endBytes }

    /// The bytes of the image that may differ from zero.
    public var dataBytes: Int64 { content.data.sizeBytes }

    /// All areas in the order of writing.
    var areas: [DiskRanges] { [data, boot, backup, primary] }

    func pieces(_ area: DiskRanges, zeroSizeMax: Int64) -> FlashPieces {
        FlashPieces(area: area, data: content.data, zeroSizeMax: zeroSizeMax)
    }
}
