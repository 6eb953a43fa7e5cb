import Dispatch
import Foundation
import Glibc
import Terminal

/// An answer as it came over the wire.
struct HTTPAnswer: Sendable {
    let status: Int
    /// Header fields with names in lower case.
    let headers: [String: String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The stable code of a problem; `nil` when the body is no problem document.
    var code: String? {
        guard headers["content-type"] == "application/problem+json" else { return nil }
        let object = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
        return object?["code"] as? String
    }

    func json() throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: Data(body))
        return object as? [String: Any] ?? [:]
    }
}

/// HTTP over a plain socket: what is sent is exactly what the test says.
struct HTTPClient: Sendable {
    struct Failure: Error {
        let what: String
    }

    let port: Int

    func get(_ path: String, headers: String = "") async throws -> HTTPAnswer {
        try await request("GET", path, headers: headers)
    }

    func post(_ path: String, _ type: String, _ body: [UInt8]) async throws -> HTTPAnswer {
        try await request("POST", path, headers: "Content-Type: \(type)\r\n", body: body)
    }

    func request(
        _ method: String,
        _ path: String,
        headers: String = "",
        body: [UInt8]? = nil
    ) async throws -> HTTPAnswer {
        let length = body.map { "Content-Length: \($0.count)\r\n" } ?? ""
        let head =
            "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n\(headers)\(length)"
            + "Connection: close\r\n\r\n"
        let bytes = try await exchange([UInt8](head.utf8) + (body ?? []))
        return try Self.parse(bytes)
    }

    /// Sends bytes, and gives all that comes back until the server closes.
    func exchange(_ bytes: [UInt8]) async throws -> [UInt8] {
        try await onConnection { socket in
            // The server may answer and close before it has read everything.
            _ = Self.send(bytes[...], to: socket)
            return try Self.receiveAll(socket)
        }
    }

    /// Asks again when a test's short limits cut the question.
    func getUntilAnswered(_ path: String) async throws -> HTTPAnswer {
        for _ in 0..<100 {
            if let answer = try? await get(path) { return answer }
        }
        return try await get(path)
    }

    /// Sends a byte every two milliseconds and gives how many the server took before it closed.
    func drip(_ bytes: [UInt8]) async throws -> Int {
        try await onConnection { socket in
            for index in bytes.indices {
                guard Self.send(bytes[index...index], to: socket) else { return index }
                usleep(2_000)
            }
            return bytes.count
        }
    }

    /// Blocks a thread of its own, never one that the server needs.
    private func onConnection<Value: Sendable>(
        _ body: @escaping @Sendable (Int32) throws -> Value
    ) async throws -> Value {
        let port = port
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        let socket = try Self.connect(port)
                        defer { close(socket) }
                        return try body(socket)
                    }
                )
            }
        }
    }

    private static func connect(_ port: Int) throws -> Int32 {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var timeout = timeval(tv_sec: 300, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, size)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            close(socket)
            throw Failure(what: "connect: \(errno)")
        }
        return socket
    }

    private static func send(_ bytes: ArraySlice<UInt8>, to socket: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private static func receiveAll(_ socket: Int32) throws -> [UInt8] {
        var received: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(socket, &part, part.count, 0)
            if count == 0 || (count < 0 && errno == ECONNRESET) { return received }
            guard count > 0 else { throw Failure(what: "receive: \(errno)") }
            received += part[..<count]
        }
    }

    static func parse(_ bytes: [UInt8]) throws -> HTTPAnswer {
        let data = Data(bytes)
        guard let end = data.range(of: Data("\r\n\r\n".utf8)) else {
            throw Failure(what: "no head in \(bytes.count) bytes")
        }
        let lines = String(decoding: data[..<end.lowerBound], as: UTF8.self)
            .components(separatedBy: "\r\n")
        guard let status = lines[0].split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { throw Failure(what: lines[0]) }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
            headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        return HTTPAnswer(status: status, headers: headers, body: [UInt8](data[end.upperBound...]))
    }
}
