import CPlatform
import Foundation
import Testing

@Suite("Sockets and polling")
struct SocketTests {
    let directory: TemporaryDirectory
    var path: String { "\(directory.path)/s" }

    init() throws { directory = try TemporaryDirectory() }

    private func wait(_ descriptor: Int32, _ events: Int16) -> Int16 {
        var entry = platform_poll_entry(descriptor: descriptor, events: events, results: 0)
        return platform_poll(&entry, 1, 10_000_000_000) == 1 ? entry.results : 0
    }

    @Test("a listener has mode 0660 and carries bytes both ways until the end")
    func exchange() throws {
        let listener = platform_unix_listen(path, 4)
        defer { _ = platform_close(listener) }
        var status = platform_status()
        #expect(platform_status_at(platform_working_directory, path, &status) == 0)
        #expect(status.kind == platform_kind_socket)
        #expect(status.permissions == 0o660)
        #expect(platform_accept(listener) == -platform_error_again)

        let client = platform_unix_connect(path)
        #expect(wait(listener, platform_poll_readable) == platform_poll_readable)
        let server = platform_accept(listener)
        try #require(client >= 0 && server >= 0)
        var buffer = [UInt8](repeating: 0, count: 8)
        #expect(platform_receive(server, &buffer, 8) == Int64(-platform_error_again))
        #expect(platform_send(client, [1, 2, 3] as [UInt8], 3) == 3)
        #expect(platform_finish_sending(client) == 0)
        #expect(platform_receive(server, &buffer, 8) == 3)
        #expect(buffer.prefix(3) == [1, 2, 3])
        #expect(platform_receive(server, &buffer, 8) == 0)
        #expect(platform_send(server, [4] as [UInt8], 1) == 1)
        #expect(platform_receive(client, &buffer, 8) == 1)
        _ = platform_close(client)
        #expect(platform_send(server, [4] as [UInt8], 1) == Int64(-platform_error_broken_pipe))
        _ = platform_close(server)
    }

    @Test("a full socket is -EAGAIN after a partial send, not a wait")
    func fullSocket() throws {
        let listener = platform_unix_listen(path, 4)
        let client = platform_unix_connect(path)
        defer { for descriptor in [listener, client] { _ = platform_close(descriptor) } }
        let bytes = [UInt8](repeating: 0, count: 1 << 24)
        #expect((1..<Int64(bytes.count)).contains(platform_send(client, bytes, bytes.count)))
        while platform_send(client, bytes, bytes.count) > 0 {}
        #expect(platform_send(client, bytes, bytes.count) == Int64(-platform_error_again))
    }

    @Test("a socket that somebody answers is not taken, a dead one is replaced")
    func stale() throws {
        let first = platform_unix_listen(path, 4)
        try #require(first >= 0)
        #expect(platform_unix_listen(path, 4) == -platform_error_address_in_use)
        _ = platform_close(first)
        #expect(platform_unix_connect(path) == -platform_error_refused)
        let second = platform_unix_listen(path, 4)
        #expect(second >= 0)
        _ = platform_close(second)
    }

    @Test("a file that is no socket is left alone")
    func notASocket() throws {
        let file = try directory.make("s", [1])
        defer { _ = platform_close(file) }
        #expect(platform_unix_listen(path, 4) == -platform_error_not_socket)
        #expect(try directory.names() == ["s"])
    }

    @Test(
        "a path that does not fit the address is refused",
        arguments: [
            ("", -platform_error_invalid),
            (String(repeating: "p", count: 108), -platform_error_name_too_long),
        ] as [(String, Int32)]
    )
    func badPath(path: String, expected: Int32) {
        #expect(platform_unix_listen(path, 4) == expected)
        #expect(platform_unix_connect(path) == expected)
    }

    @Test("polling reports each entry, passes over negative ones, and returns at once for 0")
    func poll() throws {
        let listener = platform_unix_listen(path, 4)
        let client = platform_unix_connect(path)
        defer { for descriptor in [listener, client] { _ = platform_close(descriptor) } }
        var entries = [
            platform_poll_entry(descriptor: -1, events: platform_poll_readable, results: 0),
            platform_poll_entry(descriptor: listener, events: platform_poll_readable, results: 0),
            platform_poll_entry(descriptor: client, events: platform_poll_writable, results: 0),
            platform_poll_entry(descriptor: 9999, events: platform_poll_readable, results: 0),
        ]
        #expect(platform_poll(&entries, entries.count, 0) == 3)
        #expect(
            entries.map(\.results) == [
                0, platform_poll_readable, platform_poll_writable, platform_poll_invalid,
            ]
        )
        var quiet = platform_poll_entry(
            descriptor: client,
            events: platform_poll_readable,
            results: 0
        )
        #expect(platform_poll(&quiet, 1, 1) == 0)
    }
}

@Suite("TCP")
struct TCPTests {
    /// A listening TCP socket on a free port of the loopback address of version 6, which takes
    /// version 4 too, and that port.
    private func listen() throws -> (descriptor: Int32, port: UInt16) {
        let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
        var off: Int32 = 0
        let offSize = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &off, offSize)
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && Glibc.listen(descriptor, 4) == 0
                    && getsockname(descriptor, $0, &size) == 0
            }
        }
        try #require(bound)
        return (descriptor, UInt16(bigEndian: address.sin6_port))
    }

    /// Waits until the connection is decided: 0, or why it failed.
    private func finish(_ client: Int32) -> Int32 {
        var entry = platform_poll_entry(
            descriptor: client,
            events: platform_poll_writable,
            results: 0
        )
        guard platform_poll(&entry, 1, 10_000_000_000) == 1 else { return -ETIMEDOUT }
        return platform_tcp_finish(client)
    }

    @Test("numbers of both versions connect", arguments: ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
    func connect(host: String) throws {
        let (listener, port) = try listen()
        defer { _ = platform_close(listener) }
        let client = platform_tcp_begin(host, port)
        try #require(client >= 0)
        #expect(finish(client) == 0)
        let server = platform_accept(listener)
        #expect(platform_send(client, [5] as [UInt8], 1) == 1)
        var entry = platform_poll_entry(
            descriptor: server,
            events: platform_poll_readable,
            results: 0
        )
        #expect(platform_poll(&entry, 1, 10_000_000_000) == 1)
        var byte: UInt8 = 0
        #expect(platform_receive(server, &byte, 1) == 1)
        #expect(byte == 5)
        for descriptor in [client, server] { _ = platform_close(descriptor) }
    }

    @Test("nobody listening is -ECONNREFUSED", arguments: ["127.0.0.1", "::1"])
    func refused(host: String) throws {
        let (listener, port) = try listen()
        _ = platform_close(listener)
        let client = platform_tcp_begin(host, port)
        defer { _ = platform_close(client) }
        #expect((client < 0 ? client : finish(client)) == -platform_error_refused)
    }

    @Test(
        "a text that is no number is unreachable",
        arguments: [
            "", "127.0.0.1.", "256.256.256.256", "127.1", "localhost", "not a host", "fe80::1%lo",
        ]
    )
    func badHost(host: String) {
        #expect(platform_tcp_begin(host, 80) == -EHOSTUNREACH)
    }
}
