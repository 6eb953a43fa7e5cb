import Testing

@testable import ModelImport

@Suite("FlatBuffer")
struct FlatBufferTests {
    static func littleEndian(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private static let record = FlatRecord([
        0: .int32(-5), 2: .text("abc"), 3: .int64s([1, -2]), 4: .floats([0.5]), 5: .uint8(200),
        6: .tables([FlatRecord([0: .int32(1)]), FlatRecord([0: .int32(2)])]),
        7: .uint64(1 << 40),
    ])

    @Test("fields read back; absent ones are absent")
    func readsFields() throws {
        var file = FlatBuffer(FlatFile.write(Self.record))
        let root = try file.root()
        #expect(try file.int32(0, of: root) == -5)
        #expect(try file.int32(1, of: root) == nil)
        #expect(try file.int32(99, of: root) == nil)
        #expect(try file.name(2, of: root) == "abc")
        #expect(try file.int64s(3, of: root, limit: 9) == [1, -2])
        #expect(try file.floats(4, of: root, limit: 9) == [0.5])
        #expect(try file.uint8(5, of: root) == 200)
        #expect(try file.uint64(7, of: root) == 1 << 40)
        let tables = try file.vector(6, of: root, elementSizeBytes: 4, limit: 9)
        let second = try file.table(1, of: tables)
        #expect(try file.int32(0, of: second) == 2)
        #expect(try file.int32s(98, of: root, limit: 9).isEmpty)
    }

    @Test("a vector beyond its limit is refused")
    func vectorLimit() throws {
        let file = FlatBuffer(FlatFile.write(Self.record))
        let root = try file.root()
        let error = #expect(throws: FlatBufferError.self) {
            try file.vector(2, of: root, elementSizeBytes: 1, limit: 2)
        }
        guard case .vectorTooLong(_, 3, 2) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test(
        "a root outside the file, a vtable outside it and a vtable of odd size are refused",
        arguments: [
            [0xFF, 0xFF, 0xFF, 0xFF],
            [0x0C, 0, 0, 0, 0, 0, 0, 0, 4, 0, 4, 0, 0xFF, 0xFF, 0xFF, 0x7F],
            [0x0C, 0, 0, 0, 0, 0, 0, 0, 5, 0, 4, 0, 4, 0, 0, 0],
            [0x0C, 0, 0, 0, 0, 0, 0, 0, 2, 0, 4, 0, 4, 0, 0, 0],
            [0x0C, 0, 0, 0, 0, 0, 0, 0, 4, 0, 9, 0, 4, 0, 0, 0],
            [0x0C, 0, 0, 0, 0, 0, 0, 0, 4, 0, 2, 0, 4, 0, 0, 0],
            [0x0C, 0, 0, 0, 0, 0, 0, 0, 0xFE, 0xFF, 4, 0, 4, 0, 0, 0],
            [],
        ] as [[UInt8]]
    )
    func badRoots(bytes: [UInt8]) {
        #expect(throws: FlatBufferError.self) { try FlatBuffer(bytes).root() }
    }

    @Test("a field outside its table is refused")
    func fieldOutsideTable() throws {
        // A vtable with one field at offset 4 of a table of 6 bytes: too short for 4 bytes.
        let bytes: [UInt8] = [14, 0, 0, 0, 0, 0, 0, 0, 6, 0, 6, 0, 4, 0, 6, 0, 0, 0, 1, 2, 3, 4]
        let file = FlatBuffer(bytes)
        let root = try file.root()
        #expect(try file.uint8(0, of: root) == 1)
        #expect(throws: FlatBufferError.malformedTable(offset: 14)) { try file.int32(0, of: root) }
    }
}
