import AgentProtocol
import Glibc

extension Fuzz {
    /// What a client sends, in pieces of a size that the first byte tells.
    ///
    /// Whatever it is, each answer is one, nothing is written behind the place's memory, and the
    /// next client is served.
    static func request(_ bytes: [UInt8]) {
        guard let first = bytes.first else { return }
        let place = RequestPlace()
        place.open()
        var rest = bytes.dropFirst().prefix(1 << 15)
        while !rest.isEmpty, place.isOpen {
            place.take(rest.prefix(Int(first) + 1))
            rest = rest.dropFirst(Int(first) + 1)
        }
        place.open()
        let answers = place.take(RequestHeader.encode(.status, flags: 0)[...])
        guard answers.count == 1, answers[0].status == .ok else {
            fatalError("a client was not served after another one")
        }
    }

    /// A collector's answer: in one piece, in two and in bytes, it means the same.
    static func response(_ bytes: [UInt8]) {
        let bytes = [UInt8](bytes.prefix(2 * HTTPResponse.headSizeMax))
        let whole = outcome([bytes[...]])
        let middle = bytes.count / 2
        guard outcome([bytes[..<middle], bytes[middle...]]) == whole,
            outcome(bytes.indices.map { bytes[$0...$0] }) == whole
        else { fatalError("one answer, two meanings") }
    }

    private struct Outcome: Equatable {
        var fault: HTTPFault?
        var status = 0
        var body: [UInt8] = []
        var retryAfterSeconds: UInt64?
    }

    private static func outcome(_ pieces: [ArraySlice<UInt8>]) -> Outcome? {
        var response = HTTPResponse()
        for piece in pieces {
            do throws(HTTPFault) {
                try response.append(piece)
            } catch {
                return Outcome(fault: error)
            }
        }
        guard response.isComplete else { return nil }
        guard response.status != 200 || response.body.count <= HTTPResponse.bodySizeMax else {
            fatalError("a body beyond its limit")
        }
        return Outcome(
            status: response.status,
            body: response.status == 200 ? response.body : [],
            retryAfterSeconds: response.retryAfterSeconds
        )
    }

    /// A configuration that is read, written again and read again is the same.
    ///
    /// And the system takes its collector for a number.
    static func configuration(_ bytes: [UInt8]) {
        guard let read = try? ConfigurationReader.parse(bytes) else { return }
        guard (1...ConfigurationReader.trustCountMax).contains(read.trust.count),
            (1...64).contains(read.limits.clientCountMax),
            read.limits.backoffMin <= read.limits.backoffMax, read.limits.name.count <= 63
        else { fatalError("a configuration out of its limits") }
        if let host = read.collector?.address.host {
            var number = in6_addr()
            let text = host.map { CChar(bitPattern: $0) }
            guard inet_pton(AF_INET, text, &number) == 1 || inet_pton(AF_INET6, text, &number) == 1
            else { fatalError("the system would look the collector up by name") }
        }
        guard let again = try? ConfigurationReader.parse(text(of: read)), again == read else {
            fatalError("one configuration, two meanings")
        }
    }

    private static func text(of configuration: Configuration) -> [UInt8] {
        var text: [UInt8] = []
        func line(_ key: String, _ value: [UInt8]) {
            text += [UInt8]((key + " ").utf8) + value + [0x0A]
        }
        func line(_ key: String, _ path: Path) { line(key, [UInt8](path.bytes.dropLast())) }
        func line(_ key: String, _ number: UInt64) { line(key, [UInt8](String(number).utf8)) }
        line("bundle", configuration.bundle)
        line("state", configuration.state)
        line("socket", configuration.socket)
        for path in configuration.trust { line("trust", path) }
        let limits = configuration.limits
        if !limits.name.isEmpty { line("name", limits.name) }
        line("clients", limits.clientCountMax)
        line("request-timeout-ms", limits.requestTimeout)
        line("idle-timeout-ms", limits.idleTimeout)
        line("report-interval-ms", limits.reportInterval)
        line("spool-bytes", limits.spoolBytes)
        line("batch-bytes", limits.batchBytes)
        line("uplink-timeout-ms", limits.uplinkTimeout)
        line("backoff-min-ms", limits.backoffMin)
        line("backoff-max-ms", limits.backoffMax)
        line("drain-timeout-ms", limits.drainTimeout)
        if let collector = configuration.collector {
            line("collector", [UInt8]("http://".utf8) + collector.address.authority)
            line("collector-identity", collector.identity)
            if let token = collector.token { line("enrolment-token", token) }
        }
        return text
    }
}

