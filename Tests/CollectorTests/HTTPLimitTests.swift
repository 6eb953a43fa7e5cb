import Foundation
import Testing

@testable import martlet_collector

@Suite("Limits of HTTP")
struct HTTPLimitTests {
    @Test("a body above 1 MiB gives 413, whether its length is stated or not")
    func oversizedBody() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let body = [UInt8](repeating: 7, count: (1 << 20) + 1)
        let type = "Content-Type: application/vnd.martlet.batch\r\n"
        let chunk = [UInt8]("\(String(body.count, radix: 16))\r\n".utf8) + body
        let head = "POST /d/1/batch HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(type)"
        let chunked =
            [UInt8]("\(head)Transfer-Encoding: chunked\r\n\r\n".utf8) + chunk
            + [UInt8]("\r\n0\r\n\r\n".utf8)
        let answers = try await test.serve { client in
            [
                try await client.request("POST", "/d/1/batch", headers: type, body: body),
                try HTTPClient.parse(try await client.exchange(chunked)),
                try await client.enrol([UInt8](repeating: 7, count: 313)),
            ]
        }
        #expect(answers.map(\.status) == [413, 413, 413])
        #expect(answers.allSatisfy { $0.code == "body-too-large" })
    }

    @Test("a body of another type gives 415")
    func contentType() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let answers = try await test.serve { client in
            [
                try await client.post("/d/1/batch", "application/json", []),
                try await client.request("POST", "/d/1/enrol", body: []),
                try await client.post("/d/1/batch", "Application/vnd.Martlet.batch; v=1", []),
            ]
        }
        #expect(answers.map(\.status) == [415, 415, 400])
    }

    @Test("a wrong method gives 405 and the right ones")
    func wrongMethod() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let answers = try await test.serve { client in
            [
                try await client.get("/d/1/batch"),
                try await client.request("DELETE", "/api/v1/devices"),
                try await client.request("PATCH", "/"),
            ]
        }
        #expect(answers.map(\.status) == [405, 405, 405])
        #expect(answers.map { $0.headers["allow"] } == ["POST", "GET, HEAD", "GET, HEAD"])
        #expect(answers.allSatisfy { $0.code == "method-not-allowed" })
    }

    @Test("HEAD gives the head of GET and no body", arguments: ["/", "/healthz", "/openapi.json"])
    func head(path: String) async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let (get, head) = try await test.serve { client in
            (try await client.get(path), try await client.request("HEAD", path))
        }
        #expect(head.status == 200)
        #expect(head.body.isEmpty)
        #expect(head.headers["content-type"] == get.headers["content-type"])
        #expect(head.headers["content-length"] == get.headers["content-length"])
    }

    @Test("what is not there gives 404: a page for browsers, a problem for programs")
    func notFound() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let html = "Accept: text/html,*/*\r\n"
        let id = String(repeating: "0", count: 32)
        let answers = try await test.serve { client in
            [
                try await client.get("/nothing", headers: html),
                try await client.get("/devices/\(id)", headers: html),
                try await client.get("/devices/..%2f..%2fetc", headers: html),
                try await client.get("/nothing"),
                try await client.get("/api/v1/devices/\(id)", headers: html),
                try await client.get("/api/v1/devices/"),
            ]
        }
        #expect(answers.map(\.status) == [404, 404, 404, 404, 404, 404])
        #expect(
            answers[0...2].allSatisfy { $0.headers["content-type"]?.hasPrefix("text/html") == true }
        )
        #expect(answers[3...].allSatisfy { $0.code == "not-found" })
    }

    @Test(
        "every answer forbids scripts, sniffing and referrers",
        arguments: ["/", "/none", "/metrics"]
    )
    func securityHeaders(path: String) async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let headers = try await test.serve { try await $0.get(path).headers }
        let policy = try #require(headers["content-security-policy"])
        #expect(policy.hasPrefix("default-src 'none'; style-src 'self';"))
        #expect(!policy.contains("script-src") && !policy.contains("unsafe"))
        #expect(headers["x-content-type-options"] == "nosniff")
        #expect(headers["referrer-policy"] == "no-referrer")
    }

    @Test(
        "a client that drips its request is cut, in the head and in the body",
        arguments: [
            "GET / HTTP/1.1\r\nX: ",
            "POST /d/1/batch HTTP/1.1\r\nHost: a\r\nContent-Length: 9000\r\n"
                + "Content-Type: application/vnd.martlet.batch\r\n\r\n",
        ]
    )
    func slowClient(start: String) async throws {
        var limits = Limits()
        limits.requestMilliseconds = 150
        let test = try TestCollector(limits: limits)
        defer { test.remove() }
        // Neither head nor body ends within these bytes, which take at least ten seconds.
        let bytes = [UInt8](start.utf8) + [UInt8](repeating: 0x78, count: 5_000)
        let sentCount = try await test.serve { try await $0.drip(bytes) }
        #expect(sentCount < bytes.count)
        #expect(test.hasCut("slow", 1))
    }

    @Test("a silent connection is closed after the idle time, before and after a request")
    func idleClient() async throws {
        var limits = Limits()
        limits.idleMilliseconds = 1_000
        let test = try TestCollector(limits: limits)
        defer { test.remove() }
        let kept = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
        let (silent, answered) = try await test.serve { client in
            (try await client.exchange([]), try await client.exchange([UInt8](kept.utf8)))
        }
        #expect(silent.isEmpty)
        #expect(try HTTPClient.parse(answered).status == 200)
        #expect(test.hasCut("idle", 2))
    }

    @Test("a new connection that says nothing is closed after a request's time already")
    func muteClient() async throws {
        var limits = Limits()
        limits.requestMilliseconds = 100
        // Only the shorter time can have cut it: the longer one is beyond the test's own patience.
        limits.idleMilliseconds = 3_600_000
        let test = try TestCollector(limits: limits)
        defer { test.remove() }
        let received = try await test.serve { try await $0.exchange([]) }
        #expect(received.isEmpty)
        #expect(test.hasCut("idle", 1))
    }

    @Test("requests that follow each other on one connection are all answered")
    func keepAlive() async throws {
        let test = try TestCollector()
        defer { test.remove() }
        let kept = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
        let last = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        let bytes = try await test.serve { client in
            try await client.exchange([UInt8]((kept + kept + last).utf8))
        }
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.components(separatedBy: "HTTP/1.1 200 OK").count == 4)
    }

    @Test(
        "what is not HTTP, or too much of it, is refused and the server lives on",
        arguments: [
            "\u{16}\u{3}\u{1}\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "x", count: 9_000) + "\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n"
                + String(repeating: "X: y\r\n", count: 200) + "\r\n",
            "POST /d/1/batch HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST /d/1/batch HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
            "POST /d/1/batch HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                + "Content-Type: application/vnd.martlet.batch\r\n\r\nZZ\r\n",
        ]
    )
    func garbage(request: String) async throws {
        var limits = Limits()
        limits.requestMilliseconds = 500
        limits.idleMilliseconds = 500
        let test = try TestCollector(limits: limits)
        defer { test.remove() }
        let (bytes, health) = try await test.serve { client in
            (
                try await client.exchange([UInt8](request.utf8)),
                try await client.getUntilAnswered("/healthz")
            )
        }
        if !bytes.isEmpty {
            #expect((400..<500).contains(try HTTPClient.parse(bytes).status))
        }
        #expect(health.status == 200)
    }
}
