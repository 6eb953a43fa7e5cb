import Testing

@testable import InferenceRuntime

/// A header that numpy 2.4.6 wrote with `numpy.lib.format.write_array_header_1_0`: its dictionary
/// and the number of spaces before the newline.
private struct Golden {
    let type: NumpyType
    let shape: [Int]
    let dictionary: String
    let spaceCount: Int
}

private let goldens = [
    Golden(
        type: .int8,
        shape: [1000, 49, 10, 1],
        dictionary: "{'descr': '|i1', 'fortran_order': False, 'shape': (1000, 49, 10, 1), }",
        spaceCount: 47
    ),
    Golden(
        type: .uint8,
        shape: [],
        dictionary: "{'descr': '|u1', 'fortran_order': False, 'shape': (), }",
        spaceCount: 62
    ),
    Golden(
        type: .int16,
        shape: [7],
        dictionary: "{'descr': '<i2', 'fortran_order': False, 'shape': (7,), }",
        spaceCount: 60
    ),
    Golden(
        type: .int32,
        shape: [0, 3],
        dictionary: "{'descr': '<i4', 'fortran_order': False, 'shape': (0, 3), }",
        spaceCount: 58
    ),
    Golden(
        type: .int64,
        shape: [1, 2, 3, 4, 5, 6, 7, 8],
        dictionary: "{'descr': '<i8', 'fortran_order': False, 'shape': (1, 2, 3, 4, 5, 6, 7, 8), }",
        spaceCount: 40
    ),
    Golden(
        type: .float32,
        shape: [123_456],
        dictionary: "{'descr': '<f4', 'fortran_order': False, 'shape': (123456,), }",
        spaceCount: 55
    ),
    Golden(
        type: .float64,
        shape: [2, 2],
        dictionary: "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 2), }",
        spaceCount: 58
    ),
    Golden(
        type: .bool,
        shape: [10],
        dictionary: "{'descr': '|b1', 'fortran_order': False, 'shape': (10,), }",
        spaceCount: 59
    ),
]

