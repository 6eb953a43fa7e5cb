// The protocol of the Unix socket, little-endian; martletd.docc/SocketProtocol.md is for clients.
//
//   request   0 "MLTQ" | 4 u8 kind | 5 u8 zero | 6 u16 flags | 8 u32 id | 12 u32 payload size
//   answer    0 "MLTS" | 4 u8 kind | 5 u8 status | 6 u16 zero | 8 u32 id | 12 u32 payload size
//
// Invariants: 1. a connection's requests are answered one after the other, in their order. 2. An
// answer repeats kind and id. 3. Only an answer of status 0 has a payload.

import BundleFormat
import InferenceRuntime

/// What an application asks.
enum RequestKind: UInt8 {
    /// All inputs in, all outputs out.
    case infer = 1
    /// The agent's counters: text, or JSON when flag 0 is set.
    case status = 2
    /// The tensors.
    case describe = 3
}

/// How a request went.
enum AnswerStatus: UInt8 {
    case ok = 0
    /// The header breaks the protocol; the connection is closed after this answer.
    case badRequest = 1
    /// The kind is unknown to this agent.
    case unknownKind = 2
    /// The payload has the wrong size; `describe` tells the right one.
    case wrongSize = 3
    /// All places are taken; the connection is closed after this answer.
    case busy = 4
}

/// The head of a request, read but for its magic.
struct RequestHeader {
    static let sizeBytes = 16
    static let isJSON: UInt16 = 1

    var kind: UInt8
    var flags: UInt16
    var id: UInt32
    var payloadSizeBytes: UInt32

    /// Reads 16 bytes; `nil` when they are not a request's head.
    init?(decoding bytes: [UInt8]) {
        guard bytes.count == RequestHeader.sizeBytes,
            bytes.starts(with: TextLine("MLTQ").bytes), bytes[5] == 0
        else { return nil }
        let reader = RecordBytes(bytes: bytes)
        kind = bytes[4]
        flags = UInt16(reader.number(6, size: 2))
        id = UInt32(reader.number(8, size: 4))
        payloadSizeBytes = UInt32(reader.number(12, size: 4))
    }

    /// The 16 bytes of a request.
    static func encode(_ kind: RequestKind, flags: UInt16) -> [UInt8] {
        var writer = RecordBytes(bytes: TextLine("MLTQ").bytes + [kind.rawValue, 0])
        writer.append(UInt64(flags), size: 2)
        writer.zeros(until: sizeBytes)
        return writer.bytes
    }
}

/// The head of an answer.
struct AnswerHeader {
    static let sizeBytes = 16

    var kind: UInt8
    var status: AnswerStatus
    var id: UInt32
    var payloadSizeBytes: UInt32

    func encoded() -> [UInt8] {
        var writer = RecordBytes(bytes: TextLine("MLTS").bytes + [kind, status.rawValue, 0, 0])
        writer.append(UInt64(id), size: 4)
        writer.append(UInt64(payloadSizeBytes), size: 4)
        return writer.bytes
    }

    /// The payload's size in an answer of status 0 to a request; `nil` for every other.
    static func payloadSize(decoding bytes: [UInt8], kind: RequestKind) -> UInt32? {
        guard bytes.count == sizeBytes, bytes.starts(with: TextLine("MLTS").bytes),
            bytes[4] == kind.rawValue, bytes[5] == AnswerStatus.ok.rawValue
        else { return nil }
        return UInt32(RecordBytes(bytes: bytes).number(12, size: 4))
    }
}

/// The answer to `describe`.
///
///     0 u16 inputs | 2 u16 outputs | 4 u32 bytes of all inputs | 8 u32 bytes of all outputs
///     | 12 content id 32 | 44 tensors of 72 bytes, inputs first:
///       0 u8 type | 1 u8 type in the source model | 2 u8 rank | 3 u8 name size | 4 i32 zero point
///       | 8 u32 bits of the float32 scale | 12 u32 size | 16 u32 x 6 extents | 40 name 32
///
/// Types are 0 int8, 1 uint8, 2 int32, 3 int64, 4 float32, 5 int16, 6 float16, 7 bool.
enum Description {
    static func sizeBytes(of program: Program) -> Int {
        44 + (program.inputCount + program.outputCount) * 72
    }

    static func encode(_ engine: borrowing InferenceEngine) -> [UInt8] {
        let program = engine.program
        var writer = RecordBytes(bytes: [])
        writer.append(UInt64(program.inputCount), size: 2)
        writer.append(UInt64(program.outputCount), size: 2)
        writer.append(UInt64(engine.inputSizeBytes), size: 4)
        writer.append(UInt64(engine.outputSizeBytes), size: 4)
        writer.bytes += engine.image.manifest.contentID
        for index in 0..<program.inputCount { append(program.input(index), to: &writer) }
        for index in 0..<program.outputCount { append(program.output(index), to: &writer) }
        return writer.bytes
    }

    private static func append(_ port: PortInfo, to writer: inout RecordBytes) {
        let start = writer.bytes.count
        writer.bytes += [
            port.type.rawValue, port.externalType.rawValue, UInt8(port.rank),
            UInt8(port.nameSizeBytes),
        ]
        writer.append(UInt64(UInt32(bitPattern: port.zeroPoint)), size: 4)
        writer.append(UInt64(port.scale.bitPattern), size: 4)
        writer.append(UInt64(port.sizeBytes), size: 4)
        for index in 0..<port.rank { writer.append(UInt64(port.dimension(index)), size: 4) }
        writer.zeros(until: start + 40)
        for index in 0..<port.nameSizeBytes { writer.bytes.append(port.nameByte(index)) }
        writer.zeros(until: start + 72)
    }
}
