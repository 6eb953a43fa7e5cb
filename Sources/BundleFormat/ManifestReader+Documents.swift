// What the texts of roots and channels have in common.

extension ManifestReader {
    /// The lines `created N` and `not-after N`; the first is not later than the second, which may
    /// be 0 for never.
    mutating func lifetime() throws(BundleError) -> (created: UInt64, notAfter: UInt64) {
        let created = try number("created")
        let notAfter = try number("not-after")
        guard notAfter == 0 || created <= notAfter else { throw malformed }
        return (created, notAfter)
    }

    /// The extension lines, sorted and distinct.
    mutating func extensions() throws(BundleError) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        while let line = try extensionLine() {
            let isInOrder = lines.last.map { ManifestText.isOrdered($0, line) } ?? true
            guard isInOrder, lines.count < ManifestLimits.extensionCountMax else {
                throw malformed
            }
            lines.append(line)
        }
        return lines
    }
}
