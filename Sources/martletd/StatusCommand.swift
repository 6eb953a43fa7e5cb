import AgentProtocol
import CPlatform

/// `martletd status`: asks a running agent.
struct StatusCommand {
    private let socket: Path
    private let isJSON: Bool
    /// An agent that is busy with one inference answers late, but not this late.
    private static let timeoutNanoseconds: Int64 = 10_000_000_000

    init(_ arguments: inout ArgumentReader) throws(AgentError) {
        var socket: Path?
        var isJSON = false
        while true {
            if arguments.take("--socket") {
                socket = try arguments.path(of: "--socket")
            } else if arguments.take("--json") {
                isJSON = true
            } else {
                break
            }
        }
        try arguments.finish()
        guard let socket else { throw .usage("--socket is missing", argument: []) }
        self.socket = socket
        self.isJSON = isJSON
    }

    func run() throws(AgentError) -> ExitStatus {
        // Safe: a path ends with NUL.
        let descriptor = unsafe platform_unix_connect(socket.bytes)
        guard descriptor >= 0 else { throw .system(.connect, code: -descriptor, path: socket) }
        defer { _ = platform_close(descriptor) }
        let flags = isJSON ? RequestHeader.isJSON : 0
        let request = RequestHeader.encode(.status, flags: flags)
        // Safe: the pointer and the count are the array's. A new socket has room for 16 bytes.
        let sent = unsafe platform_send(descriptor, request, request.count)
        // An agent without a free place answers and closes before it reads: hear it out.
        guard sent == Int64(request.count) || sent == -Int64(platform_error_broken_pipe) else {
            throw .system(.write, code: Int32(min(0, sent).magnitude), path: socket)
        }
        let deadline = platform_monotonic_ns() + StatusCommand.timeoutNanoseconds
        let head = try receive(AnswerHeader.sizeBytes, from: descriptor, deadline: deadline)
        guard let answer = AnswerHeader(decoding: head) else { throw .answerMalformed(socket) }
        if answer.status == .busy { throw .agentBusy(socket) }
        guard answer.status == .ok, answer.kind == RequestKind.status.rawValue,
            answer.payloadSizeBytes <= UInt32(AgentStatus.sizeMax)
        else { throw .answerMalformed(socket) }
        let size = answer.payloadSizeBytes
        let text = try receive(Int(size), from: descriptor, deadline: deadline)
        // Safe: the pointer and the count are the array's.
        let printed = unsafe platform_print(text, text.count)
        return printed >= 0 ? .success : .inputOutput
    }

    private func receive(
        _ count: Int,
        from descriptor: Int32,
        deadline: Int64
    ) throws(AgentError) -> [UInt8] {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1_024)
        while bytes.count < count {
            let wanted = min(part.count, count - bytes.count)
            // Safe: `wanted` is at most the array's count.
            let received = unsafe platform_receive(descriptor, &part, wanted)
            if received > 0 {
                bytes += part[..<Int(received)]
                continue
            }
            guard received == -Int64(platform_error_again) else {
                throw .answerMalformed(socket)
            }
            try wait(descriptor, deadline: deadline)
        }
        return bytes
    }

    private func wait(_ descriptor: Int32, deadline: Int64) throws(AgentError) {
        var entry = platform_poll_entry(
            descriptor: descriptor,
            events: platform_poll_readable,
            results: 0
        )
        let rest = max(0, deadline - platform_monotonic_ns())
        // Safe: one entry is passed.
        guard unsafe platform_poll(&entry, 1, rest) > 0 else {
            throw .system(.read, code: platform_error_timed_out, path: socket)
        }
    }
}
