import AgentProtocol
import CPlatform

/// The Unix socket and its clients: as many as there are places, each with memory of its own.
///
/// Invariants: 1. all calls return at once. 2. A client that does not read, does not finish its
/// request, or says nothing for long occupies its own place only, and not for ever.
struct Server: ~Copyable {
    private let path: Path
    private let memory: Mapping
    private let requestTimeout: Int64
    private let idleTimeout: Int64
    private(set) var listener: Int32
    private(set) var places: [Connection] = []

    /// Listens at the configured name, for requests of `payloadSize` and answers of at most
    /// `answerSize` bytes.
    init(
        _ configuration: Configuration,
        payloadSize: Int,
        answerSize: Int
    ) throws(AgentError) {
        let count = Int(configuration.limits.clientCountMax)
        let stride = Connection.memorySize(
            inferSizeBytes: payloadSize,
            answerSizeBytes: answerSize
        )
        let (size, isTooLarge) = (stride ?? .max).multipliedReportingOverflow(by: count)
        guard let stride, !isTooLarge else {
            throw .outOfMemory(sizeBytes: UInt64(stride ?? .max))
        }
        let memory = try Mapping(anonymous: size, populated: false)
        for index in 0..<count {
            // Safe: the memory has room for `count` places of `stride` bytes.
            let part = unsafe memory.writableBytes[index * stride..<(index + 1) * stride]
            places.append(
                unsafe Connection(
                    memory: UnsafeMutableRawBufferPointer(rebasing: part),
                    inferSizeBytes: payloadSize
                )
            )
        }
        listener = try Server.listen(configuration.socket)
        path = configuration.socket
        requestTimeout = Int64(configuration.limits.requestTimeout) * 1_000_000
        idleTimeout = Int64(configuration.limits.idleTimeout) * 1_000_000
        self.memory = memory
    }

    /// Connections that wait to be accepted, beyond the places.
    private static let backlog: Int32 = 16

    private static func listen(_ path: Path) throws(AgentError) -> Int32 {
        // Safe: a path ends with NUL.
        let result = unsafe platform_unix_listen(path.bytes, backlog)
        if result == -platform_error_address_in_use { throw .socketInUse(path) }
        guard result >= 0 else { throw .system(.listen, code: -result, path: path) }
        return result
    }

    var openCount: Int { places.reduce(0) { $0 + ($1.isFree ? 0 : 1) } }

    /// The next time at which a client is cut off.
    var deadline: Int64 {
        places.reduce(Int64.max) { $1.isFree ? $0 : min($0, $1.deadline) }
    }

    /// Takes in waiting connections, a few a turn; one for which there is no place is told so.
    ///
    /// - Returns: the number of refused ones.
    mutating func accept(now: Int64) -> Int {
        var refused = 0
        for _ in 0..<Server.backlog {
            let descriptor = platform_accept(listener)
            guard descriptor >= 0 else { break }
            if let free = places.firstIndex(where: { $0.isFree }) {
                places[free].open(descriptor, deadline: now + idleTimeout)
            } else {
                refused += 1
                refuse(descriptor)
            }
        }
        return refused
    }

    private func refuse(_ descriptor: Int32) {
        let head = AnswerHeader(kind: 0, status: .busy, id: 0, payloadSizeBytes: 0).encoded()
        // Safe: the pointer and the count are the array's. A new socket has room for 16 bytes.
        _ = unsafe platform_send(descriptor, head, head.count)
        _ = platform_close(descriptor)
    }

    /// Goes on with a client whose socket is ready.
    mutating func advance(_ index: Int, now: Int64) -> Connection.Event {
        let event =
            if places[index].isAnswering {
                places[index].send(idleDeadline: now + idleTimeout)
            } else {
                places[index].receive(requestDeadline: now + requestTimeout)
            }
        if event == .closed { places[index].close() }
        return event
    }

    /// Answers a request with what was laid in the place's `answerRoom`.
    mutating func answer(_ index: Int, _ status: AnswerStatus, payloadSize: Int) {
        places[index].answer(status, payloadSize: payloadSize)
        let idleDeadline = platform_monotonic_ns() + idleTimeout
        if places[index].send(idleDeadline: idleDeadline) == .closed { places[index].close() }
    }

    /// Cuts off clients whose time is over; the number of those who left a request unfinished.
    mutating func closeExpired(now: Int64) -> Int {
        var unfinished = 0
        for index in places.indices where !places[index].isFree && places[index].deadline <= now {
            if !places[index].isIdle { unfinished += 1 }
            places[index].close()
        }
        return unfinished
    }

    /// Takes no more connections and removes the name.
    mutating func stopAccepting() {
        guard listener >= 0 else { return }
        // In this order: a name that nobody answers at may be another agent's in the next moment.
        try? Names.remove(path)
        _ = platform_close(listener)
        listener = -1
    }

    /// Closes clients that have no request under way; the others' number.
    mutating func closeIdle(unless isReadable: (Int) -> Bool) -> Int {
        var busy = 0
        for index in places.indices where !places[index].isFree {
            if places[index].isIdle, !isReadable(index) {
                places[index].close()
            } else {
                busy += 1
            }
        }
        return busy
    }

    /// Closes all clients, whatever they wait for.
    mutating func closeAll() {
        for index in places.indices { places[index].close() }
    }

    deinit {
        for place in places where !place.isFree { _ = platform_close(place.descriptor) }
        if listener >= 0 { _ = platform_close(listener) }
    }
}
