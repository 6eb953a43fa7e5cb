/// Decimal numbers without sign or leading zeros.
package enum Decimal {
    @inline(never)
    package static func read(_ text: ArraySlice<UInt8>) -> UInt64? {
        guard let first = text.first, first != 0x30 || text.count == 1 else { return nil }
        var value: UInt64 = 0
        for byte in text {
            guard (0x30...0x39).contains(byte) else { return nil }
            let (product, isOver) = value.multipliedReportingOverflow(by: 10)
            let (sum, isOverAgain) = product.addingReportingOverflow(UInt64(byte - 0x30))
            guard !isOver, !isOverAgain else { return nil }
            value = sum
        }
        return value
    }
}
