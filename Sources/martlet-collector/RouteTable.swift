import HTTPTypes
import Hummingbird
import Logging

/// One thing that the server answers.
struct Route: Sendable {
    /// What an answer is made from.
    struct Call: Sendable {
        var request: Request
        /// The values of the template's parameters.
        let parameters: [String: String]

        /// A query parameter, percent-decoded; `nil` when it is missing.
        func query(_ name: String) -> String? {
            request.uri.queryParameters[Substring(name)].map(String.init)
        }
    }

    let method: HTTPRequest.Method
    /// The path, with a parameter as `{name}` in place of a segment.
    let template: String
    let respond: @Sendable (Call) async throws -> Response

    init(
        _ method: HTTPRequest.Method,
        _ template: String,
        respond: @escaping @Sendable (Call) async throws -> Response
    ) {
        self.method = method
        self.template = template
        self.respond = respond
    }

    /// The parameters of a path that fits the template; `nil` when it does not.
    func match(_ path: String) -> [String: String]? {
        let wanted = template.split(separator: "/", omittingEmptySubsequences: false)
        let found = path.split(separator: "/", omittingEmptySubsequences: false)
        guard wanted.count == found.count else { return nil }
        var parameters: [String: String] = [:]
        for (part, value) in zip(wanted, found) {
            if part.hasPrefix("{") {
                guard !value.isEmpty else { return nil }
                parameters[String(part.dropFirst().dropLast())] = String(value)
            } else if part != value {
                return nil
            }
        }
        return parameters
    }
}

/// All routes of a listener.
///
/// Wrong paths, wrong methods and errors are answered here too.
/// In place of the framework's router, which answers a wrong method like a wrong path.
struct RouteTable: HTTPResponder {
    typealias Context = BasicRequestContext

    let routes: [Route]
    let metrics: CollectorMetrics
    let logger: Logger

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        let path = request.uri.path
        let candidates = routes.compactMap { route in route.match(path).map { (route, $0) } }
        let isHead = request.method == .head
        let method = isHead ? .get : request.method
        let found = candidates.first { $0.0.method == method }
        var response: Response
        do {
            guard let (route, parameters) = found else { throw refusal(candidates.map(\.0)) }
            response = try await route.respond(Route.Call(request: request, parameters: parameters))
        } catch {
            let problem = self.problem(error)
            response = Answer.problem(problem, to: request)
            if problem.code == .methodNotAllowed {
                response.headers[.allow] = allowed(candidates.map(\.0))
            }
        }
        metrics.request(
            route: candidates.first?.0.template ?? "none",
            status: response.status.code
        )
        Answer.secure(&response)
        return isHead ? response.createHeadResponse() : response
    }

    private func refusal(_ candidates: [Route]) -> Problem {
        Problem(candidates.isEmpty ? .notFound : .methodNotAllowed)
    }

    private func allowed(_ candidates: [Route]) -> String {
        let methods = candidates.map(\.method.rawValue)
        return (methods.contains("GET") ? methods + ["HEAD"] : methods).joined(separator: ", ")
    }

    private func problem(_ error: any Error) -> Problem {
        switch error {
        case let problem as Problem: return problem
        case let error as CollectorError:
            logger.error("the storage failed", metadata: ["error": "\(error)"])
            return Problem(.storageUnavailable)
        default:
            logger.error("a request failed", metadata: ["error": "\(error)"])
            return Problem(.internalError)
        }
    }
}
