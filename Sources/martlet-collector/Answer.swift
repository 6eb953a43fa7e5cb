import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// Makes the server's responses.
enum Answer {
    /// A record of the wire.
    static func record(_ bytes: [UInt8], contentType: StaticString) -> Response {
        body(bytes, contentType: contentType.description)
    }

    /// Some bytes.
    static func body(
        _ bytes: [UInt8],
        contentType: String,
        status: HTTPResponse.Status = .ok
    ) -> Response {
        Response(
            status: status,
            headers: [.contentType: contentType],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        )
    }

    /// A value as JSON with sorted keys.
    static func json(_ value: some Encodable) throws -> Response {
        body(try encoded(value), contentType: "application/json")
    }

    /// A problem as RFC 9457 writes it, or as a page for people who look for one.
    static func problem(_ problem: Problem, to request: Request) -> Response {
        let status = HTTPResponse.Status(code: problem.code.status)
        var response =
            isForPeople(request)
            ? PageLayout.response(PageLayout.page(problem, now: ServerTime.now()), status: status)
            : problemBody(problem, status)
        if let seconds = problem.code.retryAfterSeconds {
            response.headers[.retryAfter] = "\(seconds)"
        }
        if status.code == 401 { response.headers[.wwwAuthenticate] = "Martlet-Signature" }
        // The rest of such a body is of no use to anybody.
        if problem.code == .bodyTooLarge || problem.code == .bodyIncomplete {
            response.headers[.connection] = "close"
        }
        return response
    }

    /// Whether a browser asks, and not for the API.
    private static func isForPeople(_ request: Request) -> Bool {
        let path = request.uri.path
        guard !path.hasPrefix("/api/"), !path.hasPrefix("/d/") else { return false }
        return request.headers[.accept]?.contains("text/html") ?? false
    }

    private static func problemBody(_ problem: Problem, _ status: HTTPResponse.Status) -> Response {
        let document = ProblemDocument(problem)
        let bytes = (try? encoded(document)) ?? []
        return body(bytes, contentType: "application/problem+json", status: status)
    }

    private static func encoded(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(value))
    }

    /// Adds what every response says to browsers.
    static func secure(_ response: inout Response) {
        response.headers[.contentSecurityPolicy] = contentSecurityPolicy
        response.headers[.xContentTypeOptions] = "nosniff"
        if let name = HTTPField.Name("Referrer-Policy") { response.headers[name] = "no-referrer" }
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
    }

    /// Nothing but the collector's own style sheet; no script, no frame, no form.
    static let contentSecurityPolicy =
        "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
        + "form-action 'none'"
}

/// The body of a refused request.
struct ProblemDocument: Codable, Equatable {
    let type: String
    let title: String
    let status: Int
    let code: String
    let detail: String?

    init(_ problem: Problem) {
        type = "urn:martlet:problem:" + problem.code.rawValue
        title = problem.code.title
        status = problem.code.status
        code = problem.code.rawValue
        detail = problem.detail
    }
}
