// The protocol of the Unix socket, little-endian; martletd.docc/SocketProtocol.md is for clients.
//
//   request   0 "MLTQ" | 4 u8 kind | 5 u8 zero | 6 u16 flags | 8 u32 id | 12 u32 payload size
//   answer    0 "MLTS" | 4 u8 kind | 5 u8 status | 6 u16 zero | 8 u32 id | 12 u32 payload size
//
// Invariants: 1. a connection's requests are answered one after the other, in their order. 2. An
// answer repeats kind and id. 3. Only an answer of status 0 has a payload.

/// What an application asks.
public enum RequestKind: UInt8, Sendable {
    /// All inputs in, all outputs out.
    case infer = 1
    /// The agent's counters: text, or JSON when flag 0 is set.
    case status = 2
    /// The tensors.
    case describe = 3
    /// The model's states back to their initial values; nothing for a model without any.
    case resetState = 4
}

/// How a request went.
public enum AnswerStatus: UInt8, Sendable {
    /// The payload is what was asked for.
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
public struct RequestHeader: Sendable, Equatable {
    /// The size of a head in bytes.
    public static let sizeBytes = 16
    /// The flag that asks for a status as JSON.
    public static let isJSON: UInt16 = 1

    /// What is asked, perhaps of a later version.
    public var kind: UInt8
    /// Of `status`: `isJSON`.
    public var flags: UInt16
    /// The client's number for the request.
    public var id: UInt32
    /// The bytes that follow.
    public var payloadSizeBytes: UInt32

    /// Reads 16 bytes; `nil` when they are not a request's head.
    public init?(decoding bytes: [UInt8]) {
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
    public static func encode(_ kind: RequestKind, flags: UInt16) -> [UInt8] {
        var writer = RecordBytes(bytes: TextLine("MLTQ").bytes + [kind.rawValue, 0])
        writer.append(UInt64(flags), size: 2)
        writer.zeros(until: sizeBytes)
        return writer.bytes
    }
}

/// The head of an answer.
public struct AnswerHeader: Sendable, Equatable {
    /// The size of a head in bytes.
    public static let sizeBytes = 16

    /// The request's kind; 0 before a head was read.
    public var kind: UInt8
    /// How the request went.
    public var status: AnswerStatus
    /// The request's id; 0 before a head was read.
    public var id: UInt32
    /// The bytes that follow.
    public var payloadSizeBytes: UInt32

    package init(kind: UInt8, status: AnswerStatus, id: UInt32, payloadSizeBytes: UInt32) {
        self.kind = kind
        self.status = status
        self.id = id
        self.payloadSizeBytes = payloadSizeBytes
    }

    /// Reads 16 bytes; `nil` when they are not an answer's head.
    public init?(decoding bytes: [UInt8]) {
        guard bytes.count == AnswerHeader.sizeBytes, bytes.starts(with: TextLine("MLTS").bytes),
            let status = AnswerStatus(rawValue: bytes[5]), bytes[6] == 0, bytes[7] == 0
        else { return nil }
        let reader = RecordBytes(bytes: bytes)
        kind = bytes[4]
        self.status = status
        id = UInt32(reader.number(8, size: 4))
        payloadSizeBytes = UInt32(reader.number(12, size: 4))
        guard status == .ok || payloadSizeBytes == 0 else { return nil }
    }

    /// The 16 bytes of an answer's head.
    public func encoded() -> [UInt8] {
        var writer = RecordBytes(bytes: TextLine("MLTS").bytes + [kind, status.rawValue, 0, 0])
        writer.append(UInt64(id), size: 4)
        writer.append(UInt64(payloadSizeBytes), size: 4)
        return writer.bytes
    }
}