/// A place of the agent and the client at the other end of its socket.
private final class RequestPlace {
    // A class, because it owns memory and sockets.
    private static let inferSize = 64
    private static let answerSize = 128
    private static let guardSize = 64
    private let memory: UnsafeMutableRawBufferPointer
    private let size: Int
    private var place: Connection
    private var client: Int32 = -1

    init() {
        let size = Connection.memorySize(
            inferSizeBytes: RequestPlace.inferSize,
            answerSizeBytes: RequestPlace.answerSize
        )
        self.size = size ?? 0
        memory = .allocate(byteCount: self.size + RequestPlace.guardSize, alignment: 64)
        memory.initializeMemory(as: UInt8.self, repeating: 0xA5)
        place = Connection(
            memory: UnsafeMutableRawBufferPointer(rebasing: memory[..<self.size]),
            inferSizeBytes: RequestPlace.inferSize
        )
    }

    deinit {
        place.close()
        close(client)
        memory.deallocate()
    }

    var isOpen: Bool { !place.isFree }

    /// Takes a new client.
    func open() {
        place.close()
        if client >= 0 { close(client) }
        var pair: [Int32] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0 else {
            fatalError("no sockets")
        }
        client = pair[0]
        place.open(pair[1], deadline: 1)
    }

    /// Sends what a client sends and goes on until nothing more happens; the answers.
    @discardableResult
    func take(_ bytes: ArraySlice<UInt8>) -> [AnswerHeader] {
        let bytes = [UInt8](bytes)
        send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
        var answers: [AnswerHeader] = []
        var emptyTurns = 0
        while isOpen, emptyTurns < 2 {
            let isBusy = turn()
            let received = drain()
            answers += received
            emptyTurns = isBusy || !received.isEmpty ? 0 : emptyTurns + 1
        }
        answers += drain()
        guard memory[size...].allSatisfy({ $0 == 0xA5 }) else {
            fatalError("a request was written behind its place")
        }
        return answers
    }

    /// One turn of the agent's loop; whether anything happened.
    private func turn() -> Bool {
        let event =
            place.isAnswering ? place.send(idleDeadline: 1) : place.receive(requestDeadline: 1)
        switch event {
        case .nothing: return place.isAnswering
        case .closed:
            place.close()
            return false
        case .refused(let status):
            guard status != .ok else { fatalError("refused by ok") }
            place.answer(status, payloadSize: 0)
        case .request(let kind, _):
            if kind == .infer, place.payload.count != RequestPlace.inferSize {
                fatalError("an inference of another size")
            }
            let room = place.answerRoom
            guard room.count >= RequestPlace.answerSize else { fatalError("no room") }
            room.initializeMemory(as: UInt8.self, repeating: 0x5A)
            place.answer(.ok, payloadSize: kind == .infer ? 10 : RequestPlace.answerSize)
        }
        return true
    }

    /// The answers that the client finds.
    private func drain() -> [AnswerHeader] {
        var answers: [AnswerHeader] = []
        var head = [UInt8](repeating: 0, count: AnswerHeader.sizeBytes)
        while recv(client, &head, head.count, Int32(MSG_DONTWAIT)) == head.count {
            guard let answer = AnswerHeader(decoding: head) else { fatalError("no answer") }
            var payload = [UInt8](repeating: 0, count: Int(answer.payloadSizeBytes))
            if !payload.isEmpty {
                guard recv(client, &payload, payload.count, Int32(MSG_DONTWAIT)) == payload.count
                else { fatalError("an answer without its payload") }
            }
            answers.append(answer)
        }
        return answers
    }
}