@Suite("NumpyFile")
struct NumpyFileTests {
    @Test("the written header equals numpy's, byte for byte", arguments: goldens.indices)
    func writtenHeaderEqualsNumpy(index: Int) throws {
        let golden = goldens[index]
        let text = golden.dictionary + String(repeating: " ", count: golden.spaceCount) + "\n"
        let expected = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, 118, 0] + Array(text.utf8)
        #expect(try NumpyFile.header(type: golden.type, shape: golden.shape) == expected)
    }

    @Test("a file written by numpy reads back: int8, shape (2, 3)")
    func readsFileOfNumpy() throws {
        // numpy.save(f, numpy.arange(6, dtype=numpy.int8).reshape(2, 3))
        let text = "{'descr': '|i1', 'fortran_order': False, 'shape': (2, 3), }"
        var bytes: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0, 118, 0]
        bytes += Array(text.utf8)
        bytes += [UInt8](repeating: 0x20, count: 128 - 10 - text.utf8.count - 1) + [0x0A]
        bytes += [0, 1, 2, 3, 4, 5]
        let file = try NumpyFile(validating: bytes)
        #expect(file.type == .int8)
        #expect(file.shape == [2, 3])
        #expect(file.dataRange == 128..<134)
        #expect(file.elementCount == 6)
        let viaPointer = try bytes.withUnsafeBytes { try NumpyFile(validating: $0) }
        #expect(viaPointer.dataRange == file.dataRange)
    }

    @Test("every type and rank written here reads back", arguments: 0...8)
    func roundTrip(rank: Int) throws {
        for type in NumpyType.all {
            let shape = (0..<rank).map { $0 % 3 + 1 }
            let size = try NumpyFile.sizeBytes(of: shape, type: type)
            let header = try NumpyFile.header(type: type, shape: shape)
            #expect(header.count % 64 == 0)
            let file = try NumpyFile(validating: header + [UInt8](repeating: 0, count: size))
            #expect(file.type == type)
            #expect(file.shape == shape)
            #expect(file.dataRange.count == size)
        }
    }

    @Test(
        "keys may come in any order, in either quote, with or without the last comma",
        arguments: [
            "{\"shape\": (2,), \"descr\": \"<i4\", \"fortran_order\": False}",
            "{'fortran_order': False,'shape':(2 , ),'descr':'<i4',}",
            "  { 'fortran_order' : False , 'descr' : '<i4' , 'shape' : ( 2, ) , }  ",
        ]
    )
    func acceptsSpellings(dictionary: String) throws {
        for version: UInt8 in [1, 2] {
            let file = try NumpyFile(validating: wrap(dictionary, version: version, dataBytes: 8))
            #expect(file.shape == [2])
            #expect(file.type == .int32)
        }
    }

    @Test(
        "a header outside the strict subset is refused with its reason",
        arguments: [
            ("{'descr': '>i4', 'fortran_order': False, 'shape': (2,), }", "type"),
            ("{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }", "type"),
            ("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (2,), }", "type"),
            ("{'descr': '<i4', 'fortran_order': True, 'shape': (2, 2), }", "order"),
            ("{'descr': '<i4', 'fortran_order': 0, 'shape': (2, 2), }", "malformed"),
            ("{'descr': '<i4', 'fortran_order': False, 'shape': (2), }", "malformed"),
            ("{'descr': '<i4', 'fortran_order': False, 'shape': (2 2), }", "malformed"),
            ("{'descr': '<i4', 'fortran_order': False, 'shape': (,), }", "malformed"),
            ("{'descr': '<i4', 'fortran_order': False, 'shape': (-2,), }", "malformed"),
            ("{'descr': '<i4', 'fortran_order': False, 'shape': (2L,), }", "malformed"),
            ("{'descr': '<i4', 'fortran_order': False, 'shape': (2,), } x", "malformed"),
            ("{'descr': '<i4', 'fortran_order': False, 'shape': (2,)", "malformed"),
            ("{'descr': '<i4, 'fortran_order': False, 'shape': (2,), }", "type"),
            ("{'descr': '<i\\x34', 'fortran_order': False, 'shape': (2,), }", "malformed"),
            ("{'descr': '<i4', 'fortran_order': False, }", "missing"),
            ("{}", "missing"), ("", "malformed"),
            ("{'descr': '<i4', 'descr': '<i4', 'fortran_order': False, 'shape': (2,)}", "key"),
            ("{'fortran_order': False, 'fortran_order': False}", "key"),
            ("{'bogus': 1, 'descr': '<i4', 'fortran_order': False, 'shape': (2,)}", "key"),
            (
                "{'descr': '<i4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }",
                "rank"
            ),
            (
                "{'descr': '<i4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
                "large"
            ),
            (
                "{'descr': '<i4', 'fortran_order': False, 'shape': (3037000500, 3037000500), }",
                "large"
            ),
            (
                "{'descr': '|i1', 'fortran_order': False, 'shape': (9223372036854775807,), }",
                "large"
            ),
            ("{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }", "size"),
            ("{'descr': '<i4', 'fortran_order': False, 'shape': (1,), }", "size"),
        ]
    )
    func refusesHeader(dictionary: String, reason: String) {
        let bytes = wrap(dictionary, version: 1, dataBytes: 8)
        #expect(throws: NumpyError.self) { try NumpyFile(validating: bytes) }
        #expect(kind(of: bytes) == reason)
    }

    @Test("magic, version and length are checked before the dictionary")
    func refusesPreamble() throws {
        var bytes = wrap("{'descr': '|i1', 'fortran_order': False, 'shape': ()}", dataBytes: 1)
        #expect(throws: Never.self) { try NumpyFile(validating: bytes) }
        bytes[6] = 3
        #expect(throws: NumpyError.unsupportedVersion(major: 3, minor: 0)) {
            try NumpyFile(validating: bytes)
        }
        bytes[6] = 1
        bytes[0] = 0x92
        #expect(throws: NumpyError.notNumpy) { try NumpyFile(validating: bytes) }
        let long: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 2, 0, 255, 255, 255, 255]
        #expect(throws: NumpyError.headerTooLong(sizeBytes: 4_294_967_307, limitBytes: 4_096)) {
            try NumpyFile(validating: long)
        }
    }

    @Test("every truncation of a file is refused")
    func refusesTruncations() throws {
        let bytes =
            try NumpyFile.header(type: .float32, shape: [2, 2]) + [UInt8](repeating: 7, count: 16)
        for count in 0..<bytes.count {
            #expect(throws: NumpyError.self) { try NumpyFile(validating: Array(bytes[..<count])) }
        }
        #expect(throws: NumpyError.sizeMismatch(expectedBytes: 144, actualBytes: 145)) {
            try NumpyFile(validating: bytes + [0])
        }
    }

    @Test("20,000 mutated headers give an error or a file whose range lies inside the bytes")
    func survivesMutations() throws {
        var random = SplitMix(seed: 0x5EED_0001)
        let original = wrap(
            "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 1, 3), }",
            dataBytes: 24
        )
        for round in 0..<20_000 {
            var bytes = original
            for _ in 0...(round % 4) {
                bytes[Int(random.next() % 96)] = UInt8(truncatingIfNeeded: random.next() >> 8)
            }
            guard let file = try? NumpyFile(validating: bytes) else { continue }
            #expect(file.dataRange.upperBound == bytes.count, "round \(round)")
        }
    }
}

private func wrap(_ dictionary: String, version: UInt8 = 1, dataBytes: Int) -> [UInt8] {
    let size = dictionary.utf8.count + 1
    var bytes: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, version, 0]
    bytes += [UInt8(size & 255), UInt8(size >> 8)] + (version == 2 ? [0, 0] : [])
    return bytes + Array(dictionary.utf8) + [0x0A] + [UInt8](repeating: 0, count: dataBytes)
}

private func kind(of bytes: [UInt8]) -> String {
    do throws(NumpyError) {
        _ = try NumpyFile(validating: bytes)
        return "accepted"
    } catch {
        return switch error {
        case .truncatedHeader: "truncated"
        case .notNumpy: "magic"
        case .unsupportedVersion: "version"
        case .headerTooLong: "long"
        case .malformedHeader: "malformed"
        case .unexpectedKey: "key"
        case .missingKey: "missing"
        case .unsupportedType: "type"
        case .fortranOrder: "order"
        case .rankTooLarge: "rank"
        case .arrayTooLarge: "large"
        case .negativeExtent: "negative"
        case .sizeMismatch: "size"
        }
    }
}

private struct SplitMix {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
