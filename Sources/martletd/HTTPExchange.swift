import AgentProtocol
import CPlatform

/// One POST to the collector, in steps that return at once.
final class HTTPExchange {
    // A class, because it owns a socket and there may be none.
    /// How an exchange stands.
    enum Outcome {
        case pending
        case answered(HTTPResponse)
        case failed
    }

    private enum Phase {
        case connecting, sending, receiving
    }

    let descriptor: Int32
    /// When the exchange has failed, on the monotonic clock.
    let deadline: Int64
    private var phase = Phase.connecting
    private let request: [UInt8]
    private var sentCount = 0
    private var response = HTTPResponse()

    /// Starts to connect, without blocking, to a host that is a number; `nil` when that fails.
    init?(
        _ address: CollectorAddress,
        path: StaticString,
        contentType: StaticString,
        body: [UInt8],
        deadline: Int64
    ) {
        // Safe: the host's bytes end with NUL.
        let result = unsafe platform_tcp_begin(address.host, address.port)
        guard result >= 0 else { return nil }
        descriptor = result
        self.deadline = deadline
        var head = TextLine("POST ")
        head.append(path)
        head.append(" HTTP/1.1\r\nHost: ")
        head.append(visible: address.authority)
        head.append("\r\nContent-Type: ")
        head.append(contentType)
        head.append("\r\nContent-Length: ")
        head.append(body.count)
        head.append("\r\nConnection: close\r\nUser-Agent: martletd\r\n\r\n")
        request = head.bytes + body
    }

    deinit { _ = platform_close(descriptor) }

    /// What to wait for.
    var events: Int16 {
        phase == .receiving ? platform_poll_readable : platform_poll_writable
    }

    /// Goes on after the socket became ready.
    func advance() -> Outcome {
        switch phase {
        case .connecting:
            let result = platform_tcp_finish(descriptor)
            if result == -platform_error_in_progress { return .pending }
            guard result >= 0 else { return .failed }
            phase = .sending
            return send()
        case .sending: return send()
        case .receiving: return receive()
        }
    }

    private func send() -> Outcome {
        // Safe: the pointer is moved inside the array, and the count is the rest of it.
        let count = unsafe request.withUnsafeBufferPointer { buffer -> Int64 in
            guard let base = buffer.baseAddress else { return 0 }
            return unsafe platform_send(descriptor, base + sentCount, buffer.count - sentCount)
        }
        if count == -Int64(platform_error_again) { return .pending }
        guard count >= 0 else { return .failed }
        sentCount += Int(count)
        if sentCount == request.count { phase = .receiving }
        return .pending
    }

    private func receive() -> Outcome {
        var part = [UInt8](repeating: 0, count: 2_048)
        // Safe: the array has the count that is passed.
        let count = unsafe platform_receive(descriptor, &part, part.count)
        if count == -Int64(platform_error_again) { return .pending }
        guard count > 0 else { return .failed }
        do throws(HTTPFault) {
            try response.append(part[..<Int(count)])
        } catch {
            return .failed
        }
        return response.isComplete ? .answered(response) : .pending
    }
}
