import CPlatform

/// A place for one client: its socket, and memory for one request and one answer.
///
/// header -> payload -> (answered by the agent) -> answer -> header; a payload of the wrong size is
/// read and dropped. While an answer waits to be sent, nothing more is received.
///
///     0 request's header | 16 payload, `payloadCapacity` | answer's header | answer's payload
@safe
public struct Connection {
    private enum Phase {
        case header, payload, drop, ready, answer
    }

    /// What a client did.
    public enum Event: Equatable {
        /// Nothing that asks for an answer.
        case nothing
        /// A request whose payload is there, and its flags.
        case request(RequestKind, flags: UInt16)
        /// Something that must be answered by this status.
        case refused(AnswerStatus)
        /// It is gone.
        case closed
    }

    /// Receives in one turn, so that a fast client leaves time for the others.
    private static let receiveCountMax = 4
    /// A payload that is dropped needs room too.
    private static let payloadCapacityMin = 1_024

    private let memory: UnsafeMutableRawBufferPointer
    private let inferSizeBytes: Int
    private let payloadCapacity: Int
    /// The client's socket, or -1.
    public private(set) var descriptor: Int32 = -1
    private var header: RequestHeader?
    private var phase = Phase.header
    /// Bytes received or sent in this phase.
    private var done = 0
    private var dropCount: UInt32 = 0
    private var answerSize = 0
    private var closesAfterAnswer = false
    /// When the client is cut off, on the monotonic clock in nanoseconds.
    public private(set) var deadline: Int64 = 0

    /// The memory of a place, a multiple of 64 bytes; `nil` when it is more than can be addressed.
    public static func memorySize(inferSizeBytes: Int, answerSizeBytes: Int) -> Int? {
        let heads = RequestHeader.sizeBytes + AnswerHeader.sizeBytes + 63
        let capacity = max(inferSizeBytes, payloadCapacityMin)
        let (sum, isOver) = capacity.addingReportingOverflow(answerSizeBytes)
        let (size, isOverAgain) = sum.addingReportingOverflow(heads)
        return isOver || isOverAgain ? nil : size & ~63
    }

    /// Makes a free place.
    ///
    /// - Parameters:
    ///   - memory: `memorySize` bytes that outlive the place and belong to it alone.
    ///   - inferSizeBytes: the payload of an inference.
    public init(memory: UnsafeMutableRawBufferPointer, inferSizeBytes: Int) {
        unsafe self.memory = memory
        self.inferSizeBytes = inferSizeBytes
        payloadCapacity = max(inferSizeBytes, Connection.payloadCapacityMin)
        let heads = RequestHeader.sizeBytes + AnswerHeader.sizeBytes
        let memorySize = memory.count
        precondition(memorySize >= payloadCapacity + heads)
    }

    /// Whether there is no client.
    public var isFree: Bool { descriptor < 0 }
    /// Whether the client owes nothing and is owed nothing.
    public var isIdle: Bool { phase == .header && done == 0 }
    /// Whether an answer waits for the client to take it.
    public var isAnswering: Bool { phase == .answer }

    /// Takes a client; its first request must begin before `deadline`.
    public mutating func open(_ descriptor: Int32, deadline: Int64) {
        self.descriptor = descriptor
        closesAfterAnswer = false
        header = nil
        expectHeader(deadline: deadline)
    }

    /// Ends the connection.
    public mutating func close() {
        guard !isFree else { return }
        _ = platform_close(descriptor)
        descriptor = -1
    }

    private mutating func expectHeader(deadline: Int64) {
        phase = .header
        done = 0
        self.deadline = deadline
    }
}

