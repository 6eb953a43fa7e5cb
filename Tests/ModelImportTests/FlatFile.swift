/// A field's value in a FlatBuffers table that a test writes.
indirect enum FlatValue: Sendable {
    case uint8(UInt8)
    case int32(Int32)
    case uint64(UInt64)
    case bytes([UInt8])
    case int32s([Int32])
    case int64s([Int64])
    case floats([Float])
    case table(FlatRecord)
    case tables([FlatRecord])

    static func text(_ text: String) -> FlatValue { .bytes(Array(text.utf8)) }
    static func float(_ value: Float) -> FlatValue { .int32(Int32(bitPattern: value.bitPattern)) }
}

/// A table that a test writes: field numbers and values.
struct FlatRecord: Sendable {
    var fields: [Int: FlatValue]

    init(_ fields: [Int: FlatValue] = [:]) { self.fields = fields }
}

/// Writes FlatBuffers front to back: a table, then what it refers to.
struct FlatFile {
    private(set) var bytes: [UInt8] = []

    /// A file with a root table.
    static func write(_ root: FlatRecord, identifier: String = "TFL3") -> [UInt8] {
        var file = FlatFile()
        file.append(0, size: 4)
        file.bytes += Array(identifier.utf8)
        file.patch(0, with: file.append(root))
        return file.bytes
    }

    private mutating func append(_ value: UInt64, size: Int) {
        for byte in 0..<size {
            bytes.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(byte))))
        }
    }

    private mutating func align() {
        while bytes.count % 8 != 0 { bytes.append(0) }
    }

    /// Makes the reference at `position` point to `target`.
    private mutating func patch(_ position: Int, with target: Int) {
        let distance = UInt32(target - position)
        for byte in 0..<4 {
            bytes[position + byte] = UInt8(truncatingIfNeeded: distance >> (8 * byte))
        }
    }

    private mutating func append(_ record: FlatRecord) -> Int {
        align()
        let slots = (record.fields.keys.max() ?? -1) + 1
        let vtable = bytes.count
        var offset = 8
        var offsets: [Int: Int] = [:]
        append(UInt64(4 + 2 * slots), size: 2)
        append(UInt64(8 + 8 * record.fields.count), size: 2)
        for slot in 0..<slots {
            let isPresent = record.fields[slot] != nil
            if isPresent { offsets[slot] = offset }
            append(UInt64(isPresent ? offset : 0), size: 2)
            if isPresent { offset += 8 }
        }
        align()
        let position = bytes.count
        append(UInt64(position - vtable), size: 4)
        append(0, size: offset - 4)
        for (slot, value) in record.fields.sorted(by: { $0.key < $1.key }) {
            write(value, at: position + (offsets[slot] ?? 0))
        }
        return position
    }

    private mutating func write(_ value: FlatValue, at position: Int) {
        switch value {
        case .uint8(let number): bytes[position] = number
        case .int32(let number): store(UInt64(UInt32(bitPattern: number)), at: position)
        case .uint64(let number): store(number, at: position)
        case .bytes(let content):
            patch(position, with: vector(content.count) { $0.bytes += content })
        case .int32s(let numbers):
            patch(
                position,
                with: vector(numbers.count) { file in
                    for number in numbers {
                        file.append(UInt64(UInt32(bitPattern: number)), size: 4)
                    }
                }
            )
        case .int64s(let numbers):
            patch(
                position,
                with: vector(numbers.count) { file in
                    for number in numbers { file.append(UInt64(bitPattern: number), size: 8) }
                }
            )
        case .floats(let numbers):
            write(.int32s(numbers.map { Int32(bitPattern: $0.bitPattern) }), at: position)
        case .table(let record): patch(position, with: append(record))
        case .tables(let records):
            let start = vector(records.count) { $0.append(0, size: 4 * records.count) }
            patch(position, with: start)
            for (index, record) in records.enumerated() {
                patch(start + 4 + 4 * index, with: append(record))
            }
        }
    }

    private mutating func store(_ value: UInt64, at position: Int) {
        for byte in 0..<8 {
            bytes[position + byte] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(byte)))
        }
    }

    /// Appends a vector whose elements follow its count on a boundary of eight bytes.
    private mutating func vector(_ count: Int, _ body: (inout FlatFile) -> Void) -> Int {
        align()
        append(0, size: 4)
        let start = bytes.count
        append(UInt64(count), size: 4)
        body(&self)
        return start
    }
}
