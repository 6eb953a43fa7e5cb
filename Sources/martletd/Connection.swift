import CPlatform

/// A place for one client: its socket, and memory for one request and one answer.
///
/// header -> payload -> (answered by the server) -> answer -> header; a payload of the wrong size is
/// read and dropped. While an answer waits to be sent, nothing more is received.
@safe
struct Connection {
    private enum Phase {
        case header, payload, drop, ready, answer
    }

    /// What a client did.
    enum Event {
        case nothing, request, malformed, closed
    }

    /// Receives in one turn, so that a fast client leaves time for the others.
    private static let receiveCountMax = 4

    private let memory: UnsafeMutableRawBufferPointer
    private let payloadCapacity: Int
    private(set) var descriptor: Int32 = -1
    private(set) var header = RequestHeader(decoding: RequestHeader.encode(.status, flags: 0))
    private var phase = Phase.header
    /// Bytes received or sent in this phase.
    private var done = 0
    private var dropCount: UInt32 = 0
    private var answerSize = 0
    private var closesAfterAnswer = false
    /// When the client is cut off, on the monotonic clock in nanoseconds.
    private(set) var deadline: Int64 = 0

    /// Makes a free place in memory of its own, that holds a request's header, a payload of
    /// `payloadCapacity`, and an answer.
    init(memory: UnsafeMutableRawBufferPointer, payloadCapacity: Int) {
        unsafe self.memory = memory
        self.payloadCapacity = payloadCapacity
    }

    var isFree: Bool { descriptor < 0 }
    /// Whether the client owes nothing and is owed nothing.
    var isIdle: Bool { phase == .header && done == 0 }

    /// What to wait for.
    var events: Int16 {
        phase == .answer ? platform_poll_writable : platform_poll_readable
    }

    mutating func open(_ descriptor: Int32, deadline: Int64) {
        self.descriptor = descriptor
        closesAfterAnswer = false
        expectHeader(deadline: deadline)
    }

    mutating func close() {
        guard !isFree else { return }
        _ = platform_close(descriptor)
        descriptor = -1
    }

    private mutating func expectHeader(deadline: Int64) {
        phase = .header
        done = 0
        self.deadline = deadline
    }

    /// Receives what is there, for inferences of `payloadSize`; a request that begins now must be
    /// over at `requestDeadline`.
    mutating func receive(payloadSize: Int, requestDeadline: Int64) -> Event {
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
            if phase == .header, done == RequestHeader.sizeBytes {
                guard beginPayload(inferSize: payloadSize) else { return .malformed }
            }
            if isComplete {
                phase = .ready
                return .request
            }
        }
        return .nothing
    }

    private var wantedRange: Range<Int> {
        let start = RequestHeader.sizeBytes
        switch phase {
        case .header: return done..<start
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

    /// Reads the header; false when it is none.
    private mutating func beginPayload(inferSize: Int) -> Bool {
        // Safe: the memory begins with the header's 16 bytes.
        header = unsafe RequestHeader(
            decoding: [UInt8](memory[..<RequestHeader.sizeBytes])
        )
        guard let header else { return false }
        let isRight = header.payloadSizeBytes == Connection.expectedSize(header, inferSize)
        phase = isRight ? .payload : .drop
        dropCount = header.payloadSizeBytes
        done = 0
        return true
    }

    private static func expectedSize(_ header: RequestHeader, _ inferSize: Int) -> UInt32 {
        header.kind == RequestKind.infer.rawValue ? UInt32(inferSize) : 0
    }

    /// Whether the payload that was received is the one that its kind takes.
    func hasPayload(ofSize size: Int) -> Bool { Int(payloadSize) == size }

    /// The payload of a request that is ready.
    var payload: UnsafeRawBufferPointer {
        let start = RequestHeader.sizeBytes
        // Safe: a payload that is ready was received into this range.
        return unsafe UnsafeRawBufferPointer(
            rebasing: memory[start..<start + min(Int(payloadSize), payloadCapacity)]
        )
    }

    /// Room for an answer's payload.
    var answerRoom: UnsafeMutableRawBufferPointer {
        let start = RequestHeader.sizeBytes + payloadCapacity + AnswerHeader.sizeBytes
        // Safe: the server gave the place more memory than both headers and the payload.
        return unsafe UnsafeMutableRawBufferPointer(rebasing: memory[start...])
    }

    /// Begins to answer, with the first `payloadSize` bytes of `answerRoom`.
    mutating func answer(_ status: AnswerStatus, payloadSize: Int) {
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

    /// Sends what the socket takes.
    mutating func send(idleDeadline: Int64) -> Event {
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