extension Connection {
    /// Receives what is there; a request that begins now must be over at `requestDeadline`.
    public mutating func receive(requestDeadline: Int64) -> Event {
        for _ in 0..<Connection.receiveCountMax {
            let wanted = wantedRange
            if !wanted.isEmpty {
                // Safe: the range lies in the place's memory by the phases' limits.
                let part = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[wanted])
                guard let base = part.baseAddress else { return .closed }
                let count = unsafe platform_receive(descriptor, base, part.count)
                if count == -Int64(platform_error_again) { return .nothing }
                guard count > 0 else { return .closed }
                if isIdle { deadline = requestDeadline }
                advance(by: Int(count))
            }
            if phase == .header, done == RequestHeader.sizeBytes { beginPayload() }
            if isComplete {
                phase = .ready
                return verdict
            }
        }
        return .nothing
    }

    private var wantedRange: Range<Int> {
        let start = RequestHeader.sizeBytes
        switch phase {
        case .header: return done..<start
        // Only a payload of the right size is kept, and the capacity is not below it.
        case .payload: return start + done..<start + Int(payloadSize)
        case .drop: return start..<start + Int(min(dropCount, UInt32(payloadCapacity)))
        case .ready, .answer: return 0..<0
        }
    }

    private mutating func advance(by count: Int) {
        if phase == .drop {
            dropCount -= UInt32(count)
        } else {
            done += count
        }
    }

    private var payloadSize: UInt32 { header?.payloadSizeBytes ?? 0 }

    private var isComplete: Bool {
        switch phase {
        case .payload: done == Int(payloadSize)
        case .drop: dropCount == 0
        default: false
        }
    }

    /// Reads the header.
    ///
    /// What follows bytes that are none cannot be told apart and is not read.
    private mutating func beginPayload() {
        // Safe: the memory begins with the header's 16 bytes.
        header = unsafe RequestHeader(
            decoding: [UInt8](memory[..<RequestHeader.sizeBytes])
        )
        phase = payloadSize == expectedSize ? .payload : .drop
        dropCount = payloadSize
        done = 0
    }

    private var expectedSize: UInt32 {
        header?.kind == RequestKind.infer.rawValue ? UInt32(inferSizeBytes) : 0
    }

    /// What a request that was read to its end asks for.
    private var verdict: Event {
        guard let header else { return .refused(.badRequest) }
        guard let kind = RequestKind(rawValue: header.kind) else { return .refused(.unknownKind) }
        guard payloadSize == expectedSize else { return .refused(.wrongSize) }
        return .request(kind, flags: header.flags)
    }

    /// The payload of a request to infer that is ready.
    public var payload: UnsafeRawBufferPointer {
        let start = RequestHeader.sizeBytes
        // Safe: the capacity is not below the size of an inference's payload.
        return unsafe UnsafeRawBufferPointer(rebasing: memory[start..<start + inferSizeBytes])
    }
}

extension Connection {
    /// Room for an answer's payload.
    public var answerRoom: UnsafeMutableRawBufferPointer {
        let start = RequestHeader.sizeBytes + payloadCapacity + AnswerHeader.sizeBytes
        // Safe: the initialiser saw that the memory holds both headers and the payload.
        return unsafe UnsafeMutableRawBufferPointer(rebasing: memory[start...])
    }

    /// Begins to answer, with the first `payloadSize` bytes of `answerRoom`.
    public mutating func answer(_ status: AnswerStatus, payloadSize: Int) {
        let roomSize = unsafe answerRoom.count
        precondition(payloadSize <= roomSize)
        let head = AnswerHeader(
            kind: header?.kind ?? 0,
            status: status,
            id: header?.id ?? 0,
            payloadSizeBytes: UInt32(payloadSize)
        ).encoded()
        let start = RequestHeader.sizeBytes + payloadCapacity
        for (index, byte) in head.enumerated() {
            // Safe: the answer's header lies before `answerRoom`.
            unsafe memory[start + index] = byte
        }
        answerSize = AnswerHeader.sizeBytes + payloadSize
        closesAfterAnswer = status == .badRequest || status == .busy
        phase = .answer
        done = 0
    }

    /// Sends what the socket takes; the next request must begin before `idleDeadline`.
    ///
    /// - Returns: `nothing` or `closed`.
    public mutating func send(idleDeadline: Int64) -> Event {
        let start = RequestHeader.sizeBytes + payloadCapacity
        // Safe: the answer's header and payload were laid in this range.
        let rest = unsafe memory[start + done..<start + answerSize]
        let part = unsafe UnsafeRawBufferPointer(rebasing: rest)
        guard let base = part.baseAddress else { return .closed }
        let count = unsafe platform_send(descriptor, base, part.count)
        if count == -Int64(platform_error_again) { return .nothing }
        guard count >= 0 else { return .closed }
        done += Int(count)
        guard done == answerSize else { return .nothing }
        if closesAfterAnswer { return .closed }
        expectHeader(deadline: idleDeadline)
        return .nothing
    }
}
