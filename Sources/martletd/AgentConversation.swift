import AgentProtocol
import CPlatform

/// One question about its status to a running agent.
enum AgentConversation {
    /// Asks and waits for the whole answer.
    static func status(
        of socket: Path,
        isJSON: Bool,
        timeoutNanoseconds: Int64
    ) throws(AgentError) -> [UInt8] {
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
        let stream = AnswerStream(
            descriptor: descriptor,
            deadline: platform_monotonic_ns() + timeoutNanoseconds,
            socket: socket
        )
        let head = try stream.receive(AnswerHeader.sizeBytes)
        guard let answer = AnswerHeader(decoding: head) else { throw .answerMalformed(socket) }
        if answer.status == .busy { throw .agentBusy(socket) }
        guard answer.status == .ok, answer.kind == RequestKind.status.rawValue,
            answer.payloadSizeBytes <= UInt32(AgentStatus.sizeMax)
        else { throw .answerMalformed(socket) }
        return try stream.receive(Int(answer.payloadSizeBytes))
    }
}

/// The bytes that an agent answers with, until a deadline.
private struct AnswerStream {
    let descriptor: Int32
    let deadline: Int64
    let socket: Path

    func receive(_ count: Int) throws(AgentError) -> [UInt8] {
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
            try wait()
        }
        return bytes
    }

    private func wait() throws(AgentError) {
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
